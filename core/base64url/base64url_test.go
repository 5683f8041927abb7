package base64url

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every length is decoded, into room and without it, as the standard library
// decodes it.
func TestDecode(t *testing.T) {
	for n := range 70 {
		raw := make([]byte, n)
		for i := range raw {
			raw[i] = byte(i*37 + n*11)
		}
		text := base64.RawURLEncoding.EncodeToString(raw)
		require.True(t, Is(text), text)
		require.Equal(t, len(text), Digits(text+"."), text)
		for _, room := range [][]byte{nil, make([]byte, n), make([]byte, n+9)} {
			got, ok := Decode(room, text)
			require.True(t, ok, text)
			require.Equal(t, string(raw), got)
		}
	}
}

// Each of these is a second way to write some bytes, or none at all.
func TestRefuses(t *testing.T) {
	for _, text := range []string{
		"A",         // six bits are no byte
		"AAAAA",     // nor are thirty
		"AB", "AAF", // bits behind the last byte
		"AA==", "AAA=", // padding
		"+A", "AAA/", // the standard alphabet
		"AA\n", "A\rA", // encoding/base64 skips these
		"AA AA", "ÄAAA", // not in the alphabet
		"AAAAAAAAAAA.AAAA",
	} {
		require.False(t, Is(text), "%q", text)
		for _, room := range [][]byte{nil, make([]byte, 64)} {
			_, ok := Decode(room, text)
			require.False(t, ok, "%q", text)
		}
	}
}

func TestDigits(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, ".": 0, "Az09-_": 6, "abc=": 3, "+abc": 0, "abcdefgh": 8, "abcdefg/": 7, "abcdefghi\n": 9,
		strings.Repeat("x", 40) + "%" + "x": 40,
	} {
		require.Equal(t, want, Digits(text), "%q", text)
	}
}

// A value is that of the alphabet's order, and Invalid for all other bytes.
func TestEncodeWhole(t *testing.T) {
	for n := range 40 {
		src := make([]byte, n*3)
		for i := range src {
			src[i] = byte(i*37 + n)
		}
		dst := make([]byte, n*4)
		EncodeWhole(dst, src)
		require.Equal(t, base64.RawURLEncoding.EncodeToString(src), string(dst))
	}
	short := []byte("xxxxx")
	EncodeWhole(short, []byte{0, 0, 0, 0, 0, 0, 0})
	require.Equal(t, "AAAAx", string(short), "what has no room is left out")
}

func TestValue(t *testing.T) {
	digits := 0
	for c := range 256 {
		v := Value(byte(c))
		if v == Invalid {
			continue
		}
		digits++
		require.Equal(t, byte(c), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[v])
	}
	require.Equal(t, 64, digits)
}

// A damaged text allocates nothing, and a whole one nothing if it fits.
func TestAllocations(t *testing.T) {
	room := make([]byte, 64)
	text, damaged := strings.Repeat("abcd", 16), strings.Repeat("abcd", 16)+"="
	require.Zero(t, testing.AllocsPerRun(100, func() { Decode(room, text) }))
	require.Zero(t, testing.AllocsPerRun(100, func() { Decode(nil, damaged) }))
}

// What is accepted has one text: encoded again it is the same.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"", "aHR0cHM6Ly93d3cuZXhhbXBsZS5jb20v", "AB", "AAAAAAAAAA", "AA\nAA", "-_-_-_-_-_-"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := Decode(nil, text)
		require.Equal(t, ok, Is(text))
		want, err := base64.RawURLEncoding.Strict().DecodeString(text)
		require.Equal(t, ok, err == nil && !strings.ContainsAny(text, "\r\n"))
		if ok {
			require.Equal(t, string(want), got)
			require.Equal(t, text, base64.RawURLEncoding.EncodeToString([]byte(got)))
			require.Equal(t, len(text), Digits(text))
		}
		into, same := Decode(make([]byte, len(text)), text)
		require.Equal(t, ok, same)
		if ok {
			require.Equal(t, got, into)
		}
	})
}

func TestValuesAreThoseOfTheAlphabet(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for c := range values {
		want := byte(Invalid)
		if at := strings.IndexByte(alphabet, byte(c)); at >= 0 {
			want = byte(at)
		}
		require.Equal(t, want, values[c], "%q", byte(c))
	}
}
