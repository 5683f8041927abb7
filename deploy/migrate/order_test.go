package migrate

import (
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
)

const proxied = `server { listen 443 ssl; server_name link.example.com;
	location / { proxy_pass https://sendgrid.net; proxy_set_header Host $host; } }`

// order is one for a file with this text, in a folder of its own.
func order(t *testing.T, text string) *Order {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("link.conf", []byte(text), 0o600))
	return &Order{File: "link.conf", In: &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(text), Err: io.Discard}}
}

func requireHosts(t *testing.T, text []byte, hosts ...string) {
	sites, err := sitesjson.Parse("sites.json", text)
	require.NoError(t, err)
	require.Equal(t, hosts, sites.Hosts())
}

func TestOrderRead(t *testing.T) {
	for _, file := range []string{"link.conf", "-"} {
		o := order(t, proxied)
		o.File = file
		r, err := o.Read()
		require.NoError(t, err)
		require.NoError(t, r.Failure())
		require.Equal(t, Nginx, r.From)
		requireHosts(t, r.JSON(), "link.example.com")
	}
}

// Includes are read beside the file, or below the root that is named; from
// standard input only below that.
func TestOrderIncludes(t *testing.T) {
	for name, c := range map[string]struct {
		file, root string
		found      bool
	}{
		"beside the file":        {"link.conf", "", true},
		"standard input":         {"-", "", false},
		"standard input, a root": {"-", ".", true},
	} {
		o := order(t, "include proxied.inc;")
		require.NoError(t, os.WriteFile("proxied.inc", []byte(proxied), 0o600))
		o.File, o.Root = c.file, c.root
		r, err := o.Read()
		require.NoError(t, err, name)
		require.Equal(t, c.found, len(r.Sites) == 1, name)
	}
}

func TestOrderRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		set        func(*Order)
		exit       int
		what, hint string
	}{
		"replace": {func(o *Order) { o.Replace = true }, failure.ExitUsage, "--replace is of use with --into only", ""},
		"host":    {func(o *Order) { o.Hosts = []string{"link.example.com/a"} }, failure.ExitUsage, `--host "link.example.com/a" is not the name of a link domain`, "--host link.example.com"},
		"from":    {func(o *Order) { o.From = "apache" }, failure.ExitUsage, `unknown format "apache"`, "nginx, cloudfront and fastly-vcl"},
		"file":    {func(o *Order) { o.File = "none.conf" }, failure.ExitUsage, "cannot read the configuration", "standard input"},
		"root":    {func(o *Order) { o.Root = "none" }, failure.ExitUsage, "cannot open the folder of includes", ""},
		"text":    {func(o *Order) { o.From = "cloudfront" }, failure.ExitBad, "link.conf", ""},
	} {
		o := order(t, proxied)
		c.set(o)
		_, err := o.Read()
		require.ErrorContains(t, err, c.what, name)
		require.Equal(t, c.exit, failure.Of(err).Exit, name)
		require.Contains(t, failure.Of(err).Hint, c.hint, name)
	}
}

func TestOrderMerge(t *testing.T) {
	const before = `{"sites": {"a.example.com": {"esp": "mailgun"}}}`
	o := order(t, proxied)
	o.Into = "sites.json"
	r, err := o.Read()
	require.NoError(t, err)
	text, err := o.Merge(r)
	require.NoError(t, err, "the file need not exist")
	requireHosts(t, text, "link.example.com")
	require.NoFileExists(t, o.Into, "the caller writes")

	require.NoError(t, os.WriteFile(o.Into, []byte(before), 0o600))
	text, err = o.Merge(r)
	require.NoError(t, err)
	requireHosts(t, text, "a.example.com", "link.example.com")

	require.NoError(t, os.WriteFile(o.Into, text, 0o600))
	_, err = o.Merge(r)
	require.ErrorContains(t, err, "in the file already")
	require.Contains(t, failure.Of(err).Hint, "--replace")
	o.Replace = true
	again, err := o.Merge(r)
	require.NoError(t, err)
	require.Equal(t, string(text), string(again))

	require.NoError(t, os.WriteFile(o.Into, []byte(`{"sites": {"a.example.com": {"esp": "nobody"}}}`), 0o600))
	_, err = o.Merge(r)
	require.ErrorContains(t, err, "sites.json has 1 mistake")
}

func TestDocument(t *testing.T) {
	r, err := order(t, proxied).Read()
	require.NoError(t, err)
	text, err := json.Marshal(r.Document())
	require.NoError(t, err)
	require.Contains(t, string(text), `{"from":"nginx","sites":{"sites":{"link.example.com":`)

	none := &Result{From: Nginx}
	text, err = json.Marshal(none.Document())
	require.NoError(t, err)
	require.Equal(t, `{"from":"nginx","sites":null,"notes":null}`, string(text))
	require.ErrorContains(t, none.Failure(), "there is nothing to carry over")
	require.Equal(t, failure.ExitBad, failure.Of(none.Failure()).Exit)
}
