package esp

import (
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnpercent(t *testing.T) {
	tests := []struct {
		s, lead, want string
		ok            bool
	}{
		{"", "%", "", true},
		{"a+b c", "%", "a+b c", true},
		{"%2F%2f%00%fF", "%", "//\x00\xff", true},
		{"%2520", "%", "%20", true},
		{"%2520", "%25", " ", true},
		{"a%252Fb%253f", "%25", "a/b?", true},
		{"%2F", "%25", "", false},
		{"%", "%", "", false},
		{"a%2", "%", "", false},
		{"a%2gb", "%", "", false},
		{"%252", "%25", "", false},
	}
	for _, tt := range tests {
		got, ok := unpercent(nil, tt.s, tt.lead)
		require.Equal(t, tt.ok, ok, tt.s)
		if ok {
			require.Equal(t, tt.want, string(got))
		}
	}
}

func TestIsTwice(t *testing.T) {
	for s, want := range map[string]bool{
		"": false, "abc": false, "%20": false, "%2520": true, "a%252Fb%2541": true,
		"%2520%20": false, "%25": false, "%252": false, "%25zz": false,
	} {
		require.Equal(t, want, isTwice(s), s)
	}
}

// FuzzUnpercent: once decoded as net/url does it, and twice is once and again.
func FuzzUnpercent(f *testing.F) {
	f.Add("https:%2F%2Fshop.example.com%2Fa%3Fb=1")
	f.Add("https%253A%252F%252Fshop.example.com")
	f.Add("100%")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := unpercent(nil, s, onceEncoded)
		want, err := url.PathUnescape(s)
		require.Equal(t, err == nil, ok, "%q", s)
		if !ok {
			return
		}
		require.Equal(t, want, string(got))
		if !isTwice(s) {
			return
		}
		twice, ok := unpercent(nil, s, twiceEncoded)
		require.True(t, ok)
		again, ok := unpercent(nil, string(got), onceEncoded)
		require.True(t, ok)
		require.Equal(t, again, twice)
	})
}

func TestHexDigits(t *testing.T) {
	for c := range hexDigits {
		want := byte(255)
		if v, err := strconv.ParseUint(string([]byte{byte(c)}), 16, 8); err == nil {
			want = byte(v)
		}
		require.Equal(t, want, hexDigits[c], "%q", byte(c))
	}
}
