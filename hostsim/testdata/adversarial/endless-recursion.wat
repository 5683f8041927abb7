;; A recursion that is never deep and never over, without a loop.
;; expect: timed out, 503
(module
  (memory (export "memory") 1)
  (func $down (param i32)
    (if (local.get 0) (then
      (call $down (i32.sub (local.get 0) (i32.const 1)))
      (call $down (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "_start") (call $down (i32.const 200))))
