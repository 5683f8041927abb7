package doctortest_test

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/cli"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/internal/doctortest"
	"github.com/clickedge/clickedge/deploy/internal/terminaltest"
)

// onTerminal runs the doctor with a terminal as standard error and returns what
// was written to it.
func onTerminal(t *testing.T, r *doctortest.Running, l doctortest.Loopback, more ...string) string {
	t.Helper()
	var out bytes.Buffer
	env := cli.Env{In: strings.NewReader(""), Out: &out, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false }}
	args := append([]string{
		"doctor", r.Host, "--ca", l.CAFile, "--origin", l.Origin, "--timeout", "20s", "--slow", "1h", "--esp", r.Origin.Preset,
		"--http-port", strconv.Itoa(l.HTTPPort), "--https-port", strconv.Itoa(l.HTTPSPort), "--resolver", l.Resolvers[0],
	}, more...)
	return terminaltest.Written(t, func(tty *os.File) {
		env.Err = tty
		require.Equal(t, failure.ExitOK, env.Run(context.Background(), args))
		require.NotContains(t, out.String(), "\r")
	})
}

// TestSilentOnATerminal shows what is asked on one line, no longer than the
// terminal, and takes it away.
func TestSilentOnATerminal(t *testing.T) {
	s, ok := doctortest.Find("link-works")
	require.True(t, ok)
	r := s.Start(t)
	l := r.Loopback(t)
	link := s.Tell.Link(r)
	seen := onTerminal(t, r, l, "--link", link)
	lines := strings.Split(seen, "\r\x1b[K")
	require.Greater(t, len(lines), 20, "%q", seen)
	require.NotContains(t, seen, "\n", "one line is written anew")
	require.Empty(t, lines[len(lines)-1], "nothing is left of it")
	for _, what := range []string{"DNS: A of " + r.Host, "TLS: TLS with 127.0.0.1", "HTTP: GET /e/o/", "over HTTP/2", "ESP: the given link"} {
		require.Contains(t, seen, what)
	}
	for _, line := range lines {
		require.Less(t, len(line), 60, line)
	}
	_, target, _ := strings.Cut(link, r.Host)
	require.NotRegexp(t, regexp.MustCompile(regexp.QuoteMeta(target[:40])), seen, "a link names a recipient")
	require.Empty(t, onTerminal(t, r, l, "--quiet"))
	require.Empty(t, onTerminal(t, r, l, "--json"))
	_, talk, _ := call(t, r, l, "--esp", r.Origin.Preset)
	require.Empty(t, talk, "a file gets no line")
}
