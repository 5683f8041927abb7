package signedlink

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// check is one with the sites and secrets of this order, and the path of a link
// that the order signed.
func check(t *testing.T, o *Order) (*Check, string) {
	m, err := o.Minter()
	require.NoError(t, err)
	l, err := m.Mint("https://www.example.com/")
	require.NoError(t, err)
	sites, _, err := sitesfile.Load(o.In, o.SitesFile)
	require.NoError(t, err)
	return &Check{Sites: sites, SitesFile: o.SitesFile, Keys: o.Keys, Now: "2030-01-02T00:00:00Z"}, pathOf(l)
}

func TestCheckVerify(t *testing.T) {
	o := order(t, oneKeyed)
	o.Expires = "7d"
	c, path := check(t, o)
	link, result, err := c.Verify("link.example.com", path+"?utm=1")
	require.NoError(t, err)
	require.Equal(t, outcome.OK, result.Code)
	require.Equal(t, "https://www.example.com/", link.Destination)
	require.Equal(t, "k2", result.KeyID)
	c.Now = "2030-02-01T00:00:00Z"
	_, result, err = c.Verify("link.example.com", path)
	require.NoError(t, err, "a finding about the link is no error of the call")
	require.Equal(t, outcome.Expired, result.Code)
}

func TestCheckRefuses(t *testing.T) {
	c, path := check(t, order(t, oneKeyed))
	for name, x := range map[string]struct {
		host, target, now string
		exit              int
		what, hint        string
	}{
		"host":    {"x.example.com", path, "", failure.ExitBad, `no site "x.example.com" in sites.json`, "it has link.example.com"},
		"no keys": {"mail.example.com", path, "", failure.ExitBad, "mail.example.com has no keys", "clickedge explain"},
		"form":    {"link.example.com", "/e/c/x", "", failure.ExitBad, "this is no signed link", "clickedge explain"},
		"now":     {"link.example.com", path, "tomorrow", failure.ExitUsage, `--now "tomorrow" is no time`, "2030-01-31"},
		// What is wrong with the link comes first.
		"both": {"x.example.com", path, "tomorrow", failure.ExitBad, "no site", ""},
	} {
		c := *c
		if x.now != "" {
			c.Now = x.now
		}
		_, _, err := c.Verify(x.host, x.target)
		require.ErrorContains(t, err, x.what, name)
		require.Equal(t, x.exit, failure.Of(err).Exit, name)
		require.Contains(t, failure.Of(err).Hint, x.hint, name)
	}
}

// Without the secret of the link's key nothing is said of the link. A key that
// the site does not list needs no secret: its links are refused.
func TestCheckNeedsTheSecret(t *testing.T) {
	c, path := check(t, order(t, oneKeyed))
	c.Keys.LookupEnv = func(string) (string, bool) { return "", false }
	_, _, err := c.Verify("link.example.com", path)
	require.ErrorContains(t, err, `the link is signed with key "k2"`)
	require.Equal(t, failure.ExitUsage, failure.Of(err).Exit)
	require.Contains(t, failure.Of(err).Hint, "--key-file")
	_, result, err := c.Verify("link.example.com", strings.Replace(path, "/k2.", "/k9.", 1))
	require.NoError(t, err)
	require.Equal(t, outcome.UnknownKey, result.Code)
}
