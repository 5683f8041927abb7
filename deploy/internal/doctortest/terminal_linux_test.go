package doctortest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/clickedge/clickedge/deploy/cli"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/internal/doctortest"
)

// openTerminal makes a pseudo-terminal of 60 columns: what is written to tty
// can be read from user.
func openTerminal(t *testing.T) (user, tty *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: " + err.Error())
	}
	require.NoError(t, unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}))
	return user, tty
}

// onTerminal runs the doctor with a terminal as standard error and returns what
// was written to it.
func onTerminal(t *testing.T, r *doctortest.Running, l doctortest.Loopback, more ...string) string {
	t.Helper()
	user, tty := openTerminal(t)
	var out bytes.Buffer
	env := cli.Env{In: strings.NewReader(""), Out: &out, Err: tty, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false }}
	args := append([]string{
		"doctor", r.Host, "--ca", l.CAFile, "--origin", l.Origin, "--timeout", "20s", "--slow", "1h", "--esp", r.Origin.Preset,
		"--http-port", strconv.Itoa(l.HTTPPort), "--https-port", strconv.Itoa(l.HTTPSPort), "--resolver", l.Resolvers[0],
	}, more...)
	written := make(chan string)
	go func() {
		all, _ := io.ReadAll(user) // ends with an error once the other side has been closed
		written <- string(all)
	}()
	require.Equal(t, failure.ExitOK, env.Run(context.Background(), args))
	require.NotContains(t, out.String(), "\r")
	require.NoError(t, tty.Close())
	defer user.Close()
	return <-written
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
