;; expect: refused, no exported function "_start"
(module (memory (export "_start") (export "memory") 1))
