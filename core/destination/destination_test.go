package destination

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/internal/browsertest"
)

var destinationCases = []struct {
	url  string
	host string // "" where it is refused
	why  string
}{
	{"https://example.com", "example.com", "no path"},
	{"https://example.com/", "example.com", "a path"},
	{"https://Shop.Example.com/A", "shop.example.com", "letter case of the host does not matter"},
	{"http://example.com/x", "example.com", "http"},
	{"https://example.com:443/x", "example.com", "the scheme's own port"},
	{"http://example.com:80", "example.com", "the scheme's own port"},
	{"https://example.com?x=1", "example.com", "a query without a path"},
	{"https://example.com#x", "example.com", "a fragment without a path"},
	{"https://example.com/a%0d%0ab", "example.com", "encoded line ends stay encoded"},
	{"https://example.com//evil.example/@x", "example.com", "what follows the host is not looked into"},
	{"https://a-b.c1.xn--p1ai/", "a-b.c1.xn--p1ai", "an encoded top-level domain"},
	{"", "", "empty"},
	{"https://", "", "no host"},
	{"//example.com/", "", "no scheme"},
	{"/relative", "", "relative"},
	{"HTTPS://example.com/", "", "the scheme is lower case"},
	{"javascript:alert(1)", "", "another scheme"},
	{"https:example.com", "", "no slashes"},
	{"https:///example.com", "", "browsers skip the third slash"},
	{"https:\\\\example.com", "", "browsers read \\ as /"},
	{"https://example.com\\@evil.example/", "", "browsers end the host at \\"},
	{"https://example.com/\\x", "", "a backslash anywhere"},
	{"https://user@example.com/", "", "user info"},
	{"https://example.com@evil.example/", "", "user info that looks like a host"},
	{"https://example.com:8443/", "", "another port"},
	{"https://example.com:80/", "", "the other scheme's port"},
	{"https://example.com:443.evil.example/", "", "a port that goes on as a host"},
	{"https://example.com:/", "", "an empty port"},
	{"https://localhost/", "", "no dot"},
	{"https://127.0.0.1/", "", "an address"},
	{"https://0x7f.1/", "", "an address in other clothes"},
	{"https://example.0x7f/", "", "browsers read a last label of 0x as an address"},
	{"https://[::1]/", "", "an address"},
	{"https://example.com./", "", "a trailing dot"},
	{"https://.example.com/", "", "an empty label"},
	{"https://a..example.com/", "", "an empty label"},
	{"https://-a.example.com/", "", "a label that begins with a hyphen"},
	{"https://a-.example.com/", "", "a label that ends with a hyphen"},
	{"https://exa_mple.com/", "", "an underscore"},
	{"https://exámple.com/", "", "outside ASCII"},
	{"https://example.com/á", "", "outside ASCII"},
	{"https://example.com/a b", "", "a space"},
	{" https://example.com/", "", "browsers trim the space"},
	{"https://example.com/\t", "", "browsers strip the tab"},
	{"https://exam\tple.com/", "", "browsers strip the tab"},
	{"https://example.com\r\n/", "", "line ends"},
	{"https://example.com/\x00", "", "a control"},
	{"https://example.com/\x7f", "", "a control"},
	{"https://example.com;x/", "", "a delimiter that ends no host"},
	{"https://" + strings.Repeat("a", 64) + ".com/", "", "a label over 63 bytes"},
	{"https://" + strings.Repeat("a.", 126) + "com/", "", "a host over 253 bytes"},
	{"https://example.com/" + strings.Repeat("a", 8000), "", "too long"},
}

func TestParseDestination(t *testing.T) {
	for _, c := range destinationCases {
		d, ok := Parse(c.url)
		require.Equal(t, c.host != "", ok, "%q: %s", c.url, c.why)
		require.Equal(t, c.host, d.Host, "%q: %s", c.url, c.why)
		require.Equal(t, ok && strings.HasPrefix(c.url, "https"), d.TLS, "%q", c.url)
	}
}

// A host is read eight bytes at a time. Every byte that is or is not of a host,
// at every place of hosts of every length, is read as the grammar has it.
func TestHostAtEveryPlace(t *testing.T) {
	const usual = "ab.c-d.efgh.i2jk.lmnopqrs.tu-vwxy.z0.com"
	host := regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	bytesOfHost := regexp.MustCompile(`^[A-Za-z0-9.-]*`)
	for from := range len(usual) {
		for at := range len(usual) - from {
			for _, c := range []byte("aZ5-./:\x00@_`{\x7f\x80\xae\xff") {
				s := usual[from:from+at] + string([]byte{c}) + usual[from+at+1:]
				want := bytesOfHost.FindString(s)
				end, upper, ok := readHost(s)
				require.Equal(t, host.MatchString(want), ok, "%q", s)
				if ok {
					require.Equal(t, want, s[:end], "%q", s)
					require.Equal(t, strings.ToLower(want) != want, upper, "%q", s)
				}
			}
		}
	}
}

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, host string
		match         bool
	}{
		{"example.com", "example.com", true},
		{"example.com", "www.example.com", false},
		{"example.com", "notexample.com", false},
		{"*.example.com", "example.com", false},
		{"*.example.com", "www.example.com", true},
		{"*.example.com", "a.b.example.com", true},
		{"*.example.com", "notexample.com", false},
		{"*.example.com", ".example.com", false},
		{"*.example.com", "example.com.evil.example", false},
	} {
		p, ok := ParsePattern(c.pattern)
		require.True(t, ok, c.pattern)
		require.Equal(t, c.pattern, p.String())
		require.Equal(t, c.match, p.Match(c.host), "%s against %s", c.pattern, c.host)
	}
	for _, bad := range []string{"", "*", "*.", "com", "*.com", "a.*.com", "Example.com", "https://example.com", "example.com/", "**.example.com", "127.0.0.1"} {
		_, ok := ParsePattern(bad)
		require.False(t, ok, bad)
	}
}

func FuzzParseDestination(f *testing.F) {
	for _, c := range destinationCases {
		f.Add(c.url)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := Parse(s)
		if !ok {
			require.Zero(t, d)
			return
		}
		require.Equal(t, browsertest.Host(s), d.Host, "a browser must read the same host in %q", s)
		u, err := url.Parse(s)
		if err == nil {
			require.Equal(t, strings.ToLower(u.Hostname()), d.Host)
			require.Nil(t, u.User)
		}
		again, ok := Parse(s)
		require.True(t, ok)
		require.Equal(t, d, again)
	})
}

func TestSendable(t *testing.T) {
	for url, want := range map[string]string{
		"https://shop.example.com/a":        "https://shop.example.com/a",
		"hTTp://Shop.Example.com:80/a b":    "http://Shop.Example.com:80/a%20b",
		"https://shop.example.com/?a b#c d": "https://shop.example.com/?a%20b#c%20d",
		"https://shop.example.com/a%20b":    "https://shop.example.com/a%20b",
		"https://shop.example.com/a ":       "",
		"https://shop.example.com ":         "",
		"https://shop.example.com /a":       "",
		"https://shop example.com/a":        "",
		" https://shop.example.com/a":       "",
		"https://shop.example.com/a\tb":     "",
		"https://shop.example.com/é":        "",
		"ftp://shop.example.com/a":          "",
		"https://":                          "",
		"":                                  "",
	} {
		got, ok := Sendable(url)
		require.Equal(t, want != "", ok, url)
		if ok {
			require.Equal(t, want, got)
		}
	}
}

func TestByteKinds(t *testing.T) {
	for i := range byteKinds {
		c, want := byte(i), uint8(0)
		if c >= 'A' && c <= 'Z' {
			want |= upperByte
		}
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			want |= letterByte | labelByte
		}
		if c >= '0' && c <= '9' || c == '-' {
			want |= labelByte
		}
		if c == '.' {
			want |= dotByte
		}
		if c >= 0x21 && c <= 0x7e && c != '\\' {
			want |= tailByte
		}
		require.Equal(t, want, byteKinds[i], "%q", c)
	}
}
