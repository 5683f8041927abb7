package signedlink

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
)

const (
	oneKeyed = `{"sites": {
		"link.example.com": {"esp": "sendgrid", "keys": ["k2", "k1"], "signed_links": "anywhere"},
		"mail.example.com": {"esp": "mailgun"}}}`
	noneKeyed = `{"sites": {"mail.example.com": {"esp": "mailgun"}}}`
	twoKeyed  = `{"sites": {
		"link.example.com": {"esp": "sendgrid", "keys": ["k1"], "signed_links": "anywhere"},
		"mail.example.com": {"esp": "mailgun", "keys": ["k1"], "signed_links": "anywhere"}}}`
)

// order is one in a folder of its own, with both secrets in the environment.
func order(t *testing.T, sites string) *Order {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("sites.json", []byte(sites), 0o600))
	vars := map[string]string{keyring.EnvName("k1"): "correct-horse-battery-staple-0001", keyring.EnvName("k2"): "correct-horse-battery-staple-0002"}
	in := &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(""), Err: io.Discard}
	src := keyring.NewSource(in, func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, nil)
	return &Order{SitesFile: "sites.json", Expires: "none", In: in, Keys: src, Now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func TestOrderMinter(t *testing.T) {
	m, err := order(t, oneKeyed).Minter()
	require.NoError(t, err)
	require.Equal(t, "link.example.com", m.Site.Host, "the only one with keys")
	require.Equal(t, "k2", m.Link.KeyID, "the first key signs")
	require.Equal(t, "k2", m.Key.ID)
	require.Zero(t, m.Link.Expiry)
	o := order(t, oneKeyed)
	o.KID, o.Expires, o.ID, o.Pixel = "k1", "30d", "mail-1", true
	m, err = o.Minter()
	require.NoError(t, err)
	require.Equal(t, "k1", m.Key.ID)
	require.True(t, m.Link.Pixel)
	require.NotZero(t, m.Link.Expiry)
	require.Equal(t, "bWFpbC0x", m.Link.ID)
	o = order(t, oneKeyed)
	o.IDBase64 = "bWFpbC0x"
	m, err = o.Minter()
	require.NoError(t, err)
	require.Equal(t, "bWFpbC0x", m.Link.ID)
}

func TestOrderRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		sites  string
		change func(*Order)
		exit   int
		says   string
	}{
		"no site with keys":    {noneKeyed, func(*Order) {}, failure.ExitBad, "no site of sites.json has keys"},
		"several with keys":    {twoKeyed, func(*Order) {}, failure.ExitUsage, "sites.json has 2 sites with keys"},
		"an unknown host":      {oneKeyed, func(o *Order) { o.Host = "none.example.com" }, failure.ExitBad, `no site "none.example.com"`},
		"a host without keys":  {oneKeyed, func(o *Order) { o.Host = "mail.example.com" }, failure.ExitBad, "site mail.example.com has no keys"},
		"a key of others":      {oneKeyed, func(o *Order) { o.KID = "k9" }, failure.ExitBad, `does not list key "k9"`},
		"no time":              {oneKeyed, func(o *Order) { o.Expires = "soon" }, failure.ExitUsage, "soon"},
		"a pixel without id":   {oneKeyed, func(o *Order) { o.Pixel = true }, failure.ExitUsage, "a pixel needs an id"},
		"no base64url":         {oneKeyed, func(o *Order) { o.IDBase64 = "a=" }, failure.ExitUsage, "is not base64url without padding"},
		"an id that is long":   {oneKeyed, func(o *Order) { o.ID = strings.Repeat("x", 65) }, failure.ExitUsage, ""},
		"no sites":             {oneKeyed, func(o *Order) { o.SitesFile = "none.json" }, failure.ExitUsage, "cannot read the sites"},
		"a secret of no key's": {oneKeyed, func(o *Order) { o.KeyFiles = []string{"none.key"} }, failure.ExitUsage, "cannot read the key file"},
	} {
		t.Run(name, func(t *testing.T) {
			o := order(t, c.sites)
			c.change(o)
			_, err := o.Minter()
			require.ErrorContains(t, err, c.says)
			require.Equal(t, c.exit, failure.Of(err).Exit)
		})
	}
}

// The secret of another key of the site was given: both are named, and how to
// sign with it.
func TestOrderNamesTheOtherKey(t *testing.T) {
	o := order(t, oneKeyed)
	o.Keys.LookupEnv = func(string) (string, bool) { return "", false }
	require.NoError(t, os.WriteFile("k1.key", []byte("k1=correct-horse-battery-staple-0001\n"), 0o600))
	o.KeyFiles = []string{"k1.key"}
	_, err := o.Minter()
	require.ErrorIs(t, err, keyring.ErrNoSecret)
	require.ErrorContains(t, err, "what was given is the secret of k1")
	require.Contains(t, failure.Of(err).Hint, "--kid k1 signs with this one")
}
