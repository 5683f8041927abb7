;; Waits for an item that can never be ready: the room in a stream that nobody reads. The time limit ends it.
;; expect: timed out, 503
(module
  (import "fastly_cache" "transaction_lookup_async" (func $lookup (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_async_io" "select" (func $select (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $lookup (i32.const 64) (i32.const 4) (i32.const 0) (i32.const 128) (i32.const 0)))
    (drop (call $lookup (i32.const 64) (i32.const 4) (i32.const 0) (i32.const 128) (i32.const 4)))
    (drop (call $select (i32.const 4) (i32.const 1) (i32.const 0) (i32.const 8)))
    (unreachable)))
