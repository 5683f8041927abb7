;; A guest that is refused memory and goes on lives.
;; expect: exited with code 0, 200
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (if (i32.ne (memory.grow (i32.const 65000)) (i32.const -1)) (then (unreachable)))
    (if (i32.ne (memory.size) (i32.const 1)) (then (unreachable)))))
