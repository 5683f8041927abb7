package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/sitesjson"
)

func TestWithoutLocalhost(t *testing.T) {
	sites, err := sitesjson.Parse("", []byte(`{"sites": {"link.example.com": {"esp": "sendgrid"}, "a.localhost": {"esp": "sendgrid"}}}`))
	require.NoError(t, err)
	for host, want := range map[string]string{
		"link.example.com.localhost:7676": "link.example.com",
		"LINK.example.com.Localhost":      "link.example.com",
		"link.example.com":                "",
		"a.localhost":                     "",
		"other.example.com.localhost":     "",
		"localhost":                       "",
	} {
		branded, ok := withoutLocalhost(sites, host)
		require.Equal(t, want != "", ok, host)
		if ok {
			require.Equal(t, want, branded)
		}
	}
}
