package recall

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/destination"
)

func read(t testing.TB, text string) From {
	f, fault := ReadFrom(text)
	require.Empty(t, fault, text)
	return f
}

// What a browser does not see makes no difference; what it sees does.
func TestMeets(t *testing.T) {
	for from, urls := range map[string]struct{ met, not []string }{
		"https://shop.example.com/sale?code=A": {
			[]string{"https://shop.example.com/sale?code=A", "HTTPS://SHOP.example.com:443/sale?code=A#top", "https:\\\\shop.example.com\\sale?code=A",
				"https://shop.example.com/x/../sale?code=A", "https://shop.example.com/./x/%2e%2E/sale?code=A", "https://u:p@shop.example.com/sale?code=A", " https://shop.example.com/sa\tle?code=A\n"},
			[]string{"http://shop.example.com/sale?code=A", "https://shop.example.com:8443/sale?code=A", "https://shop.example.com/sale?code=a", "https://shop.example.com/sale?code=A&b",
				"https://shop.example.com/sale", "https://shop.example.com/sale/?code=A", "https://shop.example.com/%73ale?code=A", "https://shop.example.com./sale?code=A", "mailto:ann@shop.example.com", ""},
		},
		"https://shop.example.com": {
			[]string{"https://shop.example.com/", "https://shop.example.com#x", "https://shop.example.com/.", "https://shop.example.com/a/.."},
			[]string{"https://shop.example.com/a", "https://shop.example.com?", "https://shop.example.com//"},
		},
		"https://shop.example.com/a b\"é'": {
			[]string{"https://shop.example.com/a%20b%22%c3%a9'", "https://shop.example.com/a b\"\xc3\xa9'"},
			[]string{"https://shop.example.com/a+b%22%c3%a9'", "https://shop.example.com/a%20b%22%c3%a9%27"},
		},
		"https://shop.example.com/?q='": {
			[]string{"https://shop.example.com/?q=%27", "https://shop.example.com?q='"},
			[]string{"https://shop.example.com/?q="},
		},
		"https://shop.example.com/vip/*": {
			[]string{"https://shop.example.com/vip/", "https://shop.example.com/vip/a?b#c", "https://shop.example.com/x/../vip/a", "https://shop.example.com/vip/*"},
			[]string{"https://shop.example.com/vip", "https://shop.example.com/vip/../a", "https://shop.example.com/vipa", "https://shop.example.com.evil.example/vip/"},
		},
		"https://shop.example.com/.*": {
			[]string{"https://shop.example.com/.well-known/x"},
			[]string{"https://shop.example.com/", "https://shop.example.com/."},
		},
		"https://shop.example.com/?*": {[]string{"https://shop.example.com?a", "https://shop.example.com/?"}, []string{"https://shop.example.com/"}},
		"https://shop.example.com/*":  {[]string{"https://shop.example.com", "https://shop.example.com?a", "https://shop.example.com/b"}, []string{"http://shop.example.com/"}},
		"http://10.0.0.1:8080/a":      {[]string{"http://0xa.1:8080/a", "http://10.0.0.1:08080/a"}, []string{"http://10.0.0.1/a"}},
		"https://shop.example.com/a%2Fb": {
			[]string{"https://shop.example.com/a%2fb", "https://shop.example.com/a%\t2fb", "https://shop.example.com/a%2\nFb", "https://shop.example.com/a%2Fb ", "https://shop.example.com/.\t/a%2Fb\x1f"},
			[]string{"https://shop.example.com/a/b", "https://shop.example.com/a%2Fb%20"},
		},
		"https://shop.example.com/*/x*y": {[]string{"https://shop.example.com/*/x*y"}, []string{"https://shop.example.com/a/xby"}},
	} {
		f := read(t, from)
		for _, u := range urls.met {
			require.True(t, f.Meets(u), "%s meets %q", from, u)
		}
		for _, u := range urls.not {
			require.False(t, f.Meets(u), "%s does not meet %q", from, u)
		}
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		f, g       string
		fg, gf, is bool
	}{
		{"https://a.example/", "HTTPS://a.example:443", true, true, false},
		{"https://a.example/*", "https://a.example/b", true, false, true},
		{"https://a.example/*", "https://a.example/b*", true, false, true},
		{"https://a.example/b", "https://a.example/b*", false, true, false},
		{"https://a.example/*", "http://a.example/*", false, false, true},
		{"https://a.example/*", "https://b.example/*", false, false, true},
		{"https://a.example/?*", "https://a.example/b*", false, false, false},
	} {
		f, g := read(t, c.f), read(t, c.g)
		require.Equal(t, [3]bool{c.fg, c.gf, c.is}, [3]bool{f.Covers(g), g.Covers(f), f.IsWide()}, "%s, %s", c.f, c.g)
	}
}

func TestOtherScheme(t *testing.T) {
	for text, want := range map[string]string{
		"https://shop.example.com/a*":     "http://shop.example.com/a*",
		"http://shop.example.com:80/a?b":  "https://shop.example.com/a?b",
		"https://shop.example.com:8443/a": "",
		"http://shop.example.com:443/a":   "",
	} {
		f, fault := ReadFrom(text)
		require.Empty(t, fault)
		other, ok := f.OtherScheme()
		require.Equal(t, want != "", ok, text)
		if ok {
			require.Equal(t, want, other.String())
		}
	}
}

func TestFromText(t *testing.T) {
	for text, want := range map[string]string{
		"HTTPS://A.example":             "https://a.example/",
		"http://a.example:80/x/*":       "http://a.example/x/*",
		"http://a.example:443?%c3 ":     "",
		"https://a.example:8443/ä\"":    "https://a.example:8443/%C3%A4%22",
		"https://a.example/a/../b/%2e*": "https://a.example/b/%2E*",
	} {
		f, fault := ReadFrom(text)
		require.Equal(t, want == "", fault.Problem != "", text)
		if want != "" {
			require.Equal(t, want, f.String())
			require.Equal(t, f, read(t, f.String()), "its text says the same")
		}
	}
}

// The first rule that meets counts, the index is its own, and what is cut is
// not read.
func TestRules(t *testing.T) {
	var l Rules
	require.Empty(t, l.List())
	list := []Rule{{read(t, "https://a.example/b"), ""}, {read(t, "https://a.example/*"), "https://c.example/"}, {read(t, "http://d.example:81/*"), ""}}
	for _, r := range list {
		l = l.Append(r)
	}
	require.Equal(t, list, l.List())
	for u, want := range map[string]string{
		"https://a.example/b": "0 ", "https://a.example/c": "1 https://c.example/", "http://d.example:81": "2 ", "https://e.example/": "",
	} {
		at, _ := destination.ReadLocation(u, true, "")
		i, to, ok := l.Match(at)
		got := ""
		if ok {
			got = fmt.Sprint(i, " ", to)
		}
		require.Equal(t, want, got, u)
	}
	for n := range len(l) {
		require.Less(t, len(l[:n].List()), len(list))
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	l := Rules("").Append(Rule{read(t, "https://a.example/b?c=\"d"), "https://c.example/"})
	u, _ := destination.ReadLocation("https://a.example/b?c=\"d", true, "")
	v, _ := destination.ReadLocation("https://a.example/b?c=\"e", true, "")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, _, ok := l.Match(u); !ok {
			t.Error("not met")
		}
		if _, _, ok := l.Match(v); ok {
			t.Error("met")
		}
	}))
}

// reference reads a URL slowly, by package net/url and what browsers do beyond
// it: the canonical text, "" for one that net/url does not read.
func reference(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		return ""
	}
	port := u.Port()
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		port = ""
	}
	rest, _, _ := strings.Cut(text[strings.Index(text, "://")+3:], "#")
	rest = rest[authorityEnd(rest):]
	path, query, asked := strings.Cut(rest, "?")
	out := u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port + escaped(withoutDotSegments(path), " \"<>`{}^")
	if asked {
		out += "?" + escaped(query, " \"<>'")
	}
	return out
}

var escape = regexp.MustCompile(`%[0-9a-fA-F]{2}`)

func escaped(s, chars string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || strings.IndexByte(chars, s[i]) >= 0 {
			fmt.Fprintf(&b, "%%%02X", s[i])
			continue
		}
		b.WriteByte(s[i])
	}
	return escape.ReplaceAllStringFunc(b.String(), strings.ToUpper)
}

func withoutDotSegments(path string) string {
	var out []string
	list := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range list {
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case "..":
			out = out[:max(0, len(out)-1)]
		case ".":
		default:
			out = append(out, segment)
			continue
		}
		if i == len(list)-1 {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

// A browser writes one byte as three, and in a host three as one. What a rule
// says must be read again.
func TestRespelledRule(t *testing.T) {
	start := "http://a.example/"
	_, fault := ReadFrom(start + strings.Repeat(" ", 2660) + "x*")
	require.Empty(t, fault)
	_, fault = ReadFrom(start + strings.Repeat(" ", 2661) + "x*")
	_, wild := ReadFrom("http://%2A")
	require.Equal(t, "has a wildcard in its host, as browsers send it", wild.Problem)
	require.Equal(t, "has 8001 bytes; a URL has at most 8000, as browsers send it", fault.Problem)
}

// FuzzMatch: a rule meets exactly what the slow reference says, its text says
// the same again, and a rule that covers another meets what that meets.
func FuzzMatch(f *testing.F) {
	for _, s := range [][2]string{
		{"https://a.example/b", "https://A.example:443/b#c"},
		{"https://a.example/b*", "https://a.example/./b%20c"},
		{"http://a.example:8080/x/*", "http://a.example:8080/x/../x/%2e%2e/y"},
		{"https://a.example/?a='\"", "https://a.example?a=%27%22"},
		{"https://a.example/a%2fb^", "https://a.example/a%2Fb%5e"},
		{"https://a.example/..*", "https://a.example/..a"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, from, u string) {
		rule, fault := ReadFrom(from)
		if fault.Problem != "" {
			return
		}
		require.Equal(t, rule, read(t, rule.String()))
		d, ok := destination.Parse(u)
		if !ok {
			rule.Meets(u)
			return
		}
		plain, prefix := strings.CutSuffix(from, Wildcard)
		if prefix {
			plain += "x" // a last segment that may go on is no dot segment
		}
		if _, ok := destination.Parse(plain); !ok {
			return
		}
		want, base := reference(u), reference(plain)
		if want == "" || base == "" || d.Host == "" {
			return
		}
		if prefix {
			require.Equal(t, strings.HasPrefix(want, base[:len(base)-1]), rule.Meets(u), "%s, %s", rule, u)
		} else {
			require.Equal(t, want == base, rule.Meets(u), "%s, %s", rule, u)
		}
		if other, fault := ReadFrom(u); fault.Problem == "" && rule.Covers(other) {
			require.True(t, rule.Meets(u))
		}
	})
}
