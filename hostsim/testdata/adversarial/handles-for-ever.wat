;; Makes bodies until the host gives no more.
;; expect: exited with code 0, 200
(module
  (import "fastly_http_body" "new" (func $new (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $st i32)
    (loop $more (br_if $more (i32.eqz (local.tee $st (call $new (i32.const 0))))))
    (if (i32.ne (local.get $st) (i32.const 13)) (then (unreachable)))))
