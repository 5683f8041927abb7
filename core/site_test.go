package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
)

func TestAllows(t *testing.T) {
	site := &Site{Host: "link.example.com", Destinations: []destination.Pattern{{Host: "example.com", Sub: true}}}
	require.Equal(t, outcome.OK, site.Allows("https://www.example.com/"))
	require.Equal(t, outcome.UnlistedDestination, site.Allows("https://example.com/"))
	require.Equal(t, outcome.UnlistedDestination, site.Allows("https://evil.example/"))
	require.Equal(t, outcome.BadDestination, site.Allows("http://www.example.com/"))
	require.Equal(t, outcome.BadDestination, site.Allows("https://u@www.example.com/"))
	require.Equal(t, outcome.SelfDestination, site.Allows("https://LINK.example.com/x"))
	site.AllowHTTP = true
	require.Equal(t, outcome.OK, site.Allows("http://www.example.com/"))

	require.Equal(t, outcome.UnlistedDestination, site.AllowsSigned("https://partner.example/"))
	site.SignedAnywhere = true
	require.Equal(t, outcome.OK, site.AllowsSigned("https://partner.example/"))
	require.Equal(t, outcome.BadDestination, site.AllowsSigned("https://partner.example:8080/"))
	require.Equal(t, outcome.SelfDestination, site.AllowsSigned("https://link.example.com/"))
	require.Equal(t, outcome.UnlistedDestination, site.Allows("https://partner.example/"), "only signed links may go anywhere")
}

// A signed link is the site's own, although Postal's links have the form of any
// two words. Without keys the path may be Postal's.
func TestForSigned(t *testing.T) {
	postal := &Site{Host: "link.example.com", ESP: PresetCustom, Origin: &Origin{Preset: PresetCustom, Family: esp.FamilyPostal}}
	site := &Site{Host: "link.example.com", ESP: PresetNone, Also: []*Site{postal}, Keys: []string{"k1"}}
	for _, target := range []string{"/to/k1.uaHR0cHM6Ly9hLmV4YW1wbGUv.x", "/px/k1.x", "/robots.txt", HealthPath} {
		require.Same(t, site, site.For(target), target)
	}
	require.Same(t, postal, site.For("/tk/abc"))
	site.Keys = nil
	require.Same(t, postal, site.For("/to/k1"))
}

// No decision names a retired ESP, so that nothing is sent there: whatever the
// request, and also after the origin of unsubscribes has failed.
func TestRetiredIsNotAsked(t *testing.T) {
	ses := espOrigin
	ses.Family = esp.FamilySES
	mailgun := ses
	mailgun.Family = esp.FamilyMailgun
	own := &Origin{Preset: PresetCustom}
	for _, o := range []*Origin{&ses, &mailgun} {
		site := &Site{Host: "link.example.com", Origin: o, SecondOrigin: o, Retired: LongRetired, Unsubscribes: own,
			ClickRedirect: true, Count: true, FailRedirect: true, Destinations: []destination.Pattern{{Host: "shop.example.com"}}}
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE", "PURGE"} {
			for _, target := range []string{"/CL0/https:%2F%2Fshop.example.com%2F/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452",
				"/CL0/x", "/CI0/x", "/c/x", "/o/x", "/u/x", "/x", "/health", "/favicon.ico"} {
				req := &Request{Method: method, Target: target}
				for _, d := range []Decision{Decide(req, site, time.Unix(2, 0)), AfterFailure(req, site, outcome.ESPTimeout)} {
					require.True(t, d.Origin == nil || d.Origin == own && d.Kind == esp.KindUnsubscribe, "%s %s", method, target)
					require.Nil(t, site.SecondFor(own, req))
				}
			}
		}
	}
}

func TestAllowsAllocatesNothing(t *testing.T) {
	site := &Site{Host: "link.example.com", Destinations: []destination.Pattern{{Host: "example.com", Sub: true}}}
	require.Zero(t, testing.AllocsPerRun(100, func() { site.Allows("https://www.example.com/a?b=c") }))
}

func TestAllowsWhatIsSendable(t *testing.T) {
	site := &Site{Host: "link.example.com", Destinations: []destination.Pattern{{Host: "example.com", Sub: true}}}
	require.Equal(t, outcome.OK, site.Allows("HTTPS://shop.example.com/a b"))
	require.Equal(t, outcome.BadDestination, site.AllowsSigned("HTTPS://shop.example.com/a"), "what is signed stays as the format has it")
	require.Equal(t, outcome.SelfDestination, site.Allows("https://LINK.example.com/a"), "also below a wildcard")
}
