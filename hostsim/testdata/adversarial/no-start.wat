;; expect: refused, no exported function "_start"
(module (memory (export "memory") 1) (func (export "main")))
