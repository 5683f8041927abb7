package input

import (
	"bytes"
	"context"
	"encoding/pem"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

// inputOf reads this text as standard input, and has what is said.
func inputOf(t *testing.T, stdin string) (*Input, *bytes.Buffer) {
	var said bytes.Buffer
	return &Input{Ctx: t.Context(), Stdin: strings.NewReader(stdin), Err: &said}, &said
}

// requireUsage requires a failure of the call with this hint.
func requireUsage(t *testing.T, err error, says, hint string) {
	t.Helper()
	require.ErrorContains(t, err, says)
	f := failure.Of(err)
	require.Equal(t, failure.ExitUsage, f.Exit)
	require.Equal(t, hint, f.Hint)
}

// What was read from standard input once is not there for a second thing.
func TestStandardInputIsReadOnce(t *testing.T) {
	in, said := inputOf(t, "one")
	text, err := in.Read("the sites", "-", 10, "")
	require.NoError(t, err)
	require.Equal(t, "one", string(text))
	_, err = in.ReadText("the key file", "-", 10, "")
	requireUsage(t, err, "standard input is asked for twice: for the sites and for the key file", `give "-" once, and a file for the other`)
	_, err = in.Open("the click log", "-", "")
	requireUsage(t, err, "for the sites and for the click log", `give "-" once, and a file for the other`)
	_, err = in.Confirm("Delete it?", "--yes")
	requireUsage(t, err, "standard input had the sites, so it cannot answer", "say --yes")
	require.Empty(t, said.String())
}

func TestReadFails(t *testing.T) {
	in, _ := inputOf(t, "")
	dir := t.TempDir()
	_, err := in.Read("the sites", filepath.Join(dir, "none.json"), 10, "name another")
	requireUsage(t, err, "cannot read the sites: ", "name another")
	long := filepath.Join(dir, "long")
	require.NoError(t, os.WriteFile(long, []byte("more than three"), 0o600))
	_, err = in.Read("the sites", long, 3, "")
	require.ErrorContains(t, err, "cannot read the sites: ")
	packed := filepath.Join(dir, "packed.gz")
	require.NoError(t, os.WriteFile(packed, []byte("\x1f\x8b\x08\x00"), 0o600))
	_, err = in.ReadText("the sites", packed, 100, "")
	require.ErrorContains(t, err, "cannot read the sites: ")
	_, err = in.Read("the module", packed, 100, "")
	require.NoError(t, err, "a module is no text")
}

// What was read is not written over, by whatever name; what was not, is free.
func TestSpare(t *testing.T) {
	in, _ := inputOf(t, "x")
	dir := t.TempDir()
	name := func(base string) string { return filepath.Join(dir, base) }
	for _, base := range []string{"a", "b", "other"} {
		require.NoError(t, os.WriteFile(name(base), []byte("text"), 0o600))
	}
	require.NoError(t, os.Symlink("b", name("link")))
	_, err := in.Read("the sites", name("a"), 10, "")
	require.NoError(t, err)
	log, err := in.Open("the click log", name("b"), "")
	require.NoError(t, err)
	require.NoError(t, log.Close())
	_, err = in.Read("the key", "-", 10, "")
	require.NoError(t, err)
	for _, read := range []string{name("a"), name("b"), name("link"), filepath.Join(dir, "..", filepath.Base(dir), "a")} {
		requireUsage(t, in.Spare(read, "name another"), "was read, and would be written over; nothing was written", "name another")
	}
	for _, free := range []string{name("other"), name("none"), dir, os.DevNull, "-"} {
		require.NoError(t, in.Spare(free, ""))
	}
}

func TestConfirm(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "Yes\n": true, "yes": true, "n\n": false, "": false, "yesterday\n": false} {
		in, said := inputOf(t, answer)
		got, err := in.Confirm("Delete it?", "--yes")
		require.NoError(t, err)
		require.Equal(t, want, got, "%q", answer)
		require.Contains(t, said.String(), "Delete it? [y/N] ")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, w := io.Pipe()
	defer w.Close()
	in := &Input{Ctx: ctx, Stdin: r, Err: io.Discard}
	got, err := in.Confirm("Delete it?", "--yes")
	require.NoError(t, err)
	require.False(t, got, "Ctrl-C is no yes")
}

func TestAuthorities(t *testing.T) {
	in, _ := inputOf(t, "")
	pool, err := in.Authorities("")
	require.NoError(t, err)
	require.Nil(t, pool, "the system's")
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	require.NoError(t, os.WriteFile(empty, []byte("nothing"), 0o600))
	_, err = in.Authorities(empty)
	requireUsage(t, err, "no certificate in ", "a PEM file begins with -----BEGIN CERTIFICATE-----")
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	good := filepath.Join(dir, "good.pem")
	require.NoError(t, os.WriteFile(good, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600))
	pool, err = in.Authorities(good)
	require.NoError(t, err)
	require.NotNil(t, pool)
}

func TestTime(t *testing.T) {
	clock := func() time.Time { return time.Unix(1, 0) }
	at, err := Time("", clock)
	require.NoError(t, err)
	require.Equal(t, clock(), at)
	at, err = Time("2030-01-31T12:00:00Z", clock)
	require.NoError(t, err)
	require.Equal(t, time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC), at)
	_, err = Time("tomorrow", clock)
	requireUsage(t, err, `--now "tomorrow" is no time`, "write it like 2030-01-31T12:00:00Z")
}
