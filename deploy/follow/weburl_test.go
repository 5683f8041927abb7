package follow

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The cases follow the URL standard, https://url.spec.whatwg.org/.
func TestReadURL(t *testing.T) {
	base := &webURL{tls: true, host: "link.example.com", port: 443, target: "/e/c/abc?x=1", fragment: "#top"}
	for _, c := range []struct {
		text, want string
		odd        []string
	}{
		{"https://www.example.com/", "https://www.example.com/#top", nil},
		{"https://www.example.com", "https://www.example.com/#top", nil},
		{"HTTPS://WWW.Example.COM/A%2Fb?c=%2f#d", "https://www.example.com/A%2Fb?c=%2f#d", nil},
		{"http://www.example.com:80/?a", "http://www.example.com/?a#top", nil},
		{"http://www.example.com:8080/", "http://www.example.com:8080/#top", nil},
		{"/next", "https://link.example.com/next#top", nil},
		{"?y=2", "https://link.example.com/e/c/abc?y=2#top", nil},
		{"#", "https://link.example.com/e/c/abc?x=1#", nil},
		{"def", "https://link.example.com/e/c/def#top", nil},
		{"../../../a", "https://link.example.com/a#top", []string{"its dot segments are resolved"}},
		{"//cdn.example.net/x", "https://cdn.example.net/x#top", nil},
		{"https://a.example.com/x|y[z]%", "https://a.example.com/x|y[z]%#top", nil},
		{"https://a.example.com/a b?c d'", "https://a.example.com/a%20b?c%20d%27#top", []string{"bytes in it are written with %", "bytes in it are written with %"}},
		{"https://a.example.com/é", "https://a.example.com/%C3%A9#top", []string{"bytes in it are written with %"}},
		{`https:\\evil.example.net\x`, "https://evil.example.net/x#top", []string{"the slashes before its host are corrected", `its \ are read as /`}},
		{`/\evil.example.net/`, "https://evil.example.net/#top", []string{"the slashes before its host are corrected"}},
		{"https:evil", "https://link.example.com/e/c/evil#top", []string{"without // after its scheme it is read as relative"}},
		{"http:evil.example.net/x", "http://evil.example.net/x#top", []string{"the slashes before its host are corrected"}},
		{"https:////evil.example.net", "https://evil.example.net/#top", []string{"the slashes before its host are corrected"}},
		{"https://www.example.com@evil.example.net/", "https://evil.example.net/#top", []string{"the user before @ is not the host"}},
		{" https://www.example.com/ ", "https://www.example.com/#top", []string{"space around it is dropped"}},
		{"https://www.exa\tmple.com/", "https://www.example.com/#top", []string{"tabs and line ends in it are dropped"}},
		{"https://%77ww.example.com/", "https://www.example.com/#top", []string{"its host is written with %"}},
		{"https://bücher.example/", "https://xn--bcher-kva.example/#top", []string{"its host is not ASCII"}},
		{"http://2130706433/", "http://127.0.0.1/#top", []string{"its host is an address in another notation"}},
		{"http://0x7f.1/", "http://127.0.0.1/#top", []string{"its host is an address in another notation"}},
		{"http://0177.0.0.1/", "http://127.0.0.1/#top", []string{"its host is an address in another notation"}},
		{"http://1.2.3.4/", "http://1.2.3.4/#top", nil},
		{"http://[::1]:8080/", "http://[::1]:8080/#top", nil},
		{"http:evil.example.net", "http://evil.example.net/#top", []string{"the slashes before its host are corrected"}},
		{"https:/evil", "https://link.example.com/evil#top", []string{"without // after its scheme it is read as relative"}},
		{`https:/\evil.example.net`, "https://evil.example.net/#top", []string{"the slashes before its host are corrected"}},
		{"https://" + strings.Repeat("@", 200) + "evil.example.net", "https://evil.example.net/#top", []string{"the user before @ is not the host"}},
		{"https://user@evil.example.net@good.example.com:8443/@", "https://good.example.com:8443/@#top", []string{"the user before @ is not the host"}},
		{"https://a.example.com/x^", "https://a.example.com/x%5E#top", []string{"bytes in it are written with %"}},
		{"https://a.example.com/\xe9?\xe9", "https://a.example.com/%E9?%E9#top", []string{"bytes in it are written with %", "bytes in it are written with %"}},
		{"https://a.example.com/x#\"é", "https://a.example.com/x#%22%C3%A9", nil},
		{"https://a.example.com/a/%2e%2E/b/./c/..", "https://a.example.com/b/#top", []string{"its dot segments are resolved"}},
	} {
		u, odd, err := readURL(c.text, base)
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, u.String(), c.text)
		require.Equal(t, c.odd, odd, c.text)
	}
}

func TestReadURLRefuses(t *testing.T) {
	base := &webURL{tls: true, host: "link.example.com", port: 443, target: "/"}
	for _, text := range []string{
		"https://", "https:///", "https://:443/", "https://a:0/", "https://a:65536/", "https://a:x/", "https://a b/", "https://a%2fb/",
		"https://[::1/", "https://[fe80::1%25eth0]/", "https://1.2.3.4.5/", "https://256.1.1.1/", "https://0x1ffffffff/", "https://a<b/", "https://a%00b/",
		"https://user@/evil.example.net", "https://@/evil.example.net", "https://a:00/", "https://\u00ad/", "https://%C2%AD/", "https://xn--/",
		"https://10.0.0.xn--pokxncvks/", "https://foo.0xFfFfFfFfFfFfFfFfFfFfAcE123/",
	} {
		_, _, err := readURL(text, base)
		require.Error(t, err, text)
	}
	for text, scheme := range map[string]string{"mailto:a@example.com": "mailto", "intent://x#Intent;end": "intent", "javascript:alert(1)": "javascript", "data:,x": "data", "web.app:8080/x": "web.app"} {
		_, _, err := readURL(text, base)
		var other *notWeb
		require.ErrorAs(t, err, &other)
		require.Equal(t, scheme, other.scheme)
	}
}

func TestReadAddressBar(t *testing.T) {
	for text, want := range map[string]string{
		"link.example.com/x":      "https://link.example.com/x",
		"link.example.com:8443/x": "https://link.example.com:8443/x",
		"http://link.example.com": "http://link.example.com/",
	} {
		u, _, err := readURL(text, nil)
		require.NoError(t, err)
		require.Equal(t, want, u.String())
	}
}

// A URL that was read is read again unchanged, and can be requested.
func FuzzReadURL(f *testing.F) {
	for _, s := range []string{"https://www.example.com/a%2Fb?c#d", `/\x`, "../a?b", "http://0x7f.1/", "//[::1]:1/", "https://bücher.example/é|%", "?", "http:x", "a@b:c", "mailto:x"} {
		f.Add(s)
	}
	base := &webURL{tls: true, host: "link.example.com", port: 443, target: "/e/c/abc?x=1"}
	f.Fuzz(func(t *testing.T, text string) {
		u, _, err := readURL(text, base)
		if err != nil {
			return
		}
		require.NotEmpty(t, u.host)
		require.NotZero(t, u.port)
		require.True(t, strings.HasPrefix(u.target, "/"))
		require.True(t, isClean(u.target) && isASCII(u.target), "%q", u.target)
		again, odd, err := readURL(u.withoutFragment(), nil)
		require.NoError(t, err, "%q", u.String())
		require.Equal(t, u.withoutFragment(), again.withoutFragment())
		require.Empty(t, odd, "%q", u.String())
	})
}

func isClean(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
