package setup

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
)

func inputOf(t *testing.T, answers string) (*input.Input, *strings.Builder) {
	said := &strings.Builder{}
	return &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(answers), Err: said}, said
}

// Each preset, with what it asks for, is a file that core takes: no question is
// missing.
func TestEveryPreset(t *testing.T) {
	names := []string{core.PresetNone}
	for _, o := range core.Presets() {
		names = append(names, o.Preset)
	}
	for _, name := range names {
		d := Draft{Site: Site{Host: "link.example.com", ESP: name, Destinations: []string{"example.com"}}, File: filepath.Join(t.TempDir(), "sites.json")}
		d.In, _ = inputOf(t, "")
		if d.Site.NeedsOrigin() {
			d.Site.Origin = "https://track.example.net"
		}
		if d.Site.NeedsTenant() {
			d.Site.Tenant = "acme"
		}
		d.Site.Learn = d.Site.Learns()
		require.NoError(t, d.Look())
		require.NoError(t, d.Plan(), name)
		for _, w := range d.Warnings(time.Now()) {
			require.NotContains(t, w, "changes nothing", "%s: a default that has no effect: %s", name, w)
		}
	}
}

// The fields of a problem are those of core, whatever the name of the host is.
func TestProblems(t *testing.T) {
	for _, host := range []string{"link.example.com", "also.example.com", "sites.esp.destinations"} {
		s := Site{Host: host, ESP: "nobody", Destinations: []string{"ok.example.com", "*.com", host}, Home: "ftp://x", Unsubscribes: "x y"}
		require.Empty(t, s.Problems("host"), host)
		require.Len(t, s.Problems("esp"), 1)
		require.Len(t, s.Problems("destinations"), 2)
		require.Len(t, s.Problems("home"), 1)
		require.Len(t, s.Problems("unsubscribes"), 2)
		require.Empty(t, s.Problems("tenant"))
	}
	for _, host := range []string{"", "link", "https://link.example.com", "link.example.com/a", "a b.example.com", "\x1b[31m.example.com", `a".example.com`, "192.0.2.1", "xn--a.example.com", "click.sendgrid.net"} {
		s := Site{Host: host, ESP: "sendgrid"}
		require.NotEmpty(t, s.Problems("host"), "%q", host)
	}
	s := Site{Host: "link.example.com", ESP: "https://r.eu-west-1.awstrack.me"}
	require.Contains(t, s.Problems("esp")[0].String(), `write "ses-eu-west-1"`)
	s.ESP = "customeriomail.com"
	require.NotContains(t, s.Problems("esp")[0].String(), "write its preset and", "it names no region")
}

// All fields that are written are fields of sites.json, in its order where one
// stands after the other.
func TestFieldsAreThoseOfCore(t *testing.T) {
	known := map[string]bool{}
	for _, f := range sitesjson.Fields() {
		known[f.Name] = true
	}
	for _, q := range questions {
		require.True(t, known[q.field] || q.field == "host", q.field)
		require.NotEmpty(t, q.about)
		for line := range strings.Lines(q.about) {
			require.LessOrEqual(t, len(line), 79, line)
		}
	}
}

// The secret goes into its file and nowhere else.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	d := Draft{Site: Site{Host: "link.example.com", ESP: "none", Destinations: []string{"example.com"}}, File: filepath.Join(dir, "sites.json"), Beside: map[string][]byte{"a.json": []byte("[]")}}
	in, said := inputOf(t, "")
	d.In = in
	require.NoError(t, d.Look())
	require.NoError(t, d.Plan())
	names, err := d.Write()
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "k1.key"), filepath.Join(dir, "a.json"), d.File}, names)
	secret := d.key.Secret()
	text, err := os.ReadFile(names[0])
	require.NoError(t, err)
	require.Contains(t, string(text), secret)
	info, err := os.Stat(names[0])
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	sites, err := os.ReadFile(d.File)
	require.NoError(t, err)
	require.NotContains(t, string(sites)+said.String(), secret)
	for _, road := range []Road{Server, Fastly} {
		next := d.Next(road)
		require.Len(t, next, 3)
		for _, c := range next {
			require.NotContains(t, c.Line, secret)
		}
	}
	_, err = d.Write()
	require.ErrorContains(t, err, "nothing was written")
}

// A call that is interrupted before it writes leaves nothing; so does one whose
// sites.json came into being meanwhile, or was changed.
func TestNothingHalf(t *testing.T) {
	for name, meanwhile := range map[string]func(d *Draft, stop func()){
		"interrupted": func(_ *Draft, stop func()) { stop() },
		"created":     func(d *Draft, _ func()) { _ = os.WriteFile(d.File, []byte("{}"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			d := Draft{Site: Site{Host: "link.example.com", ESP: "none", Destinations: []string{"example.com"}}, File: filepath.Join(dir, "sites.json")}
			d.In = &input.Input{Ctx: ctx}
			require.NoError(t, d.Look())
			require.NoError(t, d.Plan())
			meanwhile(&d, cancel)
			_, err := d.Write()
			require.Error(t, err)
			require.NoFileExists(t, filepath.Join(dir, "k1.key"))
			list, _ := os.ReadDir(dir)
			require.LessOrEqual(t, len(list), 1)
		})
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "sites.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"sites": {"a.example.com": {"esp": "sendgrid"}}}`), 0o600))
	d := Draft{Site: Site{Host: "link.example.com", ESP: "none", Destinations: []string{"example.com"}}, File: file, Add: true}
	d.In, _ = inputOf(t, "")
	require.NoError(t, d.Look())
	require.NoError(t, d.Plan())
	require.NoError(t, os.WriteFile(file, []byte(`{"sites": {"b.example.com": {"esp": "sendgrid"}}}`), 0o600))
	_, err := d.Write()
	require.ErrorContains(t, err, "was changed in the meantime")
	require.NoFileExists(t, filepath.Join(dir, "k1.key"))
}

func interviewOf(t *testing.T, answers string) (*Interview, *strings.Builder) {
	in, _ := inputOf(t, answers)
	said := &strings.Builder{}
	in.Err = said
	d := &Draft{File: filepath.Join(t.TempDir(), "sites.json"), In: in}
	return &Interview{Draft: d, Given: func(string) bool { return false }, In: in, W: said}, said
}

func heard(string) error { return nil }

// Input that ends, and Ctrl-C, end the interview with nothing taken for an
// answer.
func TestInterviewEnds(t *testing.T) {
	i, _ := interviewOf(t, "link.example.com\n")
	err := i.Ask(heard)
	require.ErrorContains(t, err, `the input ended before there was an answer to "ESP"; nothing was written`)
	require.Equal(t, "--esp answers it", failure.Of(err).Hint)

	i, _ = interviewOf(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, w := io.Pipe()
	defer w.Close()
	i.In.Ctx, i.In.Stdin = ctx, r
	err = i.Ask(heard)
	require.ErrorContains(t, err, "interrupted; nothing was written")
	require.Equal(t, failure.ExitInterrupted, failure.Of(err).Exit)

	i, said := interviewOf(t, strings.Repeat("x", 70<<10)+"\n")
	require.ErrorContains(t, i.Ask(heard), "an answer of more than 64 KiB")
	require.Less(t, said.Len(), 1000)

	i, _ = interviewOf(t, "link.example.com\n")
	stop := errors.New("stop")
	require.ErrorIs(t, i.Ask(func(field string) error { require.Equal(t, "host", field); return stop }), stop)
}

// What the terminal would take as a command is not printed as it came.
func TestInterviewQuotes(t *testing.T) {
	i, said := interviewOf(t, "\x1b[2Jlink\nlink.example.com\n\x1b]0;x\x07\ncustom\nhttps://\x1b[31m\n")
	require.Error(t, i.Ask(heard))
	require.NotContains(t, said.String(), "\x1b")
	require.NotContains(t, said.String(), "\x07")
}

// Wrong answers leave what was there.
func TestInterviewKeepsWhatWasRight(t *testing.T) {
	i, said := interviewOf(t, "link.example.com\ncustomerio-eu\nexample.com, shop.example.com\nmaybe\npage\n\nnobody\nsendgrid mailgun\nx\nnone\nno\n")
	require.NoError(t, i.Ask(heard))
	require.Equal(t, Site{Host: "link.example.com", ESP: "customerio-eu", Destinations: []string{"example.com", "shop.example.com"},
		WhenESPFails: "page", Also: []Also{{"sendgrid", true}, {"mailgun", true}}}, i.Draft.Site)
	require.Contains(t, said.String(), `unknown esp "nobody"`)
	require.NotContains(t, said.String(), "somebody else", "a wildcard is explained where there is one")
}

func TestRoadOf(t *testing.T) {
	env := func(token string) func(string) (string, bool) {
		return func(string) (string, bool) { return token, token != "" }
	}
	for _, c := range []struct {
		name, token string
		want        Road
		guessed     bool
	}{{"", "", Server, true}, {"", "x", Fastly, true}, {"server", "x", Server, false}, {"fastly", "", Fastly, false}} {
		road, guessed, err := RoadOf(c.name, env(c.token))
		require.NoError(t, err)
		require.Equal(t, c.want, road)
		require.Equal(t, c.guessed, guessed)
	}
	_, _, err := RoadOf("Server", env(""))
	require.Equal(t, failure.ExitUsage, failure.Of(err).Exit)
}

// Every preset is in the list, once.
func TestPrintESPs(t *testing.T) {
	var b strings.Builder
	PrintESPs(&b)
	words := strings.Fields(b.String())
	for _, o := range core.Presets() {
		require.Contains(t, words, o.Preset)
	}
	for line := range strings.Lines(b.String()) {
		require.LessOrEqual(t, len(line), 80)
	}
}
