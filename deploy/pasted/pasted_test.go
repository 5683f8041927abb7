package pasted

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

func TestParse(t *testing.T) {
	for url, want := range map[string]Link{
		"https://link.example.com/e/c/abc?x=1":           {TLS: true, Host: "link.example.com", Target: "/e/c/abc?x=1"},
		"http://LINK.example.com.:80/a":                  {Host: "link.example.com", Port: "80", Target: "/a"},
		"HTTPS://link.example.com":                       {TLS: true, Host: "link.example.com", Target: "/"},
		"https://link.example.com?x":                     {TLS: true, Host: "link.example.com", Target: "/?x"},
		"https://link.example.com/a#b?c":                 {TLS: true, Host: "link.example.com", Target: "/a", Fragment: true},
		"link.example.com/a":                             {TLS: true, Host: "link.example.com", Target: "/a"},
		"link.example.com:8443/a":                        {TLS: true, Host: "link.example.com", Port: "8443", Target: "/a"},
		"link.example.com/CL0/https://shop.example.com/": {TLS: true, Host: "link.example.com", Target: "/CL0/https://shop.example.com/"},
		"https://link.example.com/a%2/../ |b//":          {TLS: true, Host: "link.example.com", Target: "/a%2/../ |b//"},
		"https://link.example.com/a@b":                   {TLS: true, Host: "link.example.com", Target: "/a@b"},
		" https://link.example.com/a\n":                  {TLS: true, Host: "link.example.com", Target: "/a"},
		"<https://link.example.com/a>":                   {TLS: true, Host: "link.example.com", Target: "/a", Notes: []string{"the characters around the URL were removed"}},
		"“https://link.example.com/a”":                   {TLS: true, Host: "link.example.com", Target: "/a", Notes: []string{"the characters around the URL were removed"}},
		"https://bücher.example/a":                       {TLS: true, Host: "xn--bcher-kva.example", Target: "/a", Notes: []string{"the host bücher.example is xn--bcher-kva.example in DNS and in sites.json"}},
		"http://link.example.com.localhost:7676/CL0/x?y": {Host: "link.example.com", Port: "7676", Target: "/CL0/x?y", Addr: "127.0.0.1:7676"},
		"https://link.example.com.localhost/a":           {TLS: true, Host: "link.example.com", Target: "/a", Addr: "127.0.0.1:443"},
		"http://own.localhost:7676/a":                    {Host: "own.localhost", Port: "7676", Target: "/a"}, // a site of its own
		"curl -si 'https://link.example.com/a?b=c&d'":    {TLS: true, Host: "link.example.com", Target: "/a?b=c&d"},
		"$ curl -si https://link.example.com/a":          {TLS: true, Host: "link.example.com", Target: "/a"},
		"curl -si \\\n  -I https://link.example.com/a":   {TLS: true, Host: "link.example.com", Target: "/a", Method: "HEAD"},
		`curl -si -X POST -H 'Host: link.example.com' -H 'Content-Type: text/plain' --data-binary $'a\r\nb' 'http://127.0.0.1:7676/u/x'`: {
			Host: "link.example.com", Port: "7676", Target: "/u/x", Method: "POST", Addr: "127.0.0.1:7676"},
		`curl -si -H 'Host: link.example.com' --request-target '/a b|{c}#' http://[::1]:7676`: {
			Host: "link.example.com", Port: "7676", Target: "/a b|{c}#", Addr: "[::1]:7676"},
		`curl -si -H 'Host: link.example.com' 'http://127.0.0.1:7676/it'\''s'`: {Host: "link.example.com", Port: "7676", Target: "/it's", Addr: "127.0.0.1:7676"},
		`curl -HHost:link.example.com -d a=b http://localhost:1/`:              {Host: "link.example.com", Port: "1", Target: "/", Method: "POST", Addr: "localhost:1"},
		`curl --cacert ca.pem --resolve link.example.com:7677:127.0.0.1 https://link.example.com:7677/a`: {
			TLS: true, Host: "link.example.com", Port: "7677", Target: "/a", Addr: "127.0.0.1:7677"},
		`curl --connect-to link.example.com:443:127.0.0.1:7677 --url=https://link.example.com/a`: {
			TLS: true, Host: "link.example.com", Target: "/a", Addr: "127.0.0.1:7677"},
	} {
		l, err := Parse([]string{url}, Options{Known: func(h string) bool { return h == "own.localhost" }})
		require.NoError(t, err, url)
		l.Given, l.other = "", false
		require.Equal(t, want, *l, url)
	}
}

func TestParseWords(t *testing.T) {
	l, err := Parse([]string{"curl", "-si", "-H", "Host: link.example.com", "http://127.0.0.1:7676/a b"}, Options{})
	require.NoError(t, err)
	require.Equal(t, "http://link.example.com/a b", l.URL())
	require.Equal(t, "127.0.0.1:7676", l.Addr)
	require.False(t, l.Asis())
	l, err = Parse([]string{"http://127.0.0.1:7676/a"}, Options{Host: "Link.Example.com."})
	require.NoError(t, err)
	require.Equal(t, "link.example.com", l.Host)
	l, err = Parse([]string{"/e/c/a?b=c"}, Options{Host: "link.example.com"}) // as a log has it
	require.NoError(t, err)
	require.Equal(t, "https://link.example.com/e/c/a?b=c", l.URL())
	require.Empty(t, l.Addr)
	for _, path := range []string{"//link.example.com/a", "/a"} {
		_, err = Parse([]string{path}, Options{})
		require.ErrorContains(t, err, "is not the URL of a link", path)
	}
	l, err = Parse([]string{"https://link.example.com/a"}, Options{Host: "link.example.com"})
	require.NoError(t, err)
	require.True(t, l.Asis())
}

func TestParseRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"":                                           "is not the URL of a link",
		"https://":                                   "is not the URL of a link",
		"https:///a":                                 "is not the URL of a link",
		"ftp://link.example.com/":                    "is not the URL of a link",
		"mailto:x@example.com":                       "is not the URL of a link",
		"https://user@link.example.com/":             "has a user in front of its host",
		"https://a:b@link.example.com/":              "has a user in front of its host",
		"https://link.example.com/a\r\nHost: x":      "is not the URL of a link",
		`https://link.example.com\a/`:                "is not the URL of a link",
		"link .example.com":                          "is not the URL of a link",
		"https://bü\u202echer.example/":              "is not a host name",
		"http://127.0.0.1:7676/a":                    "names a machine and not a link domain",
		"http://localhost/a":                         "names a machine and not a link domain",
		"http://[::1]:80/a":                          "names a machine and not a link domain",
		"curl -si":                                   "has no URL",
		"curl https://a.example/ https://b.example/": "has two URLs",
		"curl 'https://a.example/":                   "cannot be read",
		"curl https://a.example/ | sh":               "is not one line for curl",
		"curl https://a.example/; rm x":              "is 2 commands",
		"curl https://a.example/$X":                  "has a variable or a command in it",
		"curl https://a.example/$(rm x)":             "has a variable or a command in it",
		"curl --no-such x https://a.example/":        `has "--no-such", which is not known here`,
		"curl https://a.example/ --help":             `has "--help", which is not known here`,
		"curl -Q x https://a.example/":               `has "-Q", which is not known here`,
		"curl https://a.example/ -H":                 "ends behind -H",
		"curl --resolve a https://a.example/":        "cannot be read",
	} {
		_, err := Parse([]string{text}, Options{})
		require.ErrorContains(t, err, says, text)
		var e *failure.Error
		require.ErrorAs(t, err, &e)
		require.NotEmpty(t, e.Hint, text)
	}
	_, err := Parse([]string{"a", "b"}, Options{})
	require.ErrorContains(t, err, "the first is not curl")
	_, err = Parse([]string{"curl -H 'Host: a.example' http://127.0.0.1/"}, Options{Host: "b.example"})
	require.ErrorContains(t, err, "two hosts are given")
}

// A target is kept, byte for byte, from a URL and from a curl command.
func FuzzParse(f *testing.F) {
	for _, target := range []string{"/", "/a?b#c", "/%2", "/CL0/https:%2F%2Fx/ y", "//..//", "/\x00\xff", "/a://b", "/it's", "/$X`y`\\", "/''"} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if !strings.HasPrefix(target, "/") || strings.ContainsAny(target, "#\r\n") || strings.TrimRight(target, " \t") != target {
			return
		}
		for _, front := range []string{"https://link.example.com", "http://Link.Example.Com:80", "link.example.com"} {
			l, err := Parse([]string{front + target}, Options{})
			require.NoError(t, err)
			require.Equal(t, target, l.Target)
			require.Equal(t, "link.example.com", l.Host)
		}
		if !utf8.ValidString(target) || strings.Contains(target, "\x00") {
			return // no shell accepts that
		}
		line := "curl -si -H 'Host: link.example.com' 'http://127.0.0.1:7676" + strings.ReplaceAll(target, "'", `'\''`) + "'"
		l, err := Parse([]string{line}, Options{})
		require.NoError(t, err, line)
		require.Equal(t, target, l.Target)
	})
}
