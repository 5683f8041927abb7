;; The same, with a trap at the end.
;; expect: trapped, 200 cut off, unreachable
(module
  (import "fastly_http_resp" "new" (func $resp (param i32) (result i32)))
  (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $resp (i32.const 0)))
    (drop (call $body (i32.const 4)))
    (drop (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 1)))
    (unreachable)))
