package word

import (
	"math/bits"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAt(t *testing.T) {
	require.Equal(t, uint64(0x6867666564636261), At("abcdefgh", 0))
	require.Equal(t, uint64(0x6968676665646362), At("abcdefghi", 1))
	require.Equal(t, uint32(0x65646362), half("abcde", 1))
}

// Every length around eight and its multiples, the byte at every place and
// nowhere.
func TestIndex(t *testing.T) {
	for n := range 40 {
		for at := range n + 1 {
			s := []byte(strings.Repeat("\x01\x80\xff", 20)[:n])
			if at < n {
				s[at] = 0
			}
			require.Equal(t, strings.IndexByte(string(s), 0), Index(string(s), 0), "%q", s)
			require.Equal(t, strings.LastIndexByte(string(s), 0), LastIndex(string(s), 0), "%q", s)
		}
	}
}

func TestHasPrefix(t *testing.T) {
	const text = "the quick brown fox jumps over it"
	for n := range len(text) + 1 {
		require.True(t, HasPrefix(text, text[:n]))
		require.Equal(t, n == len(text), Equal(text[:n], text))
		for i := range n {
			other := []byte(text[:n])
			other[i] ^= 0x80
			require.False(t, HasPrefix(text, string(other)), "%q", other)
			require.False(t, Equal(text[:n], string(other)), "%q", other)
		}
		require.False(t, HasPrefix(text[:n], text+"!"))
	}
}

func FuzzIndex(f *testing.F) {
	f.Add("GET / HTTP/1.1", byte('/'))
	f.Add("\x01\x00\x01\x00", byte(1))
	f.Add(strings.Repeat("\x7f\x80", 9), byte(0))
	f.Fuzz(func(t *testing.T, s string, c byte) {
		require.Equal(t, strings.IndexByte(s, c), Index(s, c))
		require.Equal(t, strings.LastIndexByte(s, c), LastIndex(s, c))
	})
}

func FuzzHasPrefix(f *testing.F) {
	f.Add("Mozilla/5.0 (", "Mozilla/")
	f.Add("abc", "abcd")
	f.Add("abcdefghijk", "abcdefghijx")
	f.Fuzz(func(t *testing.T, s, prefix string) {
		require.Equal(t, strings.HasPrefix(s, prefix), HasPrefix(s, prefix))
		require.Equal(t, s == prefix, Equal(s, prefix))
		require.True(t, HasPrefix(s+prefix, s))
	})
}

func FuzzZeros(f *testing.F) {
	f.Add(uint64(0x0100800000ff0001))
	f.Fuzz(func(t *testing.T, w uint64) {
		at, all := 8, uint64(0)
		for i := 7; i >= 0; i-- {
			if byte(w>>(8*i)) == 0 {
				at = i
				all |= 0x80 << (8 * i)
			}
		}
		require.Equal(t, all, ZeroBytes(w))
		m := Zeros(w)
		require.Equal(t, at == 8, m == 0)
		if m != 0 {
			require.Equal(t, at, First(m))
			require.Equal(t, 7, bits.TrailingZeros64(m)%8)
		}
	})
}
