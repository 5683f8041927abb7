package hostcall

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// host writes a text as the platform does: only if there is room for it.
func host(p []byte, text string) (uint32, Status) {
	if len(text) > len(p) {
		return uint32(len(text)), BufferTooSmall
	}
	return uint32(copy(p, text)), OK
}

// put lets the host write a text, as every function here does.
func put(t *testing.T, b *Buffer, text string) string {
	t.Helper()
	for range 2 {
		n, st := host(b.free, text)
		if st == OK {
			got, st := b.take(n)
			require.Equal(t, OK, st)
			return got
		}
		require.True(t, b.grow(st, n))
	}
	t.Fatal("there is no room although the buffer has grown")
	return ""
}

// Text goes into the first piece, then into the second, then elsewhere, and
// none moves.
func TestBufferTakesItsPiecesInOrder(t *testing.T) {
	first, second := make([]byte, 10), make([]byte, 20)
	b := NewBuffer(first, second)
	texts := []string{"12345678", "abcdefghijkl", "ABCDEFGH", strings.Repeat("x", 100), "y"}
	var got []string
	for _, text := range texts {
		got = append(got, put(t, &b, text))
	}
	require.Equal(t, texts, got)
	require.Equal(t, "12345678\x00\x00", string(first))
	require.Equal(t, "abcdefghijklABCDEFGH", string(second))
	require.False(t, b.grow(BufferTooSmall, 1), "what fits is not too large")
	require.False(t, b.grow(Error, 1<<20))
}

func TestBufferFree(t *testing.T) {
	b := NewBuffer(make([]byte, 10), make([]byte, 20))
	require.Len(t, b.Free(0), 10)
	require.Len(t, b.Free(21), 10, "neither piece has so many")
	require.Len(t, b.Free(10), 10)
	b.Use(4)
	require.Len(t, b.Free(7), 20)
	require.Len(t, b.Free(21), 20)
	b.Keep(15)
	require.Len(t, b.Free(0), 15)
	require.Equal(t, 15, cap(b.Free(0)), "what is appended must not run into what is kept")
	require.Len(t, new(Buffer).Free(1), 0)
}

func TestBufferReserve(t *testing.T) {
	b := NewBuffer(make([]byte, 10), make([]byte, 20))
	require.Len(t, b.Reserve(8), 8)
	room := b.Reserve(12)
	require.Len(t, room, 12)
	require.Equal(t, 12, cap(room))
	require.Nil(t, b.Reserve(9))
	require.Len(t, b.Reserve(8), 8)
}

// A list that comes in pieces stands in one place, whichever piece of memory it
// has outgrown.
func TestBufferPieces(t *testing.T) {
	for _, list := range [][]string{{"a\x00"}, {"abcd\x00", "efgh\x00"}, {"abcd\x00", "efghi\x00", "jklmnopqr\x00"}, {"abcd\x00", strings.Repeat("x", 30) + "\x00", "z\x00"}} {
		b := NewBuffer(make([]byte, 10), make([]byte, 20))
		got, st := b.pieces(func(p []byte, cursor uint32) (part, Status) {
			n, st := host(p, list[cursor])
			end := int64(cursor) + 1
			if int(end) == len(list) {
				end = -1
			}
			return part{n, end}, st
		})
		require.Equal(t, OK, st)
		require.Equal(t, strings.Join(list, ""), got)
	}
}
