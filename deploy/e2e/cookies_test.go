package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// cookieESP is an ESP that sets cookies of every kind, allowed or not, and
// records what it was sent.
type cookieESP struct {
	mu   sync.Mutex
	sent wire.Header
	body string
}

// espCookies are what it sets: for the host, for the parent domain, with a
// guarded prefix, without a name.
var espCookies = []string{
	"sid=1; Path=/; HttpOnly",
	`prefs="a, b"; Domain=example.com; Path=/u; Max-Age=60`,
	"__Host-csrf=2; Path=/; Secure; SameSite=Strict",
	"seen",
	"gone=; domain=.example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
}

func (e *cookieESP) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	e.mu.Lock()
	e.sent, e.body = wire.RawHeader(q).Clone(), string(body)
	e.mu.Unlock()
	for _, set := range espCookies {
		w.Header().Add("Set-Cookie", set)
	}
	w.Header().Set("Clear-Site-Data", `"cookies"`)
	w.Header().Set("Location", "https://shop.example.com/")
	w.WriteHeader(http.StatusFound)
}

// cookieSite is one site and what must pass, written independently of core.
type cookieSite struct {
	host, esp, mode string
	fields          string // of sites.json
	authorization   bool
}

// cookieSites has every preset with its default mode and with each mode that
// can be set.
func cookieSites() (list []cookieSite) {
	for _, o := range core.Presets() {
		s := cookieSite{host: o.Preset + ".example.com", esp: o.Preset, mode: "own"}
		family := strings.TrimPrefix(o.Preset, "braze-")
		switch {
		case strings.HasPrefix(family, "ses-"), strings.HasPrefix(family, "sparkpost"):
			s.mode = "strip"
		case strings.HasPrefix(family, "iterable"):
			s.mode = "pass"
		}
		switch o.Preset {
		case "custom":
			s.fields, s.authorization = `, "origin": "https://custom.example.net"`, true
		case "postmark", "mandrill", "mailjet":
			s.fields = `, "origin": "https://` + o.Preset + `.example.net"`
		case "sparkpost-enterprise":
			s.fields = `, "tenant": "acme"`
		}
		list = append(list, s)
		for _, mode := range []string{"own", "strip", "pass"} {
			if mode == "pass" && strings.HasPrefix(family, "ses-") {
				continue // refused
			}
			asked := s
			asked.host, asked.mode, asked.fields = mode+"."+s.host, mode, s.fields+`, "cookies": "`+mode+`"`
			list = append(list, asked)
		}
	}
	return list
}

func cookieSitesJSON(t *testing.T, list []cookieSite) string {
	t.Helper()
	sites := map[string]json.RawMessage{}
	for _, s := range list {
		sites[s.host] = json.RawMessage(`{"esp": "` + s.esp + `"` + s.fields + `}`)
	}
	text, err := json.Marshal(map[string]any{"sites": sites})
	require.NoError(t, err)
	return string(text)
}

// browserCookies is what a browser sends: the brand's session, cookies with the
// ESP's prefix that a page of the parent domain forged, and those of the ESP.
func browserCookies(mark string) wire.Header {
	return wire.NewHeader(
		"Cookie", "session=secret; "+mark+"sid=1", "Accept", "*/*",
		"Cookie", `_ga=GA1.1; `+mark+`prefs="a, b"; __Host-`+mark+"csrf=2", "Cookie", mark+"=seen; "+mark+"__Host-csrf=tossed; "+mark+"sid=3",
		"Authorization", "Basic c2VjcmV0", "Fastly-Key", "token-of-the-operator", "Proxy-Authorization", "Basic c2VjcmV0", "X-Kept", "1")
}

// Every preset, by default and in every mode: which cookies and credentials
// reach the ESP, and which of its cookies come back.
func TestCookiesAndCredentialsOfEveryPreset(t *testing.T) {
	list := cookieSites()
	esp := &cookieESP{}
	text := cookieSitesJSON(t, list)
	r := newRig(t, text, func(cfg *hostsim.Config) {
		for name := range cfg.Backends {
			cfg.Backends[name] = hostsim.Backend{Handler: esp}
		}
	})
	for _, s := range list {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			t.Run(s.host+"/"+method, func(t *testing.T) { s.checkBoth(t, r, esp, method) })
		}
	}
}

func (s *cookieSite) checkBoth(t *testing.T, r *rig, esp *cookieESP, method string) {
	site := r.sites.Lookup(s.host)
	mark := site.Origin.CookieMark()
	header := browserCookies(mark)
	resp, x := r.do(t, hostsim.Request{Method: method, Host: s.host, Target: "/x", Header: header})
	require.Len(t, x.Sent, 1)
	require.Equal(t, s.sentCookies(header), esp.sent.Values("Cookie"))
	want := []string(nil)
	if s.authorization {
		want = []string{"Basic c2VjcmV0"}
	}
	require.Equal(t, want, esp.sent.Values("Authorization"))
	for _, gone := range []string{"Fastly-Key", "Proxy-Authorization"} {
		require.False(t, esp.sent.Has(gone), gone)
	}
	require.Equal(t, []string{"1"}, esp.sent.Values("X-Kept"))
	checkEdits(t, site, header, esp.sent)

	require.Equal(t, 302, resp.Status)
	require.Equal(t, s.setCookies(mark), resp.Header.Values("Set-Cookie"))
	require.Equal(t, s.mode == "pass", resp.Header.Has("Clear-Site-Data"))
	require.NotContains(t, clicks(x)[0], "secret")
}

func (s *cookieSite) sentCookies(header wire.Header) []string {
	switch s.mode {
	case "own":
		return []string{`sid=1; prefs="a, b"; __Host-csrf=2; seen; sid=3`}
	case "pass":
		return header.Values("Cookie")
	}
	return nil
}

func (s *cookieSite) setCookies(mark string) []string {
	switch s.mode {
	case "own":
		return []string{
			mark + "sid=1; Path=/; HttpOnly",
			mark + `prefs="a, b"; Path=/u; Max-Age=60`,
			"__Host-" + mark + "csrf=2; Path=/; Secure; SameSite=Strict",
			mark + "=seen",
			mark + "gone=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
		}
	case "pass":
		return espCookies
	}
	return nil
}

// checkEdits compares what arrived with what core's edits make of the request,
// field by field.
func checkEdits(t *testing.T, site *core.Site, before, after wire.Header) {
	t.Helper()
	values, names := map[string]string{"host": site.Host + "\x00"}, ""
	for _, f := range before {
		name := strings.ToLower(f.Name)
		values[name] += f.Value + "\x00"
		names += name + "\x00"
	}
	in := core.Arrival{Scheme: "http", Address: "127.0.0.1"}
	in.Headers.Read(names)
	var edits core.Edits
	site.EditRequest(site.Origin, &in, edits.Add)
	for _, e := range edits {
		switch e.Op {
		case core.EditRemove:
			delete(values, e.Name)
		case core.EditPass:
		default:
			values[e.Name] = string(site.Origin.AppendValues(nil, e, values[e.Name]))
		}
	}
	got := map[string]string{}
	for _, f := range after {
		got[strings.ToLower(f.Name)] += f.Value + "\x00"
	}
	delete(got, "content-length") // the host's, for a POST
	require.Equal(t, values, got)
}

// A request or answer without cookies is unchanged; a request whose cookies are
// all the brand's has no empty Cookie field.
func TestNoCookies(t *testing.T) {
	esp := &cookieESP{}
	r := newRig(t, `{"sites": {"link.example.com": {"esp": "sendgrid"}}}`, func(cfg *hostsim.Config) {
		cfg.Backends = map[string]hostsim.Backend{"sendgrid": {Handler: esp}}
	})
	for _, header := range []wire.Header{nil, wire.NewHeader("Cookie", "session=secret"), wire.NewHeader("Cookie", ""),
		wire.NewHeader("Cookie", "session=secret", "Connection", "cookie")} {
		r.do(t, hostsim.Request{Method: "GET", Host: "link.example.com", Target: "/x", Header: header})
		require.False(t, esp.sent.Has("Cookie"), "%q", header)
	}
}

// Cookies of a hundred kilobytes neither break the click nor are lost.
func TestManyCookies(t *testing.T) {
	esp := &cookieESP{}
	r := newRig(t, `{"sites": {"link.example.com": {"esp": "sendgrid"}}}`, func(cfg *hostsim.Config) {
		cfg.Backends = map[string]hostsim.Backend{"sendgrid": {Handler: esp}}
	})
	mark := r.sites.Lookup("link.example.com").Origin.CookieMark()
	var header wire.Header
	var want []string
	for i := range 20 {
		pair := string(rune('a'+i)) + "=" + strings.Repeat("x", 2500)
		want = append(want, pair)
		header = append(header, wire.Field{Name: "Cookie", Value: "session=" + strings.Repeat("s", 2500) + "; " + mark + pair})
	}
	resp, _ := r.do(t, hostsim.Request{Method: "GET", Host: "link.example.com", Target: "/x", Header: header})
	require.Equal(t, 302, resp.Status)
	require.Equal(t, []string{strings.Join(want, "; ")}, esp.sent.Values("Cookie"))
}

// The second origin belongs to the same ESP: it gets and sets the same cookies,
// with the same prefix.
func TestCookiesOfTheSecondOrigin(t *testing.T) {
	esp := &cookieESP{}
	r := newRig(t, `{"sites": {"link.example.com": {"esp": "custom", "origin": "https://a.example.net", "second_origin": "b.example.net"}}}`, func(cfg *hostsim.Config) {
		cfg.Backends = map[string]hostsim.Backend{"custom-b.example.net": {Handler: esp}}
	})
	site := r.sites.Lookup("link.example.com")
	mark := site.Origin.CookieMark()
	resp, x := r.do(t, hostsim.Request{Method: "GET", Host: "link.example.com", Target: "/x", Header: browserCookies(mark)})
	require.NotEmpty(t, x.Sent)
	require.Equal(t, []string{`sid=1; prefs="a, b"; __Host-csrf=2; seen; sid=3`}, esp.sent.Values("Cookie"))
	require.False(t, esp.sent.Has("Fastly-Key"))
	s := cookieSite{mode: "own"}
	require.Equal(t, s.setCookies(mark), resp.Header.Values("Set-Cookie"))
}

// An ESP that replaces another gets none of the other's cookies.
func TestCookiesOfTheESPBefore(t *testing.T) {
	esp := &cookieESP{}
	old, ok := core.LookupPreset("sendgrid")
	require.True(t, ok)
	r := newRig(t, `{"sites": {"link.example.com": {"esp": "customerio-eu"}}}`, func(cfg *hostsim.Config) {
		cfg.Backends = map[string]hostsim.Backend{"customerio-eu": {Handler: esp}}
	})
	r.do(t, hostsim.Request{Method: "GET", Host: "link.example.com", Target: "/x", Header: browserCookies(old.CookieMark())})
	require.False(t, esp.sent.Has("Cookie"))
}

// The request that tells the ESP of a click answered from the link has no
// session cookie of the reader either.
func TestCookiesOfAClickThatIsTold(t *testing.T) {
	esp := &cookieESP{}
	r := newRig(t, `{"sites": {"link.example.com": {"esp": "customerio-eu", "clicks": "redirect", "destinations": ["shop.example.com"]}}}`, func(cfg *hostsim.Config) {
		cfg.Backends = map[string]hostsim.Backend{"customerio-eu": {Handler: esp}}
	})
	i := slices.IndexFunc(loadLinks(t), func(l linkEntry) bool {
		return l.ESP == "customerio" && strings.HasPrefix(l.Destination, "https://shop.example.com/")
	})
	require.GreaterOrEqual(t, i, 0)
	resp, x := r.do(t, hostsim.Request{Method: "GET", Host: "link.example.com", Target: loadLinks(t)[i].Path,
		Header: wire.NewHeader("Cookie", "session=secret", "Authorization", "Bearer secret")})
	require.Equal(t, 302, resp.Status)
	require.Equal(t, "redirect", parse(t, clicks(x)[0]).Action)
	require.Len(t, x.Sent, 1, "the ESP is told")
	require.False(t, esp.sent.Has("Cookie") || esp.sent.Has("Authorization"))
	require.Empty(t, resp.Header.Values("Set-Cookie"))
}
