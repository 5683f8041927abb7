;; Logs until the host takes no more.
;; expect: exited with code 0, 200
(module
  (import "fastly_log" "endpoint_get" (func $get (param i32 i32 i32) (result i32)))
  (import "fastly_log" "write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start") (local $st i32)
    (drop (call $get (i32.const 64) (i32.const 1) (i32.const 0)))
    (loop $more (br_if $more (i32.eqz (local.tee $st (call $write (i32.load (i32.const 0)) (i32.const 64) (i32.const 65536) (i32.const 8))))))
    (if (i32.ne (local.get $st) (i32.const 13)) (then (unreachable)))))
