package esp

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func deflated(t testing.TB, text string, level int, flush, finish bool) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	require.NoError(t, err)
	_, err = w.Write([]byte(text))
	require.NoError(t, err)
	if flush {
		require.NoError(t, w.Flush())
	}
	if finish {
		require.NoError(t, w.Close())
	}
	return b.Bytes()
}

func TestInflate(t *testing.T) {
	texts := []string{
		"",
		"l=https%3A%2F%2Fshop.example.com%2F&v=2",
		strings.Repeat("abc", 3000),
		strings.Repeat("The quick brown fox jumps over the lazy dog. 0123456789!? ", 100) + strings.Repeat("\x00\xff", 300),
	}
	for _, text := range texts {
		for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
			src := deflated(t, text, level, false, true)
			got, left, end := inflate(make([]byte, len(text)), append(src, "tail"...))
			require.Equal(t, streamWhole, end)
			require.Equal(t, text, string(got))
			require.Equal(t, "tail", string(left))

			src = deflated(t, text, level, true, false)
			got, _, end = inflate(make([]byte, len(text)), src)
			require.Equal(t, streamFlush, end)
			require.Equal(t, text, string(got))
		}
	}
}

// TestInflateCut: every cut is noticed, and what was unpacked before it is
// right.
func TestInflateCut(t *testing.T) {
	text := strings.Repeat("d=abc12&l=https%3A%2F%2Fshop.example.com%2F&", 20)
	src := deflated(t, text, flate.BestCompression, false, true)
	for n := range src {
		got, _, end := inflate(make([]byte, len(text)), src[:n])
		require.Equal(t, streamCut, end, n)
		require.True(t, strings.HasPrefix(text, string(got)), n)
	}
}

func TestInflateBad(t *testing.T) {
	tests := []struct {
		name string
		src  []byte
	}{
		{"block of type 3", []byte{0x07}},
		{"stored length and its complement differ", []byte{0x01, 5, 0, 0, 0}},
		{"distance before the start", []byte{0x63, 0x00, 0x42, 0x00}},
		{"too many length codes", []byte{0xfd, 0xff, 0xff, 0xff, 0xff, 0xff}},
		{"lengths that repeat nothing", []byte{0x05, 0xe0, 0x81, 0x08, 0x00, 0x00, 0x00, 0x00, 0x20, 0x7f, 0xeb, 0x0b, 0x00, 0x00}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, end := inflate(make([]byte, 100), tt.src)
			require.NotEqual(t, streamWhole, end)
			_, err := io.ReadAll(flate.NewReader(bytes.NewReader(tt.src)))
			require.Error(t, err)
		})
	}
	src := deflated(t, strings.Repeat("x", 1000), flate.BestCompression, false, true)
	got, _, end := inflate(make([]byte, 999), src)
	require.Equal(t, streamBad, end)
	require.Len(t, got, 999)
}

// FuzzInflateBounded: never more than there is room for, and the same bytes and
// the same verdict as compress/flate wherever that room sufficed.
func FuzzInflateBounded(f *testing.F) {
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		f.Add(deflated(f, "l=https%3A%2F%2Fshop.example.com%2F&v=2 l=https%3A%2F%2F", level, true, true))
		f.Add(deflated(f, strings.Repeat("ab", 5000), level, false, true))
	}
	f.Add(deflated(f, strings.Repeat("\x00", 1<<20), flate.BestCompression, false, true)) // a bomb
	f.Fuzz(func(t *testing.T, src []byte) {
		room := make([]byte, maxInflated+1)
		got, left, end := inflate(room[:maxInflated:maxInflated], src)
		require.LessOrEqual(t, len(got), maxInflated)
		require.Zero(t, room[maxInflated])
		r := bytes.NewReader(src)
		want, err := io.ReadAll(io.LimitReader(flate.NewReader(r), maxInflated+1))
		if len(want) > maxInflated {
			require.Equal(t, streamBad, end)
			require.Equal(t, want[:maxInflated], got)
			return
		}
		require.True(t, bytes.HasPrefix(got, want) || bytes.HasPrefix(want, got))
		switch end {
		case streamWhole:
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, r.Len(), len(left))
		default:
			require.Error(t, err)
		}
	})
}
