package core

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/destination"
)

func TestAllows(t *testing.T) {
	site := &Site{Host: "link.example.com", Destinations: []destination.Pattern{{Host: "example.com", Sub: true}}}
	require.Equal(t, OK, site.Allows("https://www.example.com/"))
	require.Equal(t, UnlistedDestination, site.Allows("https://example.com/"))
	require.Equal(t, UnlistedDestination, site.Allows("https://evil.example/"))
	require.Equal(t, BadDestination, site.Allows("http://www.example.com/"))
	require.Equal(t, BadDestination, site.Allows("https://u@www.example.com/"))
	require.Equal(t, SelfDestination, site.Allows("https://LINK.example.com/x"))
	site.AllowHTTP = true
	require.Equal(t, OK, site.Allows("http://www.example.com/"))

	require.Equal(t, UnlistedDestination, site.AllowsSigned("https://partner.example/"))
	site.SignedAnywhere = true
	require.Equal(t, OK, site.AllowsSigned("https://partner.example/"))
	require.Equal(t, BadDestination, site.AllowsSigned("https://partner.example:8080/"))
	require.Equal(t, SelfDestination, site.AllowsSigned("https://link.example.com/"))
	require.Equal(t, UnlistedDestination, site.Allows("https://partner.example/"), "only signed links may go anywhere")
}

func TestAllowsAllocatesNothing(t *testing.T) {
	site := &Site{Host: "link.example.com", Destinations: []destination.Pattern{{Host: "example.com", Sub: true}}}
	require.Zero(t, testing.AllocsPerRun(100, func() { site.Allows("https://www.example.com/a?b=c") }))
}

func TestAllowsWhatIsSendable(t *testing.T) {
	site := &Site{Host: "link.example.com", Destinations: []destination.Pattern{{Host: "example.com", Sub: true}}}
	require.Equal(t, OK, site.Allows("HTTPS://shop.example.com/a b"))
	require.Equal(t, BadDestination, site.AllowsSigned("HTTPS://shop.example.com/a"), "what is signed stays as the format has it")
	require.Equal(t, SelfDestination, site.Allows("https://LINK.example.com/a"), "also below a wildcard")
}
