package core_test

import (
	"fmt"
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
