;; Streams a response and ends without closing it: the client must not take it for whole.
;; expect: exited with code 0, 200 cut off
(module
  (import "fastly_http_resp" "new" (func $resp (param i32) (result i32)))
  (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
  (import "fastly_http_body" "write" (func $write (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "half of it")
  (func (export "_start")
    (drop (call $resp (i32.const 0)))
    (drop (call $body (i32.const 4)))
    (drop (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 1)))
    (drop (call $write (i32.load (i32.const 4)) (i32.const 64) (i32.const 10) (i32.const 0) (i32.const 8)))))
