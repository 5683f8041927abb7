package hostsim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// dirty passes 32-bit arguments that it takes from 64-bit values, so that an
// engine may hand over what stands above them, and has results written where
// memory was not zero.
const dirty = `(module
  (import "fastly_http_resp" "new" (func $resp (param i32) (result i32)))
  (import "fastly_http_resp" "status_get" (func $status (param i32 i32) (result i32)))
  (import "fastly_http_body" "known_length" (func $length (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (memory.fill (i32.const 0) (i32.const 255) (i32.const 256))
    (i64.store (i32.const 64) (i64.const 18570442155491328))
    (i64.store (i32.const 72) (i64.const 18570442155491336))
    (drop (call $resp (i32.wrap_i64 (i64.load (i32.const 72)))))
    (drop (call $status (i32.wrap_i64 (i64.load (i32.const 64))) (i32.wrap_i64 (i64.load (i32.const 72)))))
    (drop (call $length (i32.wrap_i64 (i64.load (i32.const 64))) (i32.wrap_i64 (i64.load (i32.const 72)))))))`

// endless is a body with a length that has more than 32 bits.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
func (endless) Len() int                   { return 5 << 32 }

func TestTraceOfADirtyGuest(t *testing.T) {
	h := assembled(t, dirty, Config{Trace: true})
	_, x := do(t, h, &Request{Method: "POST", Body: endless{}})
	require.True(t, x.Ending.OK(), x.Ending.Message)
	var got []string
	for _, c := range x.Calls {
		got = append(got, c.Name+"("+c.Args+") "+c.Results)
	}
	require.Equal(t, []string{"new() response_handle=0", "status_get(h=0) http_status=200", "known_length(h=0) body_length=21474836480"}, got)
}
