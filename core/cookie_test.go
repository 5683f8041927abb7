package core

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// jarred is a cookie as a browser keeps it.
type jarred struct{ name, value, domain string }

// jar does with a Set-Cookie field what RFC 6265bis, 5.6 and 5.7, has a browser
// do, as far as names, values and domains go. It shares nothing with what it
// checks.
func jar(field string) (c jarred, taken bool) {
	pair, rest, _ := strings.Cut(field, ";")
	if name, value, named := strings.Cut(pair, "="); named {
		c.name, c.value = strings.Trim(name, " \t"), strings.Trim(value, " \t")
	} else {
		c.value = strings.Trim(pair, " \t")
	}
	for _, attribute := range strings.Split(rest, ";") {
		name, value, _ := strings.Cut(attribute, "=")
		if asciiLower(strings.Trim(name, " \t")) == "domain" {
			c.domain = strings.Trim(value, " \t")
		}
	}
	if c.name == "" && browserGuard(c.value) != "" {
		return c, false
	}
	return c, c.name != "" || c.value != ""
}

// sends is how a browser writes the cookie into the field Cookie (5.8.3).
func (c jarred) sends() string {
	if c.name == "" {
		return c.value
	}
	return c.name + "=" + c.value
}

// browserGuard is the guard that a browser sees in a name.
func browserGuard(name string) string {
	for _, guard := range []string{"__Host-Http-", "__Http-", "__Host-", "__Secure-"} {
		if strings.HasPrefix(asciiLower(name), strings.ToLower(guard)) {
			return guard
		}
	}
	return ""
}

// disguise matches what a server may read under a guarded name, or as several
// cookies: see TestDisguisedCookies.
var disguise = regexp.MustCompile(`^[^!-<>-~]*\$|^[^!-<>-~]+__(host-http|host|secure|http)-`)

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

var cookieOrigin = Origin{Backend: "sendgrid"}

// mark is written out: a mark that changed would part readers from their
// cookies.
const mark = "ce-70afaba3-"

func TestCookieMark(t *testing.T) {
	require.Equal(t, mark, cookieOrigin.CookieMark())
	seen := map[string]string{}
	for _, o := range Presets() {
		if o.Backend == "" {
			continue
		}
		m := o.CookieMark()
		require.Regexp(t, `^ce-[0-9a-f]{8}-$`, m)
		if other, ok := seen[m]; ok {
			require.Equal(t, other, o.Backend, "another ESP would get the cookies of this one")
		}
		seen[m] = o.Backend
	}
}

// What an ESP sets, what the reader gets of it, and what comes back to the ESP.
func TestSetCookie(t *testing.T) {
	for _, c := range []struct{ name, esp, reader, back string }{
		{"plain", "sid=1", mark + "sid=1", "sid=1"},
		{"attributes stay byte for byte", "sid=1; Path=/u;HttpOnly;  SAMESITE=lax ; Max-Age=60; Partitioned;", mark + "sid=1; Path=/u;HttpOnly;  SAMESITE=lax ; Max-Age=60; Partitioned;", "sid=1"},
		{"parent domain", "sid=1; Domain=example.com; Path=/", mark + "sid=1; Path=/", "sid=1"},
		{"parent domain, odd", "sid=1;path=/ ; DOMAIN = .example.com ;domain;Secure", mark + "sid=1;path=/ ;Secure", "sid=1"},
		{"not a domain", "sid=1; Domains=x; X-Domain=y; Path=/;domain", mark + "sid=1; Domains=x; X-Domain=y; Path=/", "sid=1"},
		{"__Host-", "__Host-sid=1; Path=/; Secure", "__Host-" + mark + "sid=1; Path=/; Secure", "__Host-sid=1"},
		{"__Secure- in other letters", "__SECURE-sid=1; Secure", "__SECURE-" + mark + "sid=1; Secure", "__SECURE-sid=1"},
		{"__Http-", "__Http-sid=1; Secure; HttpOnly", "__Http-" + mark + "sid=1; Secure; HttpOnly", "__Http-sid=1"},
		{"__Host-Http-", "__Host-Http-sid=1; Path=/; Secure; HttpOnly", "__Host-Http-" + mark + "sid=1; Path=/; Secure; HttpOnly", "__Host-Http-sid=1"},
		{"a guard alone", "__Host-=1; Path=/; Secure", "__Host-" + mark + "=1; Path=/; Secure", "__Host-=1"},
		{"a long s is no s", "__Ho\u017ft-sid=1", mark + "__Ho\u017ft-sid=1", "__Ho\u017ft-sid=1"},
		{"no equals sign", "seen", mark + "=seen", "seen"},
		{"no equals sign, attributes", "seen; Path=/", mark + "=seen; Path=/", "seen"},
		{"empty name", "=seen", mark + "=seen", "seen"},
		{"empty name, equals sign in the value", "=a=b", mark + "=a=b", "a=b"},
		{"empty name, a guarded name as its value", "=__Host-sid=1; Path=/; Secure", "", ""},
		{"no name, a guarded name as its value", "__host-sid", "", ""},
		{"empty value", "sid=", mark + "sid=", "sid="},
		{"deletion", "sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/", mark + "sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/", "sid="},
		{"nothing", "", "", ""},
		{"nothing but attributes", "; Path=/", "", ""},
		{"an equals sign alone", " = ; Path=/", "", ""},
		{"spaces", "  sid  =  a b  ; Path=/", mark + "sid  =  a b  ; Path=/", "sid=a b"},
		{"quotes and commas", `sid="a, b=c"; Path=/`, mark + `sid="a, b=c"; Path=/`, `sid="a, b=c"`},
		{"bytes beyond ASCII", "s\xe9d=\xff\xc3\xa9", mark + "s\xe9d=\xff\xc3\xa9", "s\xe9d=\xff\xc3\xa9"},
		{"a name like the mark", mark + "sid=1", mark + mark + "sid=1", mark + "sid=1"},
		{"huge", "sid=" + strings.Repeat("x", 60_000), mark + "sid=" + strings.Repeat("x", 60_000), "sid=" + strings.Repeat("x", 60_000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := string(cookieOrigin.AppendSetCookie(nil, c.esp))
			require.Equal(t, c.reader, got)
			kept, taken := jar(got)
			require.Equal(t, c.reader != "", taken)
			require.Empty(t, kept.domain)
			require.Equal(t, c.back, string(cookieOrigin.AppendCookies(nil, kept.sends())))
		})
	}
}

// What an ESP gets of the reader's cookies.
func TestCookies(t *testing.T) {
	for _, c := range []struct{ name, reader, esp string }{
		{"the brand's session", "session=secret; _ga=GA1.2.3", ""},
		{"one among others", "session=secret; " + mark + "sid=1; _ga=2", "sid=1"},
		{"order and doubles", mark + "b=1; a=9; " + mark + "a=2; " + mark + "b=3", "b=1; a=2; b=3"},
		{"no space, many spaces", mark + "a=1;" + mark + "b=2;\t  " + mark + "c=3 ; ", "a=1; b=2; c=3"},
		{"value byte for byte", mark + `a="x, y"=z==`, `a="x, y"=z==`},
		{"guards", "__Host-" + mark + "a=1; __Secure-" + mark + "b=2; __host-" + mark + "c=3; __Host-Http-" + mark + "d=4", "__Host-a=1; __Secure-b=2; __host-c=3; __Host-Http-d=4"},
		{"the brand's guarded session", "__Host-session=1; __Secure-" + "session=2", ""},
		{"another ESP's", "ce-00000000-sid=1", ""},
		{"the mark in a value", "a=" + mark + "sid=1", ""},
		{"the mark in other letters", strings.ToUpper(mark) + "sid=1", ""},
		{"the mark in the middle", "x" + mark + "sid=1", ""},
		{"no equals sign", mark + "sid", ""},
		{"the mark alone", mark, ""},
		{"nothing in it", mark + "=", ""},
		{"without a name", mark + "=seen", "seen"},
		// What a page of the parent domain can set, and no browser guards.
		{"a guard behind the mark", mark + "__Host-sid=1", ""},
		{"a guard behind the mark, other letters", mark + "__hOST-sid=1", ""},
		{"a guard behind the mark and a space", mark + " __Host-sid=1", ""},
		{"a guard behind the mark and a tab", mark + "\t__Secure-sid=1", ""},
		{"a guard in a value without a name", mark + "=__Host-sid=1", ""},
		{"a guard in a value without a name, and a space", mark + "= __Host-sid=1", ""},
		{"half a guard behind a guard", "__Host-" + mark + "Http-sid=1", ""},
		{"what was left out leaves no separator", mark + "__Host-a=1; " + mark + "b=2; " + mark + "=__Secure-x; " + mark + "c=3", "b=2; c=3"},
		{"nothing", "", ""},
		{"separators only", ";;; ;", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.esp, string(cookieOrigin.AppendCookies(nil, c.reader)))
		})
	}
}

// HTTP/2 splits cookies over fields; the ESP gets one field.
func TestCookiesOfSeveralFields(t *testing.T) {
	var line []byte
	for _, field := range []string{"a=1", mark + "b=2", "", mark + "c=3; d=4", mark + "b=5"} {
		line = cookieOrigin.AppendCookies(line, field)
	}
	require.Equal(t, "b=2; c=3; b=5", string(line))
}

func TestCookiesAllocateNothing(t *testing.T) {
	room := make([]byte, 0, 256)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		cookieOrigin.AppendCookies(room, "session=secret; "+mark+"sid=1; __Host-"+mark+"b=2")
		cookieOrigin.AppendSetCookie(room, "__Host-sid=1; Path=/; Domain=example.com; Secure")
	}))
}

// FuzzCookies: no cookie of the reader's reaches the ESP but one that carries
// the mark, and that one is what the ESP would have had to set for it.
func FuzzCookies(f *testing.F) {
	for _, field := range []string{
		"session=secret; " + mark + "sid=1", "__Host-" + mark + "sid=1; __Secure-" + mark + "=2", mark + "__Host-sid=1", mark + "= __Secure-x=1; " + mark + "\t__http-y=2",
		"__Host-" + mark + "Http-x=1;" + mark + "=a=b;;" + mark, "a=\"" + mark + "x=1; y\"",
	} {
		f.Add(field)
	}
	f.Fuzz(func(t *testing.T, field string) {
		got := string(cookieOrigin.AppendCookies(nil, field))
		if got == "" {
			return
		}
		in := strings.Split(field, ";")
		for _, sent := range strings.Split(got, "; ") {
			// Found in order: each as its marked form, which the ESP's own
			// field gives.
			named, unnamed := string(cookieOrigin.AppendSetCookie(nil, sent)), string(cookieOrigin.AppendSetCookie(nil, "="+sent))
			for len(in) > 0 {
				pair := strings.Trim(in[0], " \t")
				in = in[1:]
				if pair != "" && (pair == named || pair == unnamed) {
					require.Equal(t, browserGuard(pair), browserGuard(sent), "%q", pair)
					named = ""
					break
				}
			}
			require.Empty(t, named, "%q was not among the reader's", sent)
		}
	})
}

// FuzzSetCookie: a browser that got our Set-Cookie keeps it for this host
// alone, under the guard that the ESP meant, and gives the ESP what it would
// have given it without us, byte for byte.
func FuzzSetCookie(f *testing.F) {
	for _, field := range []string{
		"sid=1; Domain=example.com; Path=/", "__Host-sid=1; Path=/; Secure", " a b = c ; domain", "=__Host-x=1", "seen", "=a=b; Domain=x; domain=", ";;=;DOMAIN\t=\tx;",
		"__Host-Http-x=1; Secure", `x="a; Domain=example.com; b"`,
	} {
		f.Add(field)
	}
	f.Fuzz(func(t *testing.T, field string) {
		got := string(cookieOrigin.AppendSetCookie(nil, field))
		raw, want := jar(field)
		want = want && !disguise.MatchString(asciiLower(raw.sends()))
		kept, taken := jar(got)
		require.Equal(t, want, taken)
		if !want {
			require.Empty(t, got)
			return
		}
		require.Empty(t, kept.domain)
		require.Equal(t, browserGuard(raw.name), browserGuard(kept.name))
		require.Equal(t, raw.sends(), string(cookieOrigin.AppendCookies(nil, kept.sends())))
		require.Empty(t, string((&Origin{Backend: "another"}).AppendCookies(nil, kept.sends())), "another ESP gets nothing of it")
	})
}

// What servers would read as a guarded name, though browsers did not, or as
// several cookies, passes in neither direction.
func TestDisguisedCookies(t *testing.T) {
	o, ok := LookupPreset("sendgrid")
	require.True(t, ok)
	for _, pair := range []string{
		"==__Host-sid=1", "= =__Secure-sid=1", "\u2000__Host-sid=1", "\u00a0__host-sid=1", "\x85__Host-sid=1", "\v__Http-sid=1",
		"$Version=1,__Host-sid=1", "=$Version=1, sid=1", "\u3000$Path=/",
	} {
		require.Empty(t, o.AppendSetCookie(nil, pair+"; Path=/"), "%q", pair)
		require.Empty(t, string(o.AppendCookies(nil, "session=1; "+o.CookieMark()+pair)), "%q", pair)
	}
	for _, pair := range []string{"==a", "\u00e9t\u00e9=1", "sid=$1", "sid=__Host-a", "a__Host-b=1"} {
		set := string(o.AppendSetCookie(nil, pair))
		require.NotEmpty(t, set, "%q", pair)
		kept, _ := jar(set)
		raw, _ := jar(pair)
		require.Equal(t, raw.sends(), string(o.AppendCookies(nil, kept.sends())), "%q", pair)
	}
}
