package core

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
)

func TestAgreement(t *testing.T) {
	const ours = "https://shop.example.com/a b?c=d e"
	for _, c := range []struct {
		ours           string
		status         int
		theirs         string
		agrees, toward string
	}{
		{ours, 302, ours, "yes", ""},
		{ours, 307, "HTTPS://Shop.Example.com:443/a%20b?c=d%20e", "yes", ""},
		{ours, 302, "https://shop.example.com/a%20b?c=d%20e#part", "yes", ""},
		{"https://shop.example.com", 302, "https://shop.example.com/", "yes", ""},
		{"https://shop.example.com?x", 302, "https://shop.example.com/?x", "yes", ""},
		{"https://shop.example.com/%e2%82", 302, "https://shop.example.com/\xe2\x82", "yes", ""},
		{"https://shop.example.com/", 302, "https:\\\\shop.example.com", "yes", ""},
		{ours, 302, "https://shop.example.com/other", "no", "shop.example.com"},
		{ours, 302, "https://shop.example.com/a+b?c=d%20e", "no", "shop.example.com"},
		{ours, 302, "https://evil.example/", "no", "evil.example"},
		{ours, 302, "http://shop.example.com/a b?c=d e", "no", "shop.example.com"},
		{ours, 302, "https://shop.example.com:8443/a b?c=d e", "no", "shop.example.com"},
		{ours, 302, "/error", "no", "link.example.com"},
		{ours, 302, "myapp://open", "no", ""},
		// What anybody can make the ESP answer says nothing of where the link
		// leads.
		{ours, 200, "", "", ""},
		{ours, 200, "https://evil.example/", "", ""},
		{ours, 400, "", "", ""},
		{ours, 404, "", "", ""},
		{ours, 431, "", "", ""},
		{ours, 304, "https://evil.example/", "", ""},
		{ours, 300, "https://evil.example/", "", ""},
		{ours, 302, "", "", ""},
		{ours, 302, "https://a b/", "", ""},
	} {
		agrees, toward := Agreement(c.ours, c.status, c.theirs, true, "link.example.com")
		require.Equal(t, []string{c.agrees, c.toward}, []string{agrees, toward}, "%d %s", c.status, c.theirs)
	}
}

func TestStatusesOfAnESP(t *testing.T) {
	for status, want := range map[int][2]bool{ // unusable, failed
		0: {true, true}, 99: {true, true}, 100: {true, true}, 101: {true, true}, 103: {true, true}, 199: {true, true},
		200: {}, 204: {}, 205: {}, 302: {}, 304: {}, 404: {}, 431: {}, 429: {false, true}, 500: {false, true}, 599: {false, true},
		600: {true, true}, 999: {true, true},
	} {
		require.Equal(t, want, [2]bool{unusable(status), failed(status)}, status)
	}
}

// list writes values as a field has them here.
func list(values ...string) (text string) {
	for _, v := range values {
		text += v + "\x00"
	}
	return text
}

// carried carries edits out on a message that has these fields, and returns the
// fields that it has afterwards.
func carried(o *Origin, edits Edits, fields map[string]string) map[string]string {
	got := map[string]string{}
	for name, values := range fields {
		got[name] = values
	}
	for _, e := range edits {
		switch e.Op {
		case EditRemove:
			delete(got, e.Name)
		case EditRemoveNamed:
			value, _ := header.Next(got[e.Name])
			for name, rest := NamedByConnection(value); name != ""; name, rest = NamedByConnection(rest) {
				delete(got, destination.Lower(name))
			}
		case EditRemoveAliases:
			for name := range fields {
				if alias, _ := o.NextAlias(name + "\x00"); alias != "" {
					delete(got, name)
				}
			}
		case EditPass:
		default:
			got[e.Name] = string(o.AppendValues(nil, e, got[e.Name]))
			if got[e.Name] == "" {
				delete(got, e.Name)
			}
		}
	}
	return got
}

// have is the set of these fields.
func have(fields map[string]string) (h header.Set) {
	names := ""
	for name := range fields {
		names += name + "\x00"
	}
	h.Read(names)
	return h
}

var espOrigin = Origin{Backend: "customerio-eu", Address: "track-eu.customer.io", Family: esp.FamilyCustomerIO}

func answered(t *testing.T, o *Origin, status int, fields map[string]string) map[string]string {
	t.Helper()
	var edits Edits
	o.EditAnswer(status, have(fields), edits.Add)
	return carried(o, edits, fields)
}

// A redirect that browsers would keep by themselves gets no-store; what the ESP
// says of keeping stands.
func TestRedirectIsNotKeptUnasked(t *testing.T) {
	for cc, kept := range map[string]bool{
		"": true, " ": true, ",": true, "no-transform": true, "must-revalidate, no-transform": true,
		"no-store": false, "No-Store": false, "max-age=0": false, "max-age = 60": false, "x, private": false, "public": false, "no-cache=\"set-cookie\"": false,
	} {
		for _, status := range []int{301, 308} {
			want := list(cc)
			if kept {
				want = list("no-store")
			}
			require.Equal(t, want, answered(t, &espOrigin, status, map[string]string{"cache-control": list(cc)})["cache-control"], "%d %q", status, cc)
		}
		for _, status := range []int{200, 302, 303, 304, 307, 404} {
			require.Equal(t, list(cc), answered(t, &espOrigin, status, map[string]string{"cache-control": list(cc)})["cache-control"], "%d %q", status, cc)
		}
	}
	require.Equal(t, list("no-transform", "max-age=9"), answered(t, &espOrigin, 301, map[string]string{"cache-control": list("no-transform", "max-age=9")})["cache-control"])
	for status, want := range map[int]string{200: "", 204: "", 301: list("no-store"), 302: list("no-store"), 303: list("no-store"), 307: list("no-store"), 308: list("no-store"), 304: "", 404: "", 503: ""} {
		require.Equal(t, want, answered(t, &espOrigin, status, nil)["cache-control"], status)
	}
}

// No search engine lists a link, unless the ESP says otherwise.
func TestAnswerIsNotIndexed(t *testing.T) {
	require.Equal(t, list("noindex"), answered(t, &espOrigin, 200, nil)["x-robots-tag"])
	require.Equal(t, list("all"), answered(t, &espOrigin, 200, map[string]string{"x-robots-tag": list("all")})["x-robots-tag"])
}

// What Connection names is gone before it is looked at what the answer lacks.
// What the reader cannot do without stays.
func TestConnectionUndoesNoEdit(t *testing.T) {
	require.Equal(t, map[string]string{"cache-control": list("no-store"), "x-robots-tag": list("noindex"), "location": list("https://a.example/"),
		"content-type": list("text/html"), "x-kept": list("1")},
		answered(t, &espOrigin, 302, map[string]string{
			"connection":    list("close, Cache-Control, X-Robots-Tag, x-own, Location,, content-type, keep-alive"),
			"cache-control": list("max-age=9"), "x-robots-tag": list("all"), "x-own": list("1"), "location": list("https://a.example/"),
			"content-type": list("text/html"), "keep-alive": list("timeout=5"), "x-kept": list("1"), "trailer": list("x"),
		}))
}

// Cookies of an answer, in each mode.
func TestAnswerCookies(t *testing.T) {
	mark := espOrigin.CookieMark()
	fields := map[string]string{"set-cookie": list("a=1; Domain=example.com; Path=/", "", "__Host-b=2"), "clear-site-data": list(`"cookies"`)}
	for mode, want := range map[Cookies]map[string]string{
		CookiesOwn:   {"set-cookie": list(mark+"a=1; Path=/", "__Host-"+mark+"b=2"), "x-robots-tag": list("noindex")},
		CookiesStrip: {"x-robots-tag": list("noindex")},
		CookiesPass:  {"set-cookie": fields["set-cookie"], "clear-site-data": fields["clear-site-data"], "x-robots-tag": list("noindex")},
	} {
		o := espOrigin
		o.Cookies = mode
		require.Equal(t, want, answered(t, &o, 200, fields), mode)
	}
}

func TestLeadsTo(t *testing.T) {
	for want, values := range map[string]string{
		"shop.example.com": list("https://shop.example.com/a", "https://evil.example/"),
		"second.example":   list("", "HTTPS://Second.example"),
		"link.example.com": list("/a"),
		"":                 "",
	} {
		require.Equal(t, want, LeadsTo(values, true, "link.example.com"), "%q", values)
	}
}
