;; expect: refused, unknown import "fastly_nothing" "at_all"
(module
  (import "fastly_nothing" "at_all" (func (param i32) (result i32)))
  (memory (export "memory") 1) (func (export "_start")))
