package destination

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/nlnwa/whatwg-url/url"
	"github.com/stretchr/testify/require"
)

// Where a Location leads, and what of it may stand in the log.
func TestHostOf(t *testing.T) {
	for in, want := range map[string]string{
		"https://shop.example.com":               "shop.example.com",
		"https://Shop.example.com/x?y":           "shop.example.com",
		"http://shop.example.com:8080/":          "shop.example.com",
		"https://shop.example.com?q":             "shop.example.com",
		"https://shop.example.com#f":             "shop.example.com",
		"https://a_b.example.com/":               "a_b.example.com",
		"https://shop.example.com./":             "shop.example.com.",
		"HTTPS://shop.example.com":               "shop.example.com",
		"https://u:p@shop.example.com/":          "shop.example.com",
		"https://ann@example.com@shop.example/":  "shop.example",
		"https://ann%40example.com/":             "", // no browser takes it, and it names somebody
		"https://shop.example.com\\@evil":        "shop.example.com",
		"https://sh%6Fp.example.com/":            "shop.example.com",
		"https://shop.example.com%2f.evil/":      "",
		"https:\\\\shop.example.com\\x":          "shop.example.com",
		"https:/\\shop.example.com":              "shop.example.com",
		"https:////shop.example.com/":            "shop.example.com",
		"//shop.example.com/x":                   "shop.example.com",
		"\\\\shop.example.com/x":                 "shop.example.com",
		"/\\shop.example.com/x":                  "shop.example.com",
		"https:shop.example.com":                 "link.example.com", // relative: the scheme is the link's own
		"https:/shop.example.com":                "link.example.com",
		"http:shop.example.com":                  "shop.example.com",
		"http:/\\shop.example.com":               "shop.example.com",
		"/relative":                              "link.example.com",
		"?q":                                     "link.example.com",
		"#f":                                     "link.example.com",
		"thanks.html":                            "link.example.com",
		"a:b":                                    "",
		"1a:b":                                   "link.example.com",
		" \thttps://shop.example.com/ ":          "shop.example.com",
		"ht\ttps://shop\t.exa\r\nmple.com/x":     "shop.example.com",
		"https://shop.example.com:/":             "shop.example.com",
		"https://shop.example.com:65535/":        "shop.example.com",
		"https://shop.example.com:65536/":        "",
		"https://shop.example.com:8o/":           "",
		"https://:443/":                          "",
		"https://u@/":                            "",
		"https:///":                              "",
		"https://a b.example/":                   "",
		"https://a<b.example/":                   "",
		"https://0x7f.1/":                        "127.0.0.1",
		"https://2130706433":                     "127.0.0.1",
		"https://017700000001./x":                "127.0.0.1",
		"https://1.2.3.4.5/":                     "",
		"https://256.1.1.1/":                     "",
		"https://example.0x":                     "",
		"https://[2001:DB8::1]:8443/":            "[2001:db8::1]",
		"https://[::ffff:192.0.2.1]/":            "[::ffff:c000:201]",
		"https://[::1%25eth0]/":                  "",
		"https://[::1/":                          "",
		"https://b\u00fccher.example/":           UnreadHost,
		"https://b%C3%BCcher.example/":           UnreadHost,
		"https://xn--bcher-kva.example/":         "xn--bcher-kva.example",
		"mailto:a@b.example":                     "",
		"myapp://open/x":                         "",
		"javascript:alert(1)":                    "",
		"":                                       "",
		" ":                                      "",
		"https://" + strings.Repeat("a", 5000):   UnreadHost,
		"https://" + strings.Repeat("a.", 126):   strings.Repeat("a.", 126),
		"https://" + strings.Repeat("%61.", 127): UnreadHost,
	} {
		require.Equal(t, want, HostOf(in, true, "link.example.com"), "%q", in)
	}
	require.Equal(t, "link.example.com", HostOf("http:shop.example.com", false, "link.example.com"))
	require.Equal(t, "shop.example.com", HostOf("https:shop.example.com", false, "link.example.com"))
}

// PlainHost says nothing, or what HostOf says of the whole and of the first of
// several values.
func TestPlainHost(t *testing.T) {
	for url, want := range map[string]string{
		"https://www.example.com/x": "www.example.com",
		"http://t.co/":              "t.co",
		"https://a/":                "a",
		"https://www.example.com/\x00https://other.example/\x00": "www.example.com",
		"https://a-b.1.example.com/a\u00e9":                      "a-b.1.example.com",
		"https://www.example.com\x00https://other.example/":      "",
		"https://www.example.com\x00":                            "",
		"\x00https://www.example.com/\x00":                       "",
		"https://www.example.com":                                "",
		"https://www.Example.com/":                               "",
		"https://www.example.com:443/":                           "",
		"https://www.example.com?/":                              "",
		"https://u@www.example.com/":                             "",
		"https://www.example.com./":                              "",
		"https://www.example.1/":                                 "",
		"https://www.example.0x/":                                "",
		"https://www.ex_mple.com/":                               "",
		"https://www.ex\u00e4mple.com/":                          "",
		"https:///x":                                             "",
		"https://":                                               "",
		"//www.example.com/":                                     "",
		"":                                                       "",
		"https://" + strings.Repeat("a.", 126) + "a/":            strings.Repeat("a.", 126) + "a",
		"https://" + strings.Repeat("a.", 126) + "aa/":           "",
	} {
		require.Equal(t, want, PlainHost(url), "%q", url)
	}
}

// theirHost reads a Location with an implementation of the URL standard that is
// not ours.
func theirHost(location string, base string) string {
	u, err := url.ParseRef(base, location)
	if err != nil || u.Scheme() != "http" && u.Scheme() != "https" {
		return ""
	}
	return u.Hostname()
}

// numberInGo are labels that the other reader takes for numbers, with Go's
// strconv, and browsers do not: signed ones, and ones that are out of range
// before a letter shows that they are none.
var numberInGo = regexp.MustCompile(`(^|\.)(0x?)?[-+]|(^|\.)[0-9][^.]{15,}\.?$`)

// signedInURL finds a signed label in a URL whose host is none for browsers.
var signedInURL = regexp.MustCompile(`(?i)[/\\:.@\s](0x?)?[-+]+[0-9a-f]`)

// The host in the log is the one that a browser reads, is bounded, and holds
// nothing of the user info.
func FuzzHostOf(f *testing.F) {
	for _, s := range []string{
		"https://shop.example.com/x?y#z", "HTTPS://u:p@Shop.example.com:8443\\x", "//a/b", "/\\a", "https:/a", "http:a", "a:b", "?x", "#",
		"https://0x7f.1", "https://[::1]:80/", "https://[1:2::3:0:0:4]", "https://a%2eb/", "https://a..b/", "\x01 https://a\tb/", "https://1.2.3/", "https://a_b.c/", "https://09.1",
		"https://[::ffff:1.2.3.4]", "https://0x.0", "https://1e3", "https://a.1.", "https://a.1..", "https://.", "https://%", "https://a%", "http:0+0", "/\\77777777777777777777a", "http://[::[]", "http:[@[::]", "https:+1.2", "http://[::f:1.2.3.44]]",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, location string, tls bool) {
		base := "http://link.example.com/c/1?d"
		if tls {
			base = "https://link.example.com/c/1?d"
		}
		host := HostOf(location, tls, "link.example.com")
		require.LessOrEqual(t, len(host), MaxHost)
		require.NotContains(t, host, "@")
		if plain := PlainHost(location); plain != "" {
			require.Equal(t, plain, host, "%q", location)
			odd, ok := readOddLocation(location, tls, "link.example.com")
			require.True(t, ok, "%q", location)
			require.Equal(t, plain, odd.Host, "%q", location)
		}
		if host == UnreadHost || Tidy(location) == "" || strings.Contains(strings.ToLower(unescapeHost(location)), "xn--") {
			return // what is said not to be read; what browsers do not follow
		}
		if numberInGo.MatchString(host) || signedInURL.MatchString(unescapeHost(location)) {
			return
		}
		theirs := theirHost(location, base)
		if strings.HasPrefix(theirs, "[") && !holdsIPv6(location) {
			theirs = "" // the other one passes over what is no part of an address
		}
		require.Equal(t, theirs, host, "%q", location)
	})
}

// holdsIPv6 reports whether what stands between the authority's first and last
// bracket is an IPv6 address.
func holdsIPv6(location string) bool {
	_, rest, _ := strings.Cut(Tidy(location), "[")
	if at := strings.LastIndex(rest, "@["); at >= 0 { // the first was part of the user info
		rest = rest[at+2:]
	}
	if end := strings.IndexAny(rest, `/\?#`); end >= 0 {
		rest = rest[:end]
	}
	addr, err := netip.ParseAddr(rest[:max(strings.LastIndexByte(rest, ']'), 0)])
	return err == nil && addr.Is6() && addr.Zone() == ""
}
