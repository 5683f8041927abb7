package testmail

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
)

const orderSites = `{"sites": {
	"link.example.com": {"esp": "mailgun", "home": "https://www.example.com/", "destinations": ["www.example.com"], "keys": ["k1"]},
	"other.example.com": {"esp": "mailgun", "destinations": ["example.com"]}}}`

const orderSecret = "correct-horse-battery-staple-0001"

// order is one in a folder of its own, for link.example.com and with these
// variables.
func order(t *testing.T, sites string, vars map[string]string) (o *Order, out, said *bytes.Buffer) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("sites.json", []byte(sites), 0o600))
	out, said = new(bytes.Buffer), new(bytes.Buffer)
	lookup := func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	in := &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(""), Err: said}
	return &Order{
		Options:   Options{From: "ann@example.com", To: []string{"bo@example.net"}, Now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)},
		SitesFile: "sites.json", Host: "link.example.com", In: in, Keys: keyring.NewSource(in, lookup, nil), LookupEnv: lookup, Stdout: out, Err: said,
	}, out, said
}

func TestOrderRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Order)
		says   string
		hint   string
	}{
		"nowhere to put it":     {func(o *Order) { o.HTMLFile = "" }, "nowhere to put the mail", "give --smtp"},
		"two on one output":     {func(o *Order) { o.EMLFile, o.HTMLFile = "-", "-" }, "both go to standard output", "give one of them a file"},
		"a user without server": {func(o *Order) { o.User = "ann" }, "are of use with --smtp only", ""},
		"no server":             {func(o *Order) { o.SMTP = "smtp.example.com:none" }, "--smtp: ", "as in --smtp"},
		"no password":           {func(o *Order) { o.SMTP, o.User = "smtp.example.com", "ann" }, "no password for the mail server", PasswordEnv},
		"an unknown site":       {func(o *Order) { o.Host = "none.example.com" }, `no site "none.example.com"`, "it has link.example.com"},
		"several sites":         {func(o *Order) { o.Host = "" }, "sites.json has 2 sites", "say which with --site"},
		"no sender":             {func(o *Order) { o.EMLFile, o.From = "m.eml", "" }, ErrNoAddress.Error(), "give --from and --to"},
		"a key for none":        {func(o *Order) { o.Host, o.KeyFiles = "other.example.com", []string{"k.key"} }, "has no keys", "leave --key-file out"},
		"no target":             {func(o *Order) { o.Target = "javascript:x" }, ErrTarget.Error(), "https://"},
		"one click in HTML":     {func(o *Order) { o.Unsubscribe = "https://example.com/u" }, "HTML alone has no fields", "--list-unsubscribe"},
		"a field of the mail's": {func(o *Order) { o.Fields = []string{"From: x@example.com"} }, ErrField.Error(), "can be added"},
	} {
		t.Run(name, func(t *testing.T) {
			o, out, _ := order(t, orderSites, nil)
			o.HTMLFile = "m.html"
			c.change(o)
			err := o.Run(t.Context())
			require.ErrorContains(t, err, c.says)
			require.Contains(t, failure.Of(err).Hint, c.hint)
			require.Empty(t, out.String())
			require.NoFileExists(t, "m.html")
			require.NoFileExists(t, "m.eml")
		})
	}
}

// The secret of the first key makes a signed link; without it the mail is made
// all the same and says so, unless the secret was meant to be there.
func TestOrderSigns(t *testing.T) {
	o, out, said := order(t, orderSites, map[string]string{keyring.EnvName("k1"): orderSecret})
	o.HTMLFile = "-"
	require.NoError(t, o.Run(t.Context()))
	require.Contains(t, out.String(), "https://link.example.com/to/k1.")
	require.Contains(t, said.String(), "signed with key k1, fingerprint ")
	require.NotContains(t, out.String()+said.String(), orderSecret)

	o, out, said = order(t, orderSites, nil)
	o.HTMLFile = "-"
	require.NoError(t, o.Run(t.Context()))
	require.NotContains(t, out.String(), "/to/k1.")
	require.Contains(t, said.String(), "note: no signed link in it: key \"k1\": no secret given; ")

	o, _, _ = order(t, orderSites, nil)
	o.HTMLFile, o.KeyFiles = "-", []string{"k1.key"}
	require.NoError(t, os.WriteFile("k1.key", []byte("k2="+orderSecret+"\n"), 0o600))
	require.Error(t, o.Run(t.Context()))

	o, _, _ = order(t, `{"sites": {"link.example.com": {"esp": "none", "home": "https://www.example.com/", "destinations": ["www.example.com"], "keys": ["k1"]}}}`, nil)
	o.HTMLFile = "-"
	require.ErrorIs(t, o.Run(t.Context()), keyring.ErrNoSecret, "without an ESP there is nothing else to test")
}

// A message has addresses in it: it is for its owner alone.
func TestOrderWrites(t *testing.T) {
	o, out, said := order(t, orderSites, nil)
	o.EMLFile, o.HTMLFile = "m.eml", "m.html"
	require.NoError(t, o.Run(t.Context()))
	require.Empty(t, out.String())
	require.Contains(t, said.String(), "m.html written\nm.eml written\n")
	for name, mode := range map[string]os.FileMode{"m.eml": 0o600, "m.html": 0o644} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), name)
	}
}

func TestUsualTarget(t *testing.T) {
	for fields, want := range map[string]string{
		`, "home": "https://shop.example.com/", "destinations": ["example.com"]`: "https://shop.example.com/",
		`, "destinations": ["www.example.com", "example.net"]`:                   "https://www.example.com/",
		`, "destinations": ["*.example.com"]`:                                    "https://www.example.com/",
		``:                                                                       "",
	} {
		sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": {"esp": "mailgun"`+fields+`}}}`))
		require.NoError(t, err, fields)
		require.Equal(t, want, usualTarget(sites.Lookup("link.example.com")), fields)
	}
}

func TestPassword(t *testing.T) {
	for text, want := range map[string]string{"correct-horse\n": "correct-horse", "correct horse\r\n": "correct horse", "\n": "", "one\ntwo\n": "", "nul\x00": ""} {
		o, _, _ := order(t, orderSites, map[string]string{PasswordEnv: "of the environment"})
		require.NoError(t, os.WriteFile("password", []byte(text), 0o600))
		o.PasswordFile = "password"
		got, err := o.password()
		require.Equal(t, want, got)
		if want == "" {
			require.EqualError(t, err, `"password" is not a password alone`)
		}
	}
	o, _, _ := order(t, orderSites, map[string]string{PasswordEnv: "of the environment"})
	got, err := o.password()
	require.NoError(t, err)
	require.Equal(t, "of the environment", got)
}

func TestHints(t *testing.T) {
	require.Equal(t, "leave --insecure-smtp out", sendHint(fmt.Errorf("here: %w", ErrPlain)))
	require.Contains(t, sendHint(ErrLogin), "--smtp-user")
	require.Contains(t, sendHint(errors.New("else")), "--eml FILE")
	require.Contains(t, mailHint(ErrNoSwitch), "--untracked")
	require.Empty(t, mailHint(ErrAddress))
}

// Who sends decides what the mail has: the site's own ESP, or the one that is
// named, and none that is retired.
func TestOrderOfOneOfSeveralESPs(t *testing.T) {
	const several = `{"sites": {"link.example.com": {"esp": "mailgun", "also": [{"esp": "sendgrid"}, {"esp": "customerio-eu", "retired": true}], "destinations": ["example.com"]},
		"none.example.com": {"esp": "none", "also": [{"esp": "sendgrid"}, {"esp": "customerio-eu", "retired": "2030-01-02"}], "destinations": ["example.com"]},
		"two.example.com": {"esp": "none", "also": [{"esp": "sendgrid"}, {"esp": "mailgun"}]},
		"own.example.com": {"esp": "none", "keys": ["k1"], "also": [{"esp": "sendgrid"}, {"esp": "mailgun"}], "destinations": ["example.com"]}}}`
	for _, c := range []struct{ host, esp, has, says string }{
		{"link.example.com", "", "disable-tracking", "note: the mail is for esp mailgun; --esp names another of the site's: sendgrid\n"},
		{"link.example.com", "sendgrid", "clicktracking", ""},
		{"none.example.com", "", "clicktracking", ""},
		{"own.example.com", "mailgun", "disable-tracking", ""},
	} {
		o, out, said := order(t, several, map[string]string{"CLICKEDGE_KEY_K1": orderSecret})
		o.Host, o.ESP, o.HTMLFile, o.Target = c.host, c.esp, "-", "https://example.com/"
		require.NoError(t, o.Run(t.Context()), c.host)
		require.Contains(t, out.String(), c.has, c.host)
		require.Contains(t, said.String(), c.says)
		require.Equal(t, c.says != "", strings.Contains(said.String(), "note: the mail is for"))
	}
	for _, c := range []struct{ host, esp, says, hint string }{
		{"link.example.com", "customerio-eu", "esp customerio-eu of link.example.com is retired", "it has mailgun, sendgrid"},
		{"link.example.com", "mandrill", `link.example.com has no esp "mandrill"`, "it has mailgun, sendgrid"},
		{"two.example.com", "", "two.example.com has several ESPs and none of its own", "--esp: sendgrid, mailgun"},
	} {
		o, out, _ := order(t, several, nil)
		o.Host, o.ESP, o.HTMLFile, o.Target = c.host, c.esp, "-", "https://example.com/"
		err := o.Run(t.Context())
		require.ErrorContains(t, err, c.says)
		require.Equal(t, c.hint, failure.Of(err).Hint[max(0, len(failure.Of(err).Hint)-len(c.hint)):])
		require.Empty(t, out.String())
	}
}
