;; expect: trapped, 500, data
(module
  (memory (export "memory") 1)
  (data (i32.const 65535) "two bytes and more")
  (func (export "_start")))
