;; A call through the table to a function of another type, and to none at all.
;; expect: trapped, 500, indirect call type mismatch
(module
  (memory (export "memory") 1)
  (table 2 funcref)
  (func (export "_start") (call_indirect 0 (i32.const 0)))
  (func $other (param i32) (result i32) (local.get 0))
  (elem (i32.const 0) $other))
