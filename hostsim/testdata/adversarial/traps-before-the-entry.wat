;; A start function runs when the module is instantiated.
;; expect: trapped, 500, unreachable
(module
  (memory (export "memory") 1)
  (func $boom (unreachable)) (start $boom)
  (func (export "_start")))
