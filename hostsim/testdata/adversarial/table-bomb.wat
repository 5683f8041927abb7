;; The platform allows 98,765 elements.
;; expect: exited with code 0, 200
(module
  (memory (export "memory") 1)
  (table 1 funcref)
  (func (export "_start") (call_indirect 0 (i32.const 0)))
  (func $nothing)
  (elem (i32.const 0) $nothing))
