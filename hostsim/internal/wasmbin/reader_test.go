package wasmbin

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumbers(t *testing.T) {
	for _, v := range []int32{0, 1, -1, 63, 64, -64, -65, 1 << 27, -1 << 27, 1 << 28, math.MaxInt32, math.MinInt32} {
		r := Reader{Bytes: append(AppendI32(AppendU32(nil, uint32(v)), v), 7)}
		require.Equal(t, uint32(v), r.U32())
		require.Equal(t, v, r.I32())
		require.Equal(t, byte(7), r.Byte())
		require.False(t, r.Bad || r.More())
	}
	r := Reader{Bytes: AppendVector(nil, []byte("ab"))}
	require.Equal(t, "ab", string(r.Vector()))
}

// What is cut, too long or too large is bad, and so is all that follows.
func TestMistakes(t *testing.T) {
	for _, text := range []string{"", "\x80", "\xff\xff\xff\xff\x7f", "\x80\x80\x80\x80\x80\x00"} {
		r := Reader{Bytes: []byte(text)}
		require.Zero(t, r.U32())
		require.True(t, r.Bad, "%x", text)
		require.Zero(t, r.Byte())
		require.Empty(t, r.Vector())
	}
	for _, text := range []string{"", "\x80", "\x80\x80\x80\x80\x80\x00"} {
		r := Reader{Bytes: []byte(text)}
		require.Zero(t, r.I32())
		require.True(t, r.Bad, "%x", text)
	}
	r := Reader{Bytes: []byte("\x03ab")}
	require.Nil(t, r.Vector())
	require.True(t, r.Bad)
}
