package doctor

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/failure"
)

// target is what the options say of host and place.
type target struct {
	host, via   string
	http, https int
}

func TestTakeTarget(t *testing.T) {
	const notOpened = "link.example.com is examined; the link is not opened, as that counts a click: --link opens it, once"
	for name, c := range map[string]struct {
		args  []string
		given Options
		want  target
		notes []string
	}{
		"a host":                {[]string{"link.example.com"}, Options{}, target{"link.example.com", "", 0, 0}, nil},
		"a link":                {[]string{"https://link.example.com/e/c/x"}, Options{}, target{"link.example.com", "", 0, 0}, []string{notOpened}},
		"a port of https":       {[]string{"https://link.example.com:8443/"}, Options{}, target{"link.example.com", "", 0, 8443}, nil},
		"a port of http":        {[]string{"http://link.example.com:8080/"}, Options{}, target{"link.example.com", "", 8080, 0}, nil},
		"the flag goes first":   {[]string{"https://link.example.com:8443/"}, Options{HTTPSPort: 9443}, target{"link.example.com", "", 0, 9443}, nil},
		"a machine, by curl":    {[]string{"curl", "-H", "Host: link.example.com", "http://127.0.0.1:7676/"}, Options{}, target{"link.example.com", "127.0.0.1", 7676, 0}, []string{"it is asked at 127.0.0.1:7676, as the URL says"}},
		"another machine given": {[]string{"curl", "-H", "Host: link.example.com", "http://127.0.0.1:7676/"}, Options{Via: "192.0.2.1"}, target{"link.example.com", "192.0.2.1", 0, 0}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.given
			notes, err := o.TakeTarget(c.args)
			require.NoError(t, err)
			require.Equal(t, c.want, target{o.Host, o.Via, o.HTTPPort, o.HTTPSPort})
			require.Equal(t, c.notes, notes)
		})
	}
	_, err := new(Options).TakeTarget([]string{"https:///"})
	require.Equal(t, failure.ExitUsage, failure.Of(err).Exit)
}

func TestTakeSite(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"a.example.com": {"esp": "sendgrid"},
		"b.example.com": {"esp": "none", "home": "https://www.example.com/", "keys": ["k1"], "signed_links": "anywhere"}}}`))
	require.NoError(t, err)
	o := Options{ESP: "ses-us-east-1", Origin: OriginPreset}
	o.TakeSite(sites.Lookup("b.example.com"), time.Now())
	require.Equal(t, "ses-us-east-1", o.ESP, "no ESP stands behind it")
	o.TakeSite(sites.Lookup("a.example.com"), time.Now())
	require.Equal(t, "sendgrid", o.ESP)
	require.Equal(t, OriginPreset, o.Origin, "the preset has an address")
}

// What a site says of its origin is how the doctor asks it: another address
// than the preset's, its Host, and its own request fields.
func TestTakeSiteWithItsOrigin(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"a.example.com": {"esp": "custom", "origin": "https://postal.example.net", "headers": {"X-Postal-Track-Host": "1", "X-Brand": "b"}},
		"b.example.com": {"esp": "ses-us-gov-west-1", "origin": "https://track.example.net:8443", "x_forwarded_host": true},
		"c.example.com": {"esp": "ses-us-gov-west-1"},
		"d.example.com": {"esp": "custom", "origin": "https://track.example.net", "host": "origin"}}}`))
	require.NoError(t, err)
	for host, want := range map[string][4]string{
		"a": {"https://postal.example.net", "link.example.com", "", "1"},
		"b": {"https://track.example.net:8443", "link.example.com", "link.example.com", ""},
		"c": {OriginPreset, "link.example.com", "", ""},
		"d": {"https://track.example.net", "track.example.net", "", ""},
	} {
		o := Options{Origin: OriginPreset}
		o.TakeSite(sites.Lookup(host+".example.com"), time.Now())
		got := seenByOrigin(t, o)
		require.Equal(t, want, [4]string{o.Origin, got.Host, got.Header.Get("X-Forwarded-Host"), got.Header.Get("X-Postal-Track-Host")}, host)
	}
	o := Options{Origin: OriginPreset}
	o.TakeSite(sites.Lookup("a.example.com"), time.Now())
	o.ESP = "sendgrid"
	require.Empty(t, seenByOrigin(t, o).Header.Get("X-Postal-Track-Host"), "it is another ESP")
}

// seenByOrigin is what an origin that is asked directly gets.
func seenByOrigin(t *testing.T, o Options) (got *http.Request) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	defer server.Close()
	o.Host, o.Timeout, o.Dial = "link.example.com", time.Minute, (&net.Dialer{}).DialContext
	x := &exam{ctx: t.Context(), opt: o, report: &report.Report{}, bounds: bounds{until: time.Now().Add(time.Minute)}}
	x.esp.preset, _ = core.LookupPreset(o.ESP)
	d := x.originAt(server.URL, &core.Origin{})
	d.name = o.Site.Address
	require.NoError(t, d.ask(d.correct("/x")).err)
	return got
}

// The ESPs of a site are those of a day: a retired one is asked for nothing from
// its date on.
func TestTakeSiteWithSeveralESPs(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"a.example.com": {"esp": "mailgun", "destinations": ["example.com"], "unsubscribes": "https://preferences.example.com", "also": [
			{"esp": "sendgrid", "retired": "2026-12-01"}, {"esp": "mailjet", "origin": "https://track.example.net"},
			{"esp": "custom", "origin": "https://mautic.example.net", "links": "mautic", "retired": true}]},
		"b.example.com": {"esp": "none", "also": [{"esp": "mailjet", "origin": "https://track.example.net"}, {"esp": "sendgrid"}]},
		"c.example.com": {"esp": "none", "also": [{"esp": "sendgrid", "retired": true}]}}}`))
	require.NoError(t, err)
	day := func(day int) time.Time { return time.Date(2026, 12, day, 0, 0, 0, 0, time.UTC) }
	of := func(host string, now time.Time) *Options {
		o := &Options{Host: host, Origin: OriginPreset}
		o.TakeSite(sites.Lookup(host), now)
		_, err := o.completed()
		require.NoError(t, err)
		return o
	}
	o := of("a.example.com", day(1).Add(-time.Second))
	require.Equal(t, []string{"mailgun", "sendgrid", "mailjet", "custom (retired)"}, o.Names())
	require.Equal(t, "https://track.example.net", o.Also[1].Origin)
	require.Equal(t, "mautic", o.Also[2].Site.Family.String())
	require.Equal(t, "https://preferences.example.com", o.Unsubscribes)
	require.Equal(t, []string{"mailgun", "mailjet", "sendgrid (retired)", "custom (retired)"}, of("a.example.com", day(1)).Names())

	o = of("b.example.com", day(1))
	require.Equal(t, []string{"mailjet", "sendgrid"}, o.Names())
	require.True(t, o.LinksOnly)
	require.Equal(t, "https://track.example.net", o.Origin)

	o = of("c.example.com", day(1))
	require.Equal(t, []string{"sendgrid (retired)"}, o.Names())
}

func TestTakeESPs(t *testing.T) {
	take := func(presets []string, origins ...string) (Options, error) {
		o := Options{Origin: OriginPreset}
		o.TakeESPs(presets)
		err := o.TakeOrigins(origins)
		return o, err
	}
	o, err := take([]string{"mailgun", "sendgrid", "ses-us-east-1"}, "preset", "sendgrid=127.0.0.1:1")
	require.NoError(t, err)
	require.Equal(t, Options{ESP: "mailgun", Origin: OriginPreset, Also: []Sender{{ESP: "sendgrid", Origin: "127.0.0.1:1"}, {ESP: "ses-us-east-1"}}}, o)
	o, err = take([]string{"mailgun", "sendgrid"}, "mailgun=127.0.0.1:1")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1", o.Origin)
	o, err = take(nil, "none")
	require.NoError(t, err)
	require.Equal(t, OriginNone, o.Origin)
	_, err = take([]string{"mailgun"}, "sendgrid=127.0.0.1:1")
	require.ErrorContains(t, err, `--origin names "sendgrid", which is no ESP of this host`)
	_, err = take([]string{"mailgun"}, "127.0.0.1:1", "mailgun=127.0.0.1:2")
	require.ErrorContains(t, err, "--origin is given twice")
	// "preset" does not undo the address of a site.
	o = Options{Origin: "https://track.example.net"}
	require.NoError(t, o.TakeOrigins([]string{"preset"}))
	require.Equal(t, "https://track.example.net", o.Origin)
}

// ESPs that no path tells apart are refused.
func TestSeveralAreRefused(t *testing.T) {
	for text, o := range map[string]Options{
		`the links of "sendgrid" and "sendgrid-eu" look alike`:              {ESP: "sendgrid", Also: []Sender{{ESP: "sendgrid-eu"}}},
		`the links of "mailgun" and "mailgun" look alike`:                   {ESP: "sendgrid", Also: []Sender{{ESP: "mailgun"}, {ESP: "mailgun", Retired: true}}},
		`unknown ESP "sengrid"`:                                             {ESP: "mailgun", Also: []Sender{{ESP: "sengrid"}}},
		`nothing is known of the links of "custom", so they cannot be told`: {ESP: "mailgun", Also: []Sender{{ESP: "custom"}}},
	} {
		o.Host = "link.example.com"
		_, err := o.completed()
		require.ErrorIs(t, err, ErrOptions)
		require.ErrorContains(t, err, text)
	}
}

func TestCheckTimes(t *testing.T) {
	require.NoError(t, (&Options{Timeout: time.Second, Slow: time.Second}).CheckTimes())
	require.ErrorContains(t, (&Options{Slow: time.Second}).CheckTimes(), "--timeout 0s is no time to wait")
	require.ErrorContains(t, (&Options{Timeout: time.Second, Slow: -1}).CheckTimes(), "--slow -1ns is no time to wait")
}

func TestFailure(t *testing.T) {
	for err, want := range map[error]struct {
		exit int
		hint string
	}{
		fmt.Errorf("here: %w", ErrUnsubscribe): {failure.ExitUsage, "opening it could unsubscribe the recipient; take a button's link from a mail to yourself"},
		wrong("no host"):                       {failure.ExitUsage, "clickedge doctor --help lists the flags"},
		errors.New("else"):                     {failure.ExitBad, ""},
	} {
		f := failure.Of(Failure(err))
		require.Equal(t, want.exit, f.Exit)
		require.Equal(t, want.hint, f.Hint)
	}
}

// The worst finding is the exit code.
func TestVerdict(t *testing.T) {
	of := func(list ...catalogue.Severity) *report.Report {
		r := &report.Report{Host: "link.example.com"}
		for i, s := range list {
			r.Findings = append(r.Findings, report.Finding{ID: fmt.Sprint(i), Severity: s})
		}
		return r
	}
	require.NoError(t, Verdict(of()))
	require.Equal(t, failure.ExitWarnings, failure.Of(Verdict(of(catalogue.Warning, catalogue.Warning))).Exit)
	one := failure.Of(Verdict(of(catalogue.Error)))
	require.Equal(t, failure.ExitBad, one.Exit)
	require.Empty(t, one.Hint)
	require.NotEmpty(t, failure.Of(Verdict(of(catalogue.Error, catalogue.Warning))).Hint)
}
