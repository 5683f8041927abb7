package hostsim

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/internal/wattest"
)

// What is made zero is zero, and nothing else: in the image, behind it, and over
// the pages that are kept for the next guest; of which the next sees nothing.
func TestZero(t *testing.T) {
	const size = 40 << 10
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 10_000)
	for i := range data {
		data[i] = byte(r.Uint32() | 1)
	}
	whole := newImage(bytes.Clone(data))
	defer whole.close()
	for name, image := range map[string]*image{"mapped": whole, "copied": {data: data}} {
		for range 40 {
			m := &memory{image: image, limit: size}
			m.Allocate(size, size)
			buf := m.Reallocate(size)
			want := append(bytes.Clone(data), make([]byte, size-len(data))...)
			require.Equal(t, want, buf, "%s: a new guest's", name)
			for _, at := range []int{3, 9_000, 20_000, 20_001, 30_000} { // pages that are usual
				buf[at], want[at] = 7, 7
			}
			for range 2 * mostDropped {
				for range 10 {
					at := r.IntN(size)
					buf[at], want[at] = 9, 9
				}
				from := r.IntN(size)
				to := from + r.IntN(size-from) + 1
				m.zero(from, to)
				clear(want[from:to])
				require.Equal(t, want, buf, "%s: %d to %d", name, from, to)
			}
			m.release()
		}
	}
}

// A guest sees what it would without the host's help.
func TestGuestFills(t *testing.T) {
	code, err := wattest.Assemble(`(module
  (import "fastly_http_req" "body_downstream_get" (func $get (param i32 i32) (result i32)))
  (memory (export "memory") 80)
  (data (i32.const 1000) "image")
  (func $check (param $from i32) (param $to i32)
    (loop $again
      (if (i32.load8_u (local.get $from)) (then unreachable))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $from) (local.get $to)))))
  (func (export "_start") (local $n i32)
    (if (i32.ne (i32.load8_u (i32.const 1004)) (i32.const 101)) (then unreachable))
    (loop $again
      (memory.fill (i32.const 5) (i32.const 255) (i32.const 3000000))
      (memory.fill (i32.const 7) (i32.const 0) (i32.const 2999990))
      (call $check (i32.const 7) (i32.const 2999997))
      (if (i32.ne (i32.load8_u (i32.const 6)) (i32.const 255)) (then unreachable))
      (if (i32.ne (i32.load8_u (i32.const 2999997)) (i32.const 255)) (then unreachable))
      (memory.fill (i32.const 4000000) (i32.const 0) (i32.const 1000000))
      (i32.store8 (i32.const 4500000) (i32.const 1))
      (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 3))))
    (memory.fill (i32.const 5000000) (i32.const 0) (i32.const 1000000))))`)
	require.NoError(t, err)
	h, err := New(context.Background(), code, Config{})
	require.NoError(t, err)
	t.Cleanup(func() { h.Close(context.Background()) })
	for range learning + 3 {
		_, x, err := h.Do(context.Background(), &Request{})
		require.NoError(t, err)
		require.Equal(t, Trapped, x.Ending.Kind)
		require.Contains(t, x.Ending.Message, "out of bounds memory access", "the last one is out of bounds, and nothing before it trapped")
	}
}
