package core_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/internal/linkstest"
	"github.com/clickedge/clickedge/core/sitesjson"
)

// entries has a site's fields for a preset of every family with links.
var entries = map[string]string{
	"customerio": `"esp": "customerio-eu"`,
	"sendgrid":   `"esp": "sendgrid"`,
	"sparkpost":  `"esp": "sparkpost"`,
	"ses":        `"esp": "ses-eu-west-1"`,
	"mailgun":    `"esp": "mailgun"`,
	"iterable":   `"esp": "iterable"`,
	"mandrill":   `"esp": "mandrill", "origin": "https://mandrill.example.net"`,
	"mailjet":    `"esp": "mailjet", "origin": "https://mailjet.example.net"`,
	"postmark":   `"esp": "postmark", "origin": "https://postmark.example.net"`,
}

// Any two ESPs may share a host, in both orders: every link of each goes to the
// right one, retired or not.
func TestEveryPairOfESPs(t *testing.T) {
	links, asked := linkstest.Load(t, "testdata/links.json"), 0
	for a, first := range entries {
		for b, second := range entries {
			file := fmt.Sprintf(`{"sites": {"link.example.com": {%s, "also": [{%s}]}}}`, first, second)
			sites, err := sitesjson.Parse("sites.json", []byte(file))
			if a == b {
				require.ErrorContains(t, err, "cannot be told apart", file)
				continue
			}
			require.NoError(t, err)
			site := sites.Lookup("link.example.com")
			for _, l := range links {
				if l.ESP != a && l.ESP != b || l.Kind == esp.KindHealth.String() {
					continue
				}
				want := site
				if l.ESP == b {
					want = site.Also[0]
				}
				d := core.Decide(&core.Request{Method: "GET", Target: l.Path}, site, time.Unix(1e9, 0))
				require.Same(t, want, site.For(l.Path), "%s and %s: %s", a, b, l.Path)
				require.Same(t, want.Origin, d.Origin)
				require.Equal(t, l.Kind, d.Kind.String(), l.Path)
				asked++
			}
		}
	}
	require.Greater(t, asked, 500)
	require.Len(t, entries, 9)
}

// With two and three others, retired or not, every link of each goes to the
// right one, and of two of a family check names the forms that they share.
func TestSeveralESPs(t *testing.T) {
	links, names, asked := linkstest.Load(t, "testdata/links.json"), slices.Sorted(maps.Keys(entries)), 0
	for first := range names {
		for others := 2; others <= 3; others++ {
			for step := 1; step <= 2; step++ { // other neighbours
				for _, retired := range []string{"", `, "retired": true`, `, "retired": "2027-01-01"`} {
					var host, also []string
					for i := range others {
						name := names[(first+(i+1)*step)%len(names)]
						more := ""
						if i == others-2 {
							more = retired
						}
						host, also = append(host, name), append(also, "{"+entries[name]+more+"}")
					}
					file := fmt.Sprintf(`{"sites": {"link.example.com": {%s, "destinations": ["example.com"], "also": [%s]}}}`, entries[names[first]], strings.Join(also, ", "))
					sites, err := sitesjson.Parse("sites.json", []byte(file))
					require.NoError(t, err, file)
					site := sites.Lookup("link.example.com")
					for _, l := range links {
						want := site
						if i := slices.Index(host, l.ESP); i >= 0 {
							want = site.Also[i]
						} else if l.ESP != names[first] {
							continue
						}
						if l.Kind == esp.KindHealth.String() {
							continue
						}
						require.Same(t, want, site.For(l.Path), "%s: %s", file, l.Path)
						d := core.Decide(&core.Request{Method: "GET", Target: l.Path}, site, time.Unix(1e9, 0))
						if want.IsRetired(time.Unix(1e9, 0)) {
							require.Nil(t, d.Origin, "%s: %s", file, l.Path)
						} else {
							require.Same(t, want.Origin, d.Origin, "%s: %s", file, l.Path)
						}
						asked++
					}
				}
			}
		}
	}
	require.Greater(t, asked, 1500)
}

// Two regions, accounts or names of one ESP have links of one form. The refusal
// names the form and what to do instead, wherever the two stand, and also where
// one is retired.
func TestTwoOfOneFamilyAreRefused(t *testing.T) {
	for _, c := range []struct{ first, second, shape string }{
		{`"esp": "ses-eu-west-1"`, `"esp": "ses-us-east-1"`, "/CL0/"},
		{`"esp": "braze-ses-us-east-1"`, `"esp": "ses-us-east-1"`, "/CL0/"},
		{`"esp": "customerio-us"`, `"esp": "customerio-eu"`, "/e/c/"},
		{`"esp": "sendgrid"`, `"esp": "sendgrid"`, "/ls/click"},
		{`"esp": "sendgrid"`, `"esp": "sendgrid-eu"`, "/ls/click"},
		{`"esp": "sendgrid"`, `"esp": "braze-sendgrid"`, "/ls/click"},
		{`"esp": "sparkpost"`, `"esp": "sparkpost-eu"`, "/f/"},
		{`"esp": "mailgun"`, `"esp": "mailgun-eu"`, "/c/"},
		{`"esp": "iterable"`, `"esp": "iterable-eu"`, "/u/click"},
		{`"esp": "custom", "origin": "https://a.example.net", "links": "postal"`, `"esp": "custom", "origin": "https://b.example.net", "links": "postal"`, "begin with /"},
		{`"esp": "mandrill", "origin": "https://a.example.net"`, `"esp": "mandrill", "origin": "https://b.example.net"`, "/track/click/"},
		{`"esp": "sendgrid"`, `"esp": "custom", "origin": "https://b.example.net", "links": "sendgrid"`, "/ls/click"},
	} {
		for _, also := range []string{"{%s}", `{"esp": "mailjet", "origin": "https://mailjet.example.net"}, {%s}`, `{%s, "retired": true}`} {
			file := fmt.Sprintf(`{"sites": {"link.example.com": {%s, "destinations": ["example.com"], "also": [`+also+`]}}}`, c.first, c.second)
			_, err := sitesjson.Parse("sites.json", []byte(file))
			require.ErrorContains(t, err, "cannot be told apart", file)
			require.ErrorContains(t, err, c.shape, file)
			var said *sitesjson.Error
			require.ErrorAs(t, err, &said)
			require.Contains(t, fmt.Sprintf("%+v", said), "a link domain of its own", file)
		}
	}
	_, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": {"esp": "custom", "origin": "https://a.example.net", "also": [{"esp": "custom", "origin": "https://b.example.net"}]}}}`))
	require.ErrorContains(t, err, "nothing is known of the links")
}
