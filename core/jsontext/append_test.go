package jsontext

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever is not changed needs no change: the line reads back as what was
// sent.
func FuzzAppendString(f *testing.F) {
	f.Add("link.example.com")
	f.Add(`a"b\c`)
	f.Add("0123456789\x7f\x80\xff")
	f.Add("12345678#~\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		require.NoError(t, json.Unmarshal(append(AppendString([]byte{'"'}, s), '"'), &back))
		require.Equal(t, string([]rune(s)), back)
	})
}
