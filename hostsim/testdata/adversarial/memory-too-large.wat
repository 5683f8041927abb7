;; expect: refused, memory starts with 4000 pages
(module (memory (export "memory") 4000) (func (export "_start")))
