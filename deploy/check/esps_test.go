package check

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/sitesjson"
)

func site(t *testing.T, text string) *core.Site { return parse(t, text).Lookup("link.example.com") }

// One ESP is described as before: nothing says of it what it gets.
func TestOneESPHasNoTable(t *testing.T) {
	d := Describe(site(t, `{"esp": "mailgun"}`), noon)
	require.Nil(t, d.ESPs)
	require.Nil(t, d.Shared)
}

// Each ESP has the forms that core routes to it, and one has the rest.
func TestESPsAndWhatTheyGet(t *testing.T) {
	s := site(t, `{"esp": "customerio-eu", "also": [{"esp": "ses-eu-west-1", "clicks": "redirect"}, {"esp": "sendgrid", "retired": true}], "destinations": ["example.com"]}`)
	d := Describe(s, noon)
	require.Len(t, d.ESPs, 3)
	for i, e := range s.ESPs() {
		got := d.ESPs[i]
		require.Equal(t, e.ESP, got.ESP)
		require.Equal(t, i == 0, got.Rest)
		require.Equal(t, len(e.Origin.Family.Paths()), len(got.Gets))
		for k, path := range e.Origin.Family.Paths() {
			require.True(t, strings.HasPrefix(got.Gets[k].Path, path))
			require.Equal(t, e.ESP, s.For(strings.ReplaceAll(got.Gets[k].Path, "…", "x")).ESP, path)
		}
	}
	require.Equal(t, []string{"proxy", "redirect", "retired"}, []string{d.ESPs[0].Clicks, d.ESPs[1].Clicks, d.ESPs[2].Clicks})
	require.Equal(t, []string{"customerio-eu", "ses-eu-west-1", ""}, []string{d.ESPs[0].Backend, d.ESPs[1].Backend, d.ESPs[2].Backend}, "what is retired without a date needs no backend")
}

// A form that two of a site's ESPs have is named with who gets it, in either
// order, and core sends it there.
func TestSharedPaths(t *testing.T) {
	for _, text := range []string{`{"esp": "mailgun", "also": [{"esp": "iterable"}]}`, `{"esp": "iterable", "also": [{"esp": "mailgun"}]}`} {
		s := site(t, text)
		d := Describe(s, noon)
		require.Equal(t, []Shared{
			{Form{"/u/click", "click"}, "iterable", "", "mailgun", "", Form{"/u/…", "unsubscribe"}},
			{Form{"/u/o", "open"}, "iterable", "", "mailgun", "", Form{"/u/…", "unsubscribe"}},
			{Form{"/u/unsubscribe…", "unsubscribe"}, "iterable", "", "mailgun", "", Form{"/u/…", "unsubscribe"}},
		}, d.Shared)
		for _, o := range d.Shared {
			require.Equal(t, o.ESP, s.For(strings.TrimSuffix(o.Path, "…")).ESP)
		}
		require.Equal(t, "mailgun", s.For("/u/abc").ESP)
	}
	d := Describe(site(t, `{"esp": "sendgrid", "also": [{"esp": "custom", "origin": "https://postal.example.net", "links": "postal"}]}`), noon)
	require.NotEmpty(t, d.Shared)
	for _, o := range d.Shared {
		require.Equal(t, "sendgrid", o.ESP, o.Path)
		require.Equal(t, Form{"/…/…", "click"}, o.OtherForm)
		require.Equal(t, "postal", o.OtherLinks, "which of several that are custom")
	}
	require.Empty(t, Describe(site(t, `{"esp": "customerio-eu", "also": [{"esp": "sendgrid"}]}`), noon).Shared)
}

func textOf(t *testing.T, text string) string {
	var b bytes.Buffer
	Of(parse(t, text), noon).Text(&b)
	return b.String()
}

// Who gets what has nobody's form is said, whoever it is.
func TestTheRest(t *testing.T) {
	for text, want := range map[string]string{
		`{"esp": "custom", "origin": "https://track.example.net", "also": [{"esp": "sendgrid"}]}`: "custom    the rest     /health, verification and app-link files, and all that has no form of this table\n",
		`{"esp": "none", "also": [{"esp": "sendgrid"}]}`:                                          "none      the rest     what has no form of this table gets a page with status 404\n",
		`{"esp": "mailgun", "also": [{"esp": "sendgrid"}], "app_links": {"android": [{"relation": ["delegate_permission/common.handle_all_urls"],
		  "target": {"namespace": "android_app", "package_name": "com.example.app", "sha256_cert_fingerprints": ["14:6D:E9:83:C5:73:06:50:D8:EE:B9:95:2F:34:FC:64:16:A0:83:42:E6:1D:BE:A8:8A:04:96:B2:3F:CF:44:E5"]}}]}}`: `          the rest     /health, verification and those app-link files that "app_links" has not, and all`,
	} {
		require.Contains(t, textOf(t, text), want)
	}
}

// Retired: since when or from when on, and what becomes of clicks, opens and
// unsubscribes.
func TestRetired(t *testing.T) {
	of := func(also, more string) *Retired {
		d := Describe(site(t, `{"esp": "customerio-eu", "also": [`+also+`], "destinations": ["example.com"]`+more+`}`), noon)
		return d.ESPs[1].Retired
	}
	r := of(`{"esp": "sendgrid", "retired": true}`, "")
	require.Equal(t, &Retired{Now: true, Clicks: "a page with status 410 (retired): only the ESP can read where its links lead",
		Opens: "the pixel, from here; nobody counts them", Unsubscribes: "a page with status 410 (unsubscribe_retired), which says that nothing was done"}, r)
	require.Equal(t, "asked for nothing", r.When())
	r = of(`{"esp": "sparkpost", "retired": "2026-03-01"}`, "")
	require.True(t, r.Now, "from the start of its day")
	require.Equal(t, "asked for nothing since 2026-03-01, 00:00 UTC", r.When())
	require.Contains(t, r.Clicks, "redirected from the link, where it says where it leads, for certain or likely, and")
	require.Contains(t, r.Unsubscribes, "no form of them is known")
	r = of(`{"esp": "mailgun", "retired": "2026-03-02"}`, `, "unsubscribes": "http://preferences.example.com"`)
	require.False(t, r.Now)
	require.Equal(t, "asked for nothing from 2026-03-02 on, 00:00 UTC", r.When())
	require.Equal(t, "proxied to http://preferences.example.com, GET and POST, with target and body as they came", r.Unsubscribes)
	require.Nil(t, of(`{"esp": "mailgun"}`, ""))
	r = of(`{"esp": "sendgrid", "retired": true, "learn": true}`, "")
	require.Contains(t, r.Clicks, "redirected to where others were led before, where that was learned and")
}

func TestRetiredWarnings(t *testing.T) {
	const home = `, "home": "https://www.example.com/", "destinations": ["example.com"]}`
	for _, c := range []struct {
		site string
		want []string
	}{
		{`{"esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired": true}]` + home, []string{
			`link.example.com: also[0]: esp "sendgrid" is retired, and the site has no "unsubscribes": the unsubscribe links in its mail get a page that says that nothing was done. United States law (CAN-SPAM, 15 U.S.C. 7704(a)(3)) gives recipients 30 days`,
			`clicks in its mail get a page with status 410 (retired), since only the ESP can read where its links lead`}},
		{`{"esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired": true}], "unsubscribes": "https://preferences.example.com"}`, []string{
			`clicks in its mail get a page with status 410 (retired), without a way on, as the site has no "home", since`}},
		{`{"esp": "customerio-eu", "also": [{"esp": "mailgun", "retired": "2026-09-30"}]` + home, []string{
			`esp "mailgun" will be retired on 2026-09-30 (UTC), and the site has no "unsubscribes": the unsubscribe links in its mail will get`}},
		{`{"esp": "customerio-eu", "also": [{"esp": "mailgun", "retired": "2026-01-31"}], "unsubscribes": "https://preferences.example.com"` + home, nil},
		{`{"esp": "customerio-eu", "also": [{"esp": "mailgun", "retired": "2026-01-30"}], "unsubscribes": "http://preferences.example.com:8080"` + home, []string{
			`link.example.com: also[0]: "retired": "2026-01-30" is long past: write true, and the service needs no backend for esp "mailgun"`,
			`link.example.com: "unsubscribes": http://preferences.example.com:8080 is asked without TLS`}},
		{`{"esp": "customerio-eu", "also": [{"esp": "ses-eu-west-1", "retired": true}], "unsubscribes": "https://preferences.example.com"` + home, []string{
			`esp "ses-eu-west-1" is retired: no form of its unsubscribe links is known, so "unsubscribes" gets none of them`}},
		{`{"esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired": "2026-09-30"}], "unsubscribes": "https://preferences.example.com"` + home, []string{
			`can read where its links lead; "learn": true remembers until then where others are led`}},
		{`{"esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired": true, "learn": true}], "unsubscribes": "https://preferences.example.com"` + home, []string{
			`since only the ESP can read where its links lead, but for those of which that was learned while it was asked`}},
	} {
		list := Warnings(site(t, c.site), noon)
		require.Len(t, list, len(c.want), "%s\n%s", c.site, strings.Join(list, "\n"))
		for i, want := range c.want {
			require.Contains(t, list[i], want)
		}
	}
	_, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": {"esp": "customerio-eu", "also": [{"esp": "ses-eu-west-1", "retired": "2026-09-30"}]}}}`))
	require.ErrorContains(t, err, "destinations: is missing: clicks of the retired", "core refuses it, before and after the day")
}

// What is said of an ESP's origin is said of each ESP's, and not of one that is
// asked for nothing.
func TestWarningsAreAboutEachESP(t *testing.T) {
	for also, want := range map[string]string{
		`{"esp": "mailgun", "cookies": "pass"}`:             `link.example.com: also[0]: "cookies": "pass" gives mailgun.org every cookie that browsers send here, sessions of the parent domain included, and in clear text`,
		`{"esp": "sendgrid", "when_esp_fails": "redirect"}`: `also[0]: "when_esp_fails": "redirect" changes nothing with esp "sendgrid"`,
		`{"esp": "ses-us-gov-west-1"}`:                      `also[0]: esp "ses-us-gov-west-1" is asked at r.us-gov-west-1.awstrack.me`,
		`{"esp": "custom", "links": "postal", "origin": "https://p.example.net", "headers": {"X-A": "9f86d081884c7d65"}}`: `also[0]: "headers": the value of "x-a" looks like a token`,
	} {
		list := Warnings(site(t, `{"esp": "customerio-eu", "also": [`+also+`], "destinations": ["example.com"]}`), noon)
		require.Len(t, list, 1, also)
		require.Contains(t, list[0], want)
		retired := strings.TrimSuffix(also, "}") + `, "retired": "2026-02-20"}`
		for _, w := range Warnings(site(t, `{"esp": "customerio-eu", "also": [`+retired+`], "destinations": ["example.com"], "home": "https://www.example.com/"}`), noon) {
			require.Contains(t, w, "is retired since 2026-02-20")
		}
	}
	// Where links are learned it changes something, too.
	require.Empty(t, Warnings(site(t, `{"esp": "sendgrid", "learn": true, "when_esp_fails": "redirect", "destinations": ["example.com"]}`), noon))
	require.Contains(t, textOf(t, `{"esp": "sendgrid", "learn": true, "when_esp_fails": "redirect", "destinations": ["example.com"]}`),
		"all: SendGrid encrypts them: the ESP answers, or it was learned where others were led\n")
	// A setting of the site that helps one of its ESPs changes something.
	for _, text := range []string{
		`{"esp": "customerio-eu", "also": [{"esp": "sendgrid"}], "when_esp_fails": "redirect", "destinations": ["example.com"]}`,
		`{"esp": "sendgrid", "also": [{"esp": "customerio-eu"}], "when_esp_fails": "redirect", "destinations": ["example.com"]}`,
	} {
		require.Empty(t, Warnings(site(t, text), noon), text)
	}
	require.Len(t, Warnings(site(t, `{"esp": "sendgrid", "also": [{"esp": "iterable"}], "when_esp_fails": "redirect", "destinations": ["example.com"]}`), noon), 2)
}

// An ESP in also issues certificates, too, unless it is retired.
func TestCertificatesOfSeveralESPs(t *testing.T) {
	sites := parse(t, `{"esp": "sendgrid", "also": [{"esp": "mailgun"}, {"esp": "customerio-eu", "retired": "2026-04-01"}], "destinations": ["example.com"]}`)
	names := func(now time.Time) (list []string) {
		for _, c := range Of(sites, now).Certificates {
			require.Equal(t, []string{"link.example.com"}, c.Hosts)
			list = append(list, c.ESP)
		}
		return list
	}
	require.Equal(t, []string{"SendGrid", "Mailgun", "Customer.io"}, names(noon))
	require.Equal(t, []string{"SendGrid", "Mailgun"}, names(noon.AddDate(0, 1, 0)))
}

// deploy/docs/sites.md and RATIONALE.md name the ESPs of which no form of an
// unsubscribe link is known.
func TestNoFormOfUnsubscribes(t *testing.T) {
	var none []string
	for _, f := range esp.Families() {
		if !hasUnsubscribes(&core.Site{Origin: &core.Origin{Family: f}}) {
			none = append(none, f.String())
		}
	}
	require.Equal(t, []string{"sparkpost", "ses", "postmark", "postal"}, none)
}
