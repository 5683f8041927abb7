package core

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/destination"
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
