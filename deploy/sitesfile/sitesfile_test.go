package sitesfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
)

func parse(text string) (*core.Sites, error) {
	sites, _, err := Parse("sites.json", []byte(text), func(string) ([]byte, error) { return nil, fs.ErrNotExist })
	return sites, err
}

// Every mistake is on its own line, before the count.
func TestParseNamesEveryMistake(t *testing.T) {
	_, err := parse(`{"sites": {"link.example.com": {"esp": "nobody", "clicks": "maybe"}}}`)
	var f *failure.Error
	require.ErrorAs(t, err, &f)
	require.EqualError(t, err, "sites.json has 2 mistakes")
	require.Len(t, strings.Split(f.Detail, "\n"), 2)
	var e *sitesjson.Error
	require.True(t, errors.As(err, &e))
}

// A name that no browser opens is refused in every field.
func TestParseRefusesDeadNames(t *testing.T) {
	for field, text := range map[string]string{
		`.destinations, "*.xn--a.com"`: `{"sites": {"link.example.com": {"esp": "mailgun", "destinations": ["*.xn--a.com"]}}}`,
		".home":                        `{"sites": {"link.example.com": {"esp": "mailgun", "home": "https://xn--a.com/"}}}`,
		"xn--a.com":                    `{"sites": {"xn--a.com": {"esp": "mailgun"}}}`,
	} {
		_, err := parse(text)
		require.EqualError(t, err, "sites.json has 1 name that no browser opens", text)
		var f *failure.Error
		require.ErrorAs(t, err, &f)
		require.Contains(t, f.Detail, field)
	}
}

func TestNames(t *testing.T) {
	require.Equal(t, "standard input", Shown("-"))
	require.Equal(t, "a.json", Shown("a.json"))
	var b strings.Builder
	for i := range 14 {
		fmt.Fprintf(&b, `%q: {"esp": "none", "keys": ["k%d", "z"], "destinations": ["example.com"]},`, fmt.Sprintf("a%02d.example.com", i), i)
	}
	sites, err := parse(`{"sites": {` + strings.TrimSuffix(b.String(), ",") + `}}`)
	if err != nil {
		var f *failure.Error
		require.ErrorAs(t, err, &f)
		require.NoError(t, err, f.Detail)
	}
	require.True(t, strings.HasSuffix(Hosts(sites), "a11.example.com and 2 more"), Hosts(sites))
	require.ErrorContains(t, UnknownHost("x.example.com", "sites.json", sites), `no site "x.example.com" in sites.json (wrong_host)`)
	require.Equal(t, "k0", KeyIDs(sites)[0])
	require.Equal(t, []string{"k0", "z", "k1"}, KeyIDs(sites)[:3])
	require.Len(t, KeyIDs(sites), 15)
}

// The key of the hashes is one whose secret is needed, and no link is signed with
// it.
func TestHashKeys(t *testing.T) {
	sites, err := parse(`{"sites": {
		"a.example.com": {"esp": "sendgrid", "keys": ["k1"], "signed_links": "anywhere", "log_hashes": "h1"},
		"b.example.com": {"esp": "sendgrid", "log_hashes": "h2"},
		"c.example.com": {"esp": "none", "keys": ["h2"], "signed_links": "anywhere"}}}`)
	require.NoError(t, err)
	require.Equal(t, []string{"k1", "h1", "h2"}, KeyIDs(sites))
	require.Equal(t, []string{"a.example.com", "c.example.com"}, KeyedHosts(sites))
	require.Equal(t, "log lines have no hashes", WithoutSecret("h1", All(sites)))
	for _, kid := range []string{"k1", "h2", "other"} {
		require.Equal(t, "its links are refused (key_unavailable)", WithoutSecret(kid, All(sites)), kid)
	}
}

func TestLoad(t *testing.T) {
	t.Chdir(t.TempDir())
	in := &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(""), Err: io.Discard}
	sites, err := LoadIfThere(in, "sites.json", false)
	require.NoError(t, err)
	require.Nil(t, sites, "nobody has asked for it")
	_, err = LoadIfThere(in, "sites.json", true)
	require.ErrorContains(t, err, "cannot read the sites")
	require.NoError(t, os.WriteFile("sites.json", []byte(`{"sites": {
		"link.example.com": {"esp": "sendgrid", "keys": ["k2", "k1"], "signed_links": "anywhere"},
		"mail.example.com": {"esp": "mailgun"}}}`), 0o600))
	sites, err = LoadIfThere(in, "sites.json", false)
	require.NoError(t, err)
	require.Equal(t, []string{"link.example.com"}, KeyedHosts(sites))
	require.Equal(t, []string{"k2", "k1"}, KeyIDs(sites))
	require.Equal(t, 2, sites.Len())
}
