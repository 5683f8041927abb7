package check

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
)

// noon is the time of the tests.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func parse(t *testing.T, site string) *core.Sites {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": `+site+`}}`))
	require.NoError(t, err)
	return sites
}

func TestWarnings(t *testing.T) {
	for site, want := range map[string]string{
		`{"esp": "customerio-eu", "cookies": "pass"}`:                                                                                        `gives track-eu.customer.io every cookie`,
		`{"esp": "custom", "origin": "http://track.example.net", "cookies": "pass"}`:                                                         "in clear text, since http://track.example.net",
		`{"esp": "iterable", "cookies": "pass"}`:                                                                                             "",
		`{"esp": "sendgrid", "when_esp_fails": "redirect", "destinations": ["example.com"]}`:                                                 `"when_esp_fails": "redirect" changes nothing`,
		`{"esp": "sendgrid", "when_esp_fails": "redirect", "learn": true, "destinations": ["example.com"]}`:                                  "",
		`{"esp": "sendgrid", "learn": true, "destinations": ["example.com"]}`:                                                                `"learn": true is not used by esp "sendgrid"`,
		`{"esp": "sendgrid", "clicks": "redirect", "destinations": ["example.com"]}`:                                                         `"clicks": "redirect" changes nothing`,
		`{"esp": "customerio-eu", "when_esp_fails": "redirect", "destinations": ["www.example.com"]}`:                                        "",
		`{"esp": "none", "keys": ["k1"], "destinations": ["example.com"]}`:                                                                   "",
		`{"esp": "ses-us-gov-west-1"}`:                                                                                                       `is asked at r.us-gov-west-1.awstrack.me, as SES is`,
		`{"esp": "ses-us-gov-west-1", "origin": "https://track.example.net"}`:                                                                "",
		`{"esp": "ses-us-west-1"}`:                                                                                                           "",
		`{"esp": "custom", "origin": "https://track.example.net", "headers": {"X-Postal-Track-Host": "1", "X-Brand": "some-brand-of-ours"}}`: "",
		`{"esp": "custom", "origin": "https://track.example.net", "headers": {"X-Site": "9f86d081884c7d65"}}`:                                `"headers": the value of "x-site" looks like a token`,
	} {
		list := Warnings(parse(t, site).Lookup("link.example.com"), noon)
		if want == "" {
			require.Empty(t, list, site)
			continue
		}
		require.Len(t, list, 1, site)
		require.Contains(t, list[0], want)
	}
}

// What a site has more in its lines of the log is said, with the secret and the
// date that it depends on.
func TestLog(t *testing.T) {
	until := networksUntil().Format(time.DateOnly)
	for site, want := range map[string]*Log{
		`{"esp": "sendgrid"}`:                                           nil,
		`{"esp": "sendgrid", "verdict": "headers"}`:                     nil,
		`{"esp": "sendgrid", "log_hashes": "h1"}`:                       {Hashes: "h1"},
		`{"esp": "sendgrid", "verdict": "network"}`:                     {Verdict: "network", NetworksUntil: until},
		`{"esp": "sendgrid", "log_hashes": "h1", "verdict": "network"}`: {Hashes: "h1", Verdict: "network", NetworksUntil: until},
	} {
		r := Of(parse(t, site), noon)
		require.Equal(t, want, r.Sites[0].Log, site)
		var out bytes.Buffer
		r.Text(&out)
		require.Equal(t, want != nil, bytes.Contains(out.Bytes(), []byte("CLICK LOG OF")), site)
		if want != nil {
			require.Equal(t, want.Hashes != "", bytes.Contains(out.Bytes(), []byte("with the secret h1 (on Fastly in secret store clickedge-keys)\n")), "%s", &out)
			require.Equal(t, want.Verdict != "", bytes.Contains(out.Bytes(), []byte("counts until "+until+"\n")), "%s", &out)
		}
		require.Empty(t, r.Warnings, site)
	}
}

// A table of networks whose rows have begun to count for nothing is warned of,
// from the day after the last on which all counted.
func TestOldNetworks(t *testing.T) {
	site := parse(t, `{"esp": "sendgrid", "verdict": "network"}`).Lookup("link.example.com")
	next := networksUntil().AddDate(0, 0, 1)
	require.Empty(t, Warnings(site, next.Add(-time.Second)))
	require.Equal(t, []string{`link.example.com: "verdict": "network": since ` + next.Format(time.DateOnly) +
		` some rows of the table of networks count for nothing (network_stale): build the module with a newer clickedge`}, Warnings(site, next))
	require.Empty(t, Warnings(parse(t, `{"esp": "sendgrid"}`).Lookup("link.example.com"), next), "a site that does not ask")
}

// A key that makes the hashes of one site must not sign the links of another.
func TestHashKeyThatSigns(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"a.example.com": {"esp": "sendgrid", "log_hashes": "k1"},
		"b.example.com": {"esp": "none", "keys": ["k0", "k1"], "destinations": ["example.com"], "log_hashes": "h1"}}}`))
	require.NoError(t, err)
	require.Equal(t, []string{`a.example.com: "log_hashes" is the key k1, which signs links of b.example.com: whoever mints them has its secret, and can find out what a hash was made of; name a key of its own`},
		Of(sites, noon).Warnings)
}

func TestOriginURL(t *testing.T) {
	for want, o := range map[string]core.Origin{
		"https://a.example":      {Address: "a.example", Port: 443, TLS: true},
		"https://a.example:8443": {Address: "a.example", Port: 8443, TLS: true},
		"http://a.example":       {Address: "a.example", Port: 80},
		"http://a.example:443":   {Address: "a.example", Port: 443},
	} {
		require.Equal(t, want, OriginURL(&o))
	}
}

// A site without an ESP has no backend: the report has no table of backends and
// no readings.
func TestReportOfSignedLinksOnly(t *testing.T) {
	r := Of(parse(t, `{"esp": "none", "keys": ["k2", "k1"], "destinations": ["example.com"]}`), noon)
	require.True(t, r.OK)
	require.Empty(t, r.Backends)
	require.Equal(t, "none", r.Sites[0].Clicks)
	var b bytes.Buffer
	r.Text(&b)
	require.Equal(t, "HOST              ESP   BACKEND  CLICKS  WHEN ESP FAILS  KEYS\n"+
		"link.example.com  none  -        none    none            k2,k1\n", b.String())
}

// An ESP that issues the certificate is named once, with all of its hosts.
func TestCertificatesOncePerESP(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"a.example.com": {"esp": "sendgrid"}, "b.example.com": {"esp": "customerio-eu"}, "c.example.com": {"esp": "customerio-eu"}}}`))
	require.NoError(t, err)
	list := Of(sites, noon).Certificates
	for _, c := range list {
		if c.ESP != "customerio-eu" && len(c.Hosts) == 2 {
			require.Equal(t, []string{"b.example.com", "c.example.com"}, c.Hosts)
			return
		}
	}
	require.Fail(t, "customer.io's hosts are not together", "%+v", list)
}

func TestFieldsAreCores(t *testing.T) {
	require.Len(t, Fields(), len(sitesjson.Fields()))
	var b bytes.Buffer
	PrintFields(&b)
	require.Contains(t, b.String(), "esp\n    ")
}

// Another link domain in the list is accepted, with a warning.
func TestOtherLinkDomainAsDestination(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"a.example.com": {"esp": "mailgun", "destinations": ["www.example.com", "b.example.com", "*.example.com"]}, "b.example.com": {"esp": "mailgun"}}}`))
	require.NoError(t, err)
	require.Equal(t, []string{`a.example.com: "destinations" lists b.example.com, which is a link domain of this file: a link that leads there is answered a second time, by that site`}, Of(sites, noon).Warnings)
}

// The report says whose form a custom origin's links have, and the names of its
// headers without their values.
func TestReportOfCustom(t *testing.T) {
	r := Of(parse(t, `{"esp": "custom", "origin": "https://klaviyo.example.net", "links": "sparkpost", "headers": {"X-B": "not shown", "X-A": "1"},
		"when_esp_fails": "redirect", "destinations": ["example.com"]}`), noon)
	require.Equal(t, "sparkpost", r.Sites[0].Links)
	require.Equal(t, []string{"x-a", "x-b"}, r.Sites[0].Headers)
	var b bytes.Buffer
	r.Text(&b)
	require.Contains(t, b.String(), "LINKS OF sparkpost, as link.example.com has them")
	require.NotContains(t, b.String(), "not shown")
	require.Empty(t, Of(parse(t, `{"esp": "sparkpost"}`), noon).Sites[0].Links)
}
