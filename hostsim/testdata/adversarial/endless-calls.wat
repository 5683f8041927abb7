;; A loop with a host call in it, which costs the host nothing.
;; expect: timed out, 503
(module
  (import "fastly_http_resp" "status_set" (func $set (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start") (loop $again (drop (call $set (i32.const 9) (i32.const 200))) (br $again))))
