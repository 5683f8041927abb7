;; Grows memory until that is refused, page by page and by much, and traps.
;; expect: out of memory, 500, unreachable
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 64)) (i32.const -1))))
    (drop (memory.grow (i32.const 65535)))
    (unreachable)))
