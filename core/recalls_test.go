package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/recall"
)

func rules(t testing.TB, pairs ...string) (l recall.Rules) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		from, fault := recall.ReadFrom(pairs[i])
		require.Empty(t, fault, pairs[i])
		l = l.Append(recall.Rule{From: from, To: pairs[i+1]})
	}
	return l
}

func recalling(t testing.TB, pairs ...string) *Site {
	o := espOrigin
	o.Family = esp.FamilySES
	return &Site{Host: "link.example.com", Origin: &o, Destinations: []destination.Pattern{{Host: "www.example.com"}}, Recalls: rules(t, pairs...)}
}

const corrected = "https://www.example.com/corrected"

// Which answers of an ESP are recalled.
func TestAfterAnswer(t *testing.T) {
	site := recalling(t, "https://shop.example.com/a", corrected, "https://shop.example.com/b", "", "http://link.example.com/x/y", corrected)
	click := "/CL0/https:%2F%2Fx.example%2F/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAA=452"
	for _, c := range []struct {
		method, target string
		status         int
		locations      string
		action         Action
		location       string
	}{
		{"GET", click, 301, list("https://shop.example.com/a"), Proxy, corrected},
		{"GET", click, 302, list("HTTPS:\\\\SHOP.example.com/a#b"), Proxy, corrected},
		{"GET", click, 303, list("", "https://shop.example.com/a"), Proxy, corrected},
		{"HEAD", click, 307, list("https://shop.example.com/a"), Proxy, corrected},
		{"GET", click, 308, list("https://shop.example.com/b"), Refuse, ""},
		{"GET", click, 302, list("https://other.example/", "https://shop.example.com/b"), Refuse, ""},
		{"GET", click, 302, list("//shop.example.com/c"), Proxy, ""},
		{"GET", click, 200, list("https://shop.example.com/a"), Proxy, ""},
		{"GET", click, 304, list("https://shop.example.com/a"), Proxy, ""},
		{"GET", click, 201, list("https://shop.example.com/a"), Proxy, ""},
		{"GET", click, 302, "", Proxy, ""},
		{"GET", click, 302, list("myapp://shop.example.com/a"), Proxy, ""},
		{"POST", click, 302, list("https://shop.example.com/a"), Proxy, ""},
		{"GET", "/x/1?a=/q/", 302, list("y"), Proxy, corrected},
		{"GET", "/x/1/2", 302, list("../y"), Proxy, corrected},
		{"GET", "/x/y", 302, list("#top"), Proxy, corrected},
		{"GET", "/x/y?a", 302, list("?"), Proxy, ""},
		{"GET", "/CI0/0100/x=1", 302, list("https://shop.example.com/a"), Proxy, ""}, // an open
	} {
		req := &Request{Method: c.method, Target: c.target}
		d := Decide(req, site, time.Unix(0, 0))
		d.AfterAnswer(req, site, c.status, c.locations, false)
		require.Equal(t, c.action, d.Action, "%+v", c)
		require.Equal(t, c.location, d.Location, "%+v", c)
		want := outcome.OK
		if c.location != "" || c.action == Refuse {
			want = outcome.Recalled
		}
		require.Equal(t, want, d.Code, "%+v", c)
	}
}

// A withdrawn link has the page's own status, whatever the ESP's was.
func TestRecalledAfterFailure(t *testing.T) {
	site := recalling(t, "https://shop.example.com/*", "")
	site.FailRedirect = true
	req := &Request{Method: "GET", Target: "/CL0/https:%2F%2Fshop.example.com%2Fa/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"}
	for _, a := range []Attempt{{Code: outcome.OK, Status: 503}, {Code: outcome.OK, Status: 1}, {Code: outcome.ESPTimeout}} {
		d := Decide(req, site, time.Unix(0, 0))
		d.AfterAttempt(req, site, &a)
		require.Equal(t, Refuse, d.Action)
		require.Equal(t, outcome.Recalled, d.Code)
		require.Zero(t, d.Status)
	}
}

// A rule meets what the grammar refuses as well, which no reader is sent to:
// the ESP may be retired, or down, and then nobody else could correct the link.
func TestRecallsWhatIsNotSent(t *testing.T) {
	for url, want := range map[string]string{
		"https://shop.example.com:8443/a":     corrected,
		"https://u@shop.example.com:8443/a#b": corrected,
		"https://shop.example.com:8443/a ":    corrected,
		"https://shop..example.com/":          corrected,
		"http://shop/":                        corrected,
		"https://shop.example.com:8443/b":     "",
		"https://sh\u00f6p.example/":          "",
		"https://shop.example.com:99999/a":    "",
	} {
		site := recalling(t, "https://shop.example.com:8443/a", corrected, "https://shop..example.com/", corrected, "http://shop/", corrected)
		site.FailRedirect = true
		req := &Request{Method: "GET", Target: "/CL0/" + destinationEscaped(url) + "/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"}
		require.Equal(t, want, AfterFailure(req, site, outcome.ESPTimeout).Location, url)
		site.Retired = LongRetired
		require.Equal(t, want, Decide(req, site, time.Unix(2, 0)).Location, url)
	}
}

// What says where a recalled answer led is taken out of it.
func TestRecalledAnswer(t *testing.T) {
	fields := map[string]string{"location": list("https://shop.example.com/a", "https://b.example/"), "cache-control": list("max-age=99"),
		"content-type": list("text/html"), "content-length": list("7"), "content-encoding": list("gzip"), "refresh": list("0; url=https://shop.example.com/a"),
		"link": list("<https://shop.example.com/a>; rel=canonical"), "x-own": list("1")}
	for _, connection := range []string{"", "close, cache-control, location"} {
		fields["connection"] = list(connection)
		d := Decision{Action: Proxy, Location: corrected, Recalled: "https://shop.example.com/a"}
		var edits, after Edits
		d.EditRecalled(edits.Add)
		edited := carried(&espOrigin, edits, fields)
		for _, status := range []int{301, 302, 308} {
			after = nil
			espOrigin.EditAnswer(status, have(edited), after.Add)
			require.Equal(t, map[string]string{"location": list(corrected), "cache-control": list("no-store"), "x-robots-tag": list("noindex"), "x-own": list("1")},
				carried(&espOrigin, after, edited))
		}
	}
}

// FuzzRecalls: whatever the rules and the answer of the ESP, a recalled reader
// is sent to a URL that the grammar and the site's list allow, or to none, and
// what is not recalled is as it would be without rules.
func FuzzRecalls(f *testing.F) {
	f.Add(string(rules(f, "https://shop.example.com/*", corrected)), "https://shop.example.com/a", uint16(302), true)
	f.Add(string(rules(f, "https://shop.example.com/*", "https://evil.example/")), "https://shop.example.com/a", uint16(301), false)
	f.Add(string(rules(f, "https://shop.example.com/*", "https://link.example.com/")), "//shop.example.com/a", uint16(308), false)
	f.Add(string(rules(f, "http://shop.example.com/*", "http://www.example.com/")), "http:\\shop.example.com/a", uint16(302), true)
	f.Fuzz(func(t *testing.T, text, to string, status uint16, fails bool) {
		with := recalling(t)
		with.ClickRedirect, with.FailRedirect = fails, true
		without := *with
		with.Recalls = recall.Rules(text)
		req := &Request{Method: "GET", Target: "/CL0/" + destinationEscaped(to) + "/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"}
		run := func(s *Site) (list [3]Decision) {
			list[0] = Decide(req, s, time.Unix(0, 0))
			list[1] = AfterFailure(req, s, outcome.ESPTimeout)
			if list[2] = list[0]; list[2].Action == Proxy {
				list[2].AfterAnswer(req, s, int(status), to+"\x00", true)
			}
			return list
		}
		plain := run(&without)
		for i, d := range run(with) {
			if d.Recalled == "" {
				require.Equal(t, plain[i], d)
				continue
			}
			require.Equal(t, outcome.Recalled, d.Code)
			require.Equal(t, d.Location == "", d.Action == Refuse)
			if d.Location != "" {
				dest, ok := destination.Parse(d.Location)
				require.True(t, ok)
				require.True(t, dest.TLS && dest.Host == "www.example.com", d.Location)
				require.Equal(t, dest.Host, LeadsTo(d.Location+"\x00", true, with.Host))
			}
			value, _ := header.Next(to)
			require.NotEmpty(t, value)
		}
	})
}

// destinationEscaped escapes a URL as SES does.
func destinationEscaped(url string) string {
	out := make([]byte, 0, 3*len(url))
	for i := range len(url) {
		if c := url[i]; destination.IsLabelByte(c) || c == '.' || c == ':' {
			out = append(out, c)
			continue
		}
		const hex = "0123456789ABCDEF"
		out = append(out, '%', hex[url[i]>>4], hex[url[i]&15])
	}
	return string(out)
}
