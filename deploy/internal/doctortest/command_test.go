package doctortest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/cli"
	"github.com/clickedge/clickedge/deploy/doctor"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/internal/doctortest"
)

var update = flag.Bool("update", false, "rewrite testdata/command")

// call runs "clickedge doctor" against a set-up, over real sockets only.
func call(t *testing.T, r *doctortest.Running, l doctortest.Loopback, more ...string) (out, talk string, exit int) {
	t.Helper()
	args := []string{
		"doctor", r.Host, "--ca", l.CAFile, "--origin", l.Origin, "--timeout", "20s", "--slow", "1h",
		"--http-port", strconv.Itoa(l.HTTPPort), "--https-port", strconv.Itoa(l.HTTPSPort),
	}
	for _, resolver := range l.Resolvers {
		args = append(args, "--resolver", resolver)
	}
	var stdout, stderr bytes.Buffer
	env := cli.Env{
		In: strings.NewReader(""), Out: &stdout, Err: &stderr, Now: time.Now,
		LookupEnv: func(string) (string, bool) { return "", false },
	}
	exit = env.Run(context.Background(), append(args, more...))
	return stdout.String(), stderr.String(), exit
}

// TestCommand compares what the command prints with testdata/command; -update
// rewrites it.
func TestCommand(t *testing.T) {
	for name, want := range map[string]int{
		"clickedge-customerio-eu":        failure.ExitOK,
		"host-overridden-cloudfront-ses": failure.ExitBad,
		"certificate-ends-soon":          failure.ExitWarnings,
		"still-at-ses":                   failure.ExitBad,
		"resolvers-disagree":             failure.ExitWarnings,
		"several-at-once":                failure.ExitBad,
		"http-refused":                   failure.ExitBad,
		"several-esps":                   failure.ExitOK,
		"several-esps-all-to-one":        failure.ExitBad,
		"retired-still-asked":            failure.ExitWarnings,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, ok := doctortest.Find(name)
			require.True(t, ok)
			r := s.Start(t)
			l := r.Loopback(t)
			page := filepath.Join(t.TempDir(), "report.html")
			esps := espFlags(t, &s, r, l)
			out, talk, exit := call(t, r, l, append(esps, "--html", page)...)
			require.Equal(t, want, exit, "%s%s", out, talk)
			golden(t, name+".txt", out+"\n-- stderr --\n"+talk)
			written, err := os.ReadFile(page)
			require.NoError(t, err)
			golden(t, name+".html", string(written))
			out, _, exit = call(t, r, l, append(esps, "--json")...)
			require.Equal(t, want, exit)
			require.True(t, json.Valid([]byte(out)))
			golden(t, name+".json", out)
		})
	}
}

// What differs from run to run.
var varying = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`\b([Pp]ort|[Ll]isten|on) \d{5}\b`), "$1 PORT"},
	{regexp.MustCompile(`("(?:took|esp)_ns": )\d+`), "${1}0"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d(T|\s+)\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z| UTC|\+00:00)`), "2026-03-01${1}12:00${2}"},
	{regexp.MustCompile(`\b\d+(\.\d+)?(s|ms|µs|ns)\b`), "TIME"},
	{regexp.MustCompile(`TIME, \d+ ?%`), "TIME, SHARE"},
	{regexp.MustCompile(`TIME +`), "TIME "},
}

// espFlags say which ESPs the set-up has: by --esp, and by a sites.json where one
// is retired.
func espFlags(t *testing.T, s *doctortest.Setup, r *doctortest.Running, l doctortest.Loopback) (flags []string) {
	var also []string
	for _, preset := range s.Tell.ESPs {
		also, flags = append(also, `{"esp": "`+preset+`"}`), append(flags, "--origin", preset+"="+l.Further[preset])
	}
	for _, preset := range s.Tell.Retired {
		also, flags = append(also, `{"esp": "`+preset+`", "retired": true}`), append(flags, "--origin", preset+"="+l.Further[preset])
	}
	if len(s.Tell.Retired) == 0 {
		flags = append(flags, "--esp", r.Origin.Preset)
		for _, preset := range s.Tell.ESPs {
			flags = append(flags, "--esp", preset)
		}
		return flags
	}
	sites := filepath.Join(t.TempDir(), "sites.json")
	text := `{"sites": {"` + r.Host + `": {"esp": "` + r.Origin.Preset + `", "also": [` + strings.Join(also, ", ") + `], "destinations": ["example.com"]}}}`
	require.NoError(t, os.WriteFile(sites, []byte(text), 0o600))
	return append(flags, "--sites", sites)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	for _, v := range varying {
		got = v.what.ReplaceAllString(got, v.by)
	}
	path := filepath.Join("testdata", "command", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./deploy/internal/doctortest -run TestCommand -update writes it")
	require.Equal(t, string(want), got, "%s; if that is right: -update", name)
}

// TestTerminal holds fast what the command prints to a terminal, colours
// included: the browser's tests look at it.
func TestTerminal(t *testing.T) {
	s, ok := doctortest.Find("several-at-once")
	require.True(t, ok)
	r := s.Start(t)
	found, err := doctor.Examine(context.Background(), options(&s, r))
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, found.WriteText(&text, report.TextOptions{Width: 80, Color: true, Facts: true}))
	for line := range strings.Lines(plain.ReplaceAllString(text.String(), "")) {
		if !strings.Contains(line, "https://") { // a rule's address is not broken, so that it can be opened
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 80, line)
		}
	}
	golden(t, s.Name+".ansi", text.String())
}

// plain takes colours out.
var plain = regexp.MustCompile("\x1b\\[[0-9;]*m")
