package prewarm

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

func TestSegments(t *testing.T) {
	zeros := func(n int) string { return string(make([]byte, n)) }
	for _, c := range []struct {
		name, memory string
		gap, limit   int
		want         []wasm.Segment
	}{
		{name: "empty", gap: 4, limit: 10},
		{name: "zeros", memory: zeros(100), gap: 4, limit: 10},
		{name: "one byte", memory: zeros(17) + "a" + zeros(3), gap: 4, limit: 10,
			want: []wasm.Segment{{Offset: 17, Bytes: []byte("a")}}},
		{name: "up to the end", memory: zeros(1) + "ab", gap: 4, limit: 10,
			want: []wasm.Segment{{Offset: 1, Bytes: []byte("ab")}}},
		{name: "gap below", memory: "a" + zeros(3) + "b", gap: 4, limit: 10,
			want: []wasm.Segment{{Offset: 0, Bytes: []byte("a\x00\x00\x00b")}}},
		{name: "gap", memory: "a" + zeros(4) + "b", gap: 4, limit: 10,
			want: []wasm.Segment{{Offset: 0, Bytes: []byte("a")}, {Offset: 5, Bytes: []byte("b")}}},
		{name: "too many: the gap doubles", memory: "a" + zeros(4) + "b" + zeros(9) + "c", gap: 4, limit: 2,
			want: []wasm.Segment{{Offset: 0, Bytes: []byte("a\x00\x00\x00\x00b")}, {Offset: 15, Bytes: []byte("c")}}},
		{name: "far too many", memory: "a" + zeros(50) + "b" + zeros(50) + "c", gap: 4, limit: 1,
			want: []wasm.Segment{{Offset: 0, Bytes: []byte("a" + zeros(50) + "b" + zeros(50) + "c")}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, segments([]byte(c.memory), c.gap, c.limit))
		})
	}
}

// sparse is a memory as an initialised guest leaves it: islands of data in a
// sea of zeros.
func sparse(seed uint64, size int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	memory := make([]byte, size)
	for at := 0; at < size; at += r.IntN(200) {
		for end := min(at+r.IntN(40), size); at < end; at++ {
			memory[at] = byte(r.IntN(4))
		}
	}
	return memory
}

func TestSegmentsOfManyMemories(t *testing.T) {
	for seed := range uint64(50) {
		checkSegments(t, sparse(seed, 5000), 1+int(seed), 1+int(seed)*2)
	}
}

func FuzzSegments(f *testing.F) {
	f.Add(sparse(1, 300), uint8(8), uint8(10))
	f.Add([]byte{0, 0, 1}, uint8(1), uint8(1))
	f.Add([]byte{}, uint8(64), uint8(1))
	f.Fuzz(func(t *testing.T, memory []byte, gap, limit uint8) {
		checkSegments(t, memory, 1+int(gap), 1+int(limit))
	})
}

// checkSegments: laid into zeros they are the memory again; they begin and end
// with data, are at least gap apart, and no more than limit.
func checkSegments(t *testing.T, memory []byte, gap, limit int) {
	segs := segments(memory, gap, limit)
	again, end := make([]byte, len(memory)), -gap
	for _, s := range segs {
		copy(again[s.Offset:], s.Bytes)
		require.GreaterOrEqual(t, int(s.Offset)-end, gap)
		require.NotZero(t, s.Bytes[0])
		require.NotZero(t, s.Bytes[len(s.Bytes)-1])
		end = int(s.Offset) + len(s.Bytes)
	}
	require.True(t, bytes.Equal(memory, again))
	require.LessOrEqual(t, len(segs), limit)
}
