package esp

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/base64url"
	"github.com/clickedge/clickedge/core/contract"
)

func TestUnbase64(t *testing.T) {
	tests := []struct {
		s, want, rest string
		wrapped, ok   bool
	}{
		{"YWJj", "abc", "", false, true},
		{"YWI", "ab", "", false, true},
		{"YQ", "a", "", false, true},
		{"YQ==", "a", "", false, true},
		{"YQ~~/x", "a", "/x", false, true},
		{"YQ%3D%3d?x", "a", "?x", false, true},
		{"YQ=3D=3D.", "a", ".", false, true},
		{"YQ%253D%7E", "a", "", false, true},
		{"-_-_", "\xfb\xff\xbf", "", false, true},
		{"YWJj+", "abc", "+", false, true},
		{"YW%0AJj", "abc", "", true, true},
		{"YW=%0D%0A Jj", "abc", "", true, true},
		{"YWJj%0A", "abc", "%0A", false, true},
		{"YWJj%0A%", "abc", "%0A%", false, true},
		{"YW=Jj", "a", "Jj", false, false}, // bits left over
		{"YWJjY", "", "", false, false},    // a digit too many
		{"YR", "", "", false, false},       // bits left over
		{"YWK", "", "", false, false},      // bits left over
		{"", "", "", false, false},
		{"=", "", "", false, false},
	}
	var buf [maxPayload]byte
	for _, tt := range tests {
		data, rest, wrapped, ok := unbase64(buf[:], tt.s)
		require.Equal(t, tt.ok, ok, tt.s)
		require.Equal(t, tt.wrapped, wrapped, tt.s)
		if ok {
			require.Equal(t, tt.want, string(data), tt.s)
			require.Equal(t, tt.rest, rest, tt.s)
		}
	}
	_, _, _, ok := unbase64(buf[:2], "YWJj")
	require.False(t, ok, "more than there is room for")
}

// FuzzUnbase64: an unbroken text decodes as encoding/base64 decodes it when
// strict, and what was decoded encodes to the text again.
func FuzzUnbase64(f *testing.F) {
	f.Add("aHR0cHM6Ly9zaG9wLmV4YW1wbGUuY29tL2E_Yj0x")
	f.Add("YQ")
	f.Add("YR")
	f.Add("YW%0AJj==.")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > contract.MaxTarget {
			t.Skip()
		}
		var buf [maxPayload]byte
		data, _, wrapped, ok := unbase64(buf[:], s)
		if wrapped {
			return
		}
		digits := s[:base64url.Digits(s)]
		want, err := base64.RawURLEncoding.Strict().DecodeString(digits)
		require.Equal(t, err == nil && digits != "", ok, "%q", s)
		if ok {
			require.Equal(t, want, data)
			require.Equal(t, digits, base64.RawURLEncoding.EncodeToString(data))
		}
	})
}
