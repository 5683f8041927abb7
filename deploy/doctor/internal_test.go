package doctor

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/internal/doctortest"
	"github.com/clickedge/clickedge/hostsim/wire"
)

func TestHit(t *testing.T) {
	for name, c := range map[string]struct {
		header wire.Header
		hit    bool
	}{
		"nothing":                {nil, false},
		"Fastly, hit":            {wire.NewHeader("X-Cache", "MISS, HIT"), true},
		"Fastly, miss":           {wire.NewHeader("X-Cache", "MISS, MISS", "Age", "0"), false},
		"CloudFront, hit":        {wire.NewHeader("X-Cache", "Hit from cloudfront"), true},
		"CloudFront, miss":       {wire.NewHeader("X-Cache", "Miss from cloudfront"), false},
		"Cloudflare, hit":        {wire.NewHeader("CF-Cache-Status", "HIT"), true},
		"Cloudflare, dynamic":    {wire.NewHeader("CF-Cache-Status", "DYNAMIC"), false},
		"Cloudflare, updating":   {wire.NewHeader("CF-Cache-Status", "UPDATING"), true},
		"nginx, as is customary": {wire.NewHeader("X-Cache-Status", "HIT"), true},
		"RFC 9211, hit":          {wire.NewHeader("Cache-Status", "edge; hit; ttl=30"), true},
		"RFC 9211, forwarded":    {wire.NewHeader("Cache-Status", "edge; fwd=miss"), false},
		"Age":                    {wire.NewHeader("Age", "7"), true},
		"Age 0":                  {wire.NewHeader("Age", "0"), false},
	} {
		require.Equal(t, c.hit, (&answer{header: c.header}).hit() != "", name)
	}
}

func TestLifetime(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		header wire.Header
		want   time.Duration
	}{
		"nothing":         {nil, 0},
		"max-age":         {wire.NewHeader("Cache-Control", "public, max-age=3600"), time.Hour},
		"for shared ones": {wire.NewHeader("Cache-Control", "max-age=0, s-maxage=60"), time.Minute},
		"two fields":      {wire.NewHeader("Cache-Control", "public", "Cache-Control", "max-age=60"), time.Minute},
		"no-store wins":   {wire.NewHeader("Cache-Control", "max-age=60, no-store"), 0},
		"Expires":         {wire.NewHeader("Expires", "Sun, 22 Nov 2026 09:00:00 GMT"), time.Hour},
		"Expires, past":   {wire.NewHeader("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"), 0},
		"Expires loses":   {wire.NewHeader("Expires", "Sun, 22 Nov 2026 09:00:00 GMT", "Cache-Control", "private"), 0},
		"no number":       {wire.NewHeader("Cache-Control", "max-age=soon"), 0},
		"for ever":        {wire.NewHeader("Cache-Control", "max-age=99999999999"), 10 * 365 * 24 * time.Hour},
	} {
		require.Equal(t, c.want, lifetime(&answer{header: c.header}, now), name)
	}
}

// TestLifetimeField: what is said of a lifetime names the field that it was
// read from.
func TestLifetimeField(t *testing.T) {
	for want, header := range map[string]wire.Header{
		"nothing of it":                            nil,
		`Cache-Control: "public, max-age=60"`:      wire.NewHeader("Cache-Control", "public", "Cache-Control", "max-age=60", "Expires", "0"),
		`Expires: "Sun, 22 Nov 2026 09:00:00 GMT"`: wire.NewHeader("Expires", "Sun, 22 Nov 2026 09:00:00 GMT"),
	} {
		require.Equal(t, want, lifetimeField(&answer{header: header}))
	}
}

func TestHSTS(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, "max-age=0": false, `max-age="0"; includeSubDomains`: false, "includeSubDomains": false,
		"max-age=31536000": true, "includeSubDomains; Max-Age=60": true, `max-age="60"`: true,
	} {
		require.Equal(t, want, hsts(value), value)
	}
}

func TestGate(t *testing.T) {
	page := func(status int, text string, fields ...string) *answer {
		return &answer{status: status, body: []byte(text), header: append(wire.NewHeader("Content-Type", "text/html"), wire.NewHeader(fields...)...)}
	}
	for want, answers := range map[string][]*answer{
		"": {page(200, "ok"), page(404, "Not Found"), page(403, "Invalid link security token"), page(302, "", "Location", "https://a.example/")},
		"cdn-host-unknown": {
			page(500, "Fastly error: unknown domain: link.example.com. Please check that this domain has been added to a service."),
			page(421, ""), page(200, "<h1>Welcome to nginx!</h1>"), page(530, "error code: 1001"),
		},
		"origin-tls-failed":          {page(525, ""), page(502, "<small>502 · esp_tls · abc</small>"), page(503, "SSL handshake failed")},
		"origin-certificate-refused": {page(526, ""), page(503, "hostname doesn't match against certificate"), page(503, "certificate has expired")},
		"origin-unreachable":         {page(502, "Bad Gateway"), page(504, ""), page(522, ""), page(530, "error code: 1016"), page(502, "<small>502 · esp_unreachable</small>")},
		"filter-challenge":           {page(403, "Just a moment...", "cf-mitigated", "challenge"), page(202, "", "x-amzn-waf-action", "challenge")},
		"filter-refuses-all":         {page(403, "The request could not be satisfied. Request blocked."), page(403, "<title>Attention Required! | Cloudflare</title>")},
	} {
		for _, a := range answers {
			require.Equal(t, want, a.errorPage(), "%d %s", a.status, a.body)
		}
	}
}

// TestMadeUpLinksAreLinks makes sure that what is made up has the form of a
// link, that it leads to nobody where it can be read, and that nobody is
// unsubscribed by it.
func TestMadeUpLinksAreLinks(t *testing.T) {
	for _, origin := range core.Presets() {
		links := testLinksOf(&origin)
		f := origin.Family
		if f != esp.FamilyCustom {
			require.Equal(t, esp.KindClick, f.Kind(links.click), "%s %s", origin.Preset, links.click)
			require.Equal(t, esp.KindOpen, f.Kind(links.open), "%s %s", origin.Preset, links.open)
		}
		if to, reading := f.Destination(links.click); reading != esp.Unread {
			require.Equal(t, testURL, to, origin.Preset)
		}
		if r := f.Read(links.click); r.Region != "" {
			require.Equal(t, esp.SESRegion(origin.Address), r.Region)
		}
		for _, target := range []string{links.click, links.open, links.post, links.withOddBytes(), links.cutAtPercent()} {
			require.Empty(t, unsubscribes(&Options{ESP: origin.Preset}, target), target)
			require.Less(t, len(target), 1000)
			require.Equal(t, byte('/'), target[0])
			require.False(t, strings.ContainsAny(target, " \r\n"), target)
		}
	}
}

// Of self-hosted senders the form of the links is known, and no more.
func TestMadeUpLinksByForm(t *testing.T) {
	for _, f := range []esp.Family{esp.FamilyMautic, esp.FamilyListmonk, esp.FamilyPostal} {
		s := Sender{ESP: core.PresetCustom, Site: &core.Origin{Preset: core.PresetCustom, Family: f}}
		o := s.origin()
		links := testLinksOf(&o)
		require.Equal(t, esp.KindClick, f.Kind(links.click), links.click)
		require.Equal(t, esp.KindOpen, f.Kind(links.open), links.open)
		x := &exam{opt: Options{Also: []Sender{s}}, esp: identity{known: true, preset: core.Origin{Family: esp.FamilySendGrid}}}
		require.Same(t, &x.opt.Also[0], x.ownerOf(links.click))
		for _, target := range []string{links.click, links.open} {
			require.Empty(t, unsubscribes(&Options{ESP: "sendgrid", Also: []Sender{s}}, target))
			require.Contains(t, target, testID)
		}
	}
}

// Of any two presets that may be on one host, the made-up links of each go to
// that one, and none is taken for an unsubscribe link of the other.
func TestMadeUpLinksAreOfTheirESP(t *testing.T) {
	pairs := 0
	for _, first := range core.Presets() {
		for _, second := range core.Presets() {
			opt := Options{Host: "link.example.com", ESP: first.Preset, Also: []Sender{{ESP: second.Preset}}}
			opt, err := opt.completed()
			if err != nil {
				require.ErrorIs(t, err, ErrOptions)
				continue
			}
			pairs++
			x := &exam{opt: opt, esp: identity{known: true, preset: first}}
			for _, target := range []string{testLinksOf(&first).click, testLinksOf(&first).open} {
				require.Nil(t, x.ownerOf(target), "%s beside %s: %s", first.Preset, second.Preset, target)
			}
			for _, target := range []string{testLinksOf(&second).click, testLinksOf(&second).open} {
				require.Same(t, &x.opt.Also[0], x.ownerOf(target), "%s beside %s: %s", second.Preset, first.Preset, target)
			}
		}
	}
	require.Greater(t, pairs, 500)
}

// TestSpent breaks an examination off in the middle: what was not asked must
// not become a finding.
func TestSpent(t *testing.T) {
	s := doctortest.Setup{Preset: "customerio-eu"}
	r := s.Start(t)
	for i := range 12 {
		left, also := []int{0, 1, 3, 7, 12, 20}[i/2], []Sender(nil)
		if i%2 > 0 {
			also = []Sender{{ESP: "mailgun"}, {ESP: "sendgrid", Retired: true}}
		}
		x, err := newExam(context.Background(), Options{
			Host: r.Host, ESP: r.Origin.Preset, Also: also, Resolvers: r.Resolvers, Roots: r.Roots, Dial: r.Dial, Origin: OriginPreset, Slow: time.Hour,
		})
		require.NoError(t, err)
		x.bounds.requests = MaxRequests + x.bounds.further - left
		report, err := x.run()
		require.NoError(t, err)
		require.Empty(t, report.Worrying(), left)
		require.NotEmpty(t, report.Skipped, left)
		require.LessOrEqual(t, report.Requests, MaxRequests+RequestsPerESP*len(also))
	}
}

func TestParents(t *testing.T) {
	for host, want := range map[string][]string{
		"link.example.com": {"example.com"}, "a.b.example.co.uk": {"b.example.co.uk", "example.co.uk"}, "example.com": nil, "com": nil,
	} {
		require.Equal(t, want, parents(host), host)
	}
}

// FuzzLocation holds location against net/url where that reads the same text at
// all.
func FuzzLocation(f *testing.F) {
	for _, s := range []string{"https://link.example.com/a?b=c#d", "//x.example/a", "/a", "a", "http:/x", "https://x.example", "HTTPS://X.example:443?q", "%", "https://a\\b/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		scheme, host, target := location(s)
		require.True(t, strings.HasPrefix(target, "/"))
		require.NotContains(t, target, "#")
		require.NotContains(t, host, "/")
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" || strings.ContainsAny(s, "\\[]%") {
			return
		}
		require.Equal(t, core.CanonicalHost(u.Host), host)
		require.Equal(t, u.Scheme, scheme)
	})
}

func TestSoftware(t *testing.T) {
	for field, want := range map[string]string{
		"nginx/1.22.1": catalogue.Nginx, "openresty": catalogue.Nginx, "Apache/2.4.62 (Debian)": catalogue.Apache, "Caddy": catalogue.Caddy, "Varnish": catalogue.Varnish, "": "", "cloudflare": "", "msys-http": "",
	} {
		require.Equal(t, want, softwareOf(field), field)
	}
}
