;; Starts 400 backend requests and waits for none of them.
;; expect: exited with code 0, 200
(module
  (import "fastly_http_req" "new" (func $req (param i32) (result i32)))
  (import "fastly_http_req" "uri_set" (func $uri (param i32 i32 i32) (result i32)))
  (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
  (import "fastly_http_req" "send_async" (func $send (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "originhttp://origin.example/x")
  (func (export "_start") (local $n i32)
    (loop $more
      (if (call $req (i32.const 0)) (then (unreachable)))
      (if (call $uri (i32.load (i32.const 0)) (i32.const 70) (i32.const 23)) (then (unreachable)))
      (if (call $body (i32.const 4)) (then (unreachable)))
      (if (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 64) (i32.const 6) (i32.const 8)) (then (unreachable)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $n) (i32.const 400))))))
