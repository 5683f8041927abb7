;; expect: refused, has type
(module
  (import "fastly_http_body" "new" (func (param i64) (result i32)))
  (memory (export "memory") 1) (func (export "_start")))
