package keyring

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
)

const secretOfK1 = "correct-horse-battery-staple-0001"

// sourceOf reads this standard input and these variables, and has the warnings.
func sourceOf(t *testing.T, stdin string, vars map[string]string) (*Source, *bytes.Buffer) {
	var said bytes.Buffer
	in := &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(stdin), Err: &said}
	return NewSource(in, func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, nil), &said
}

func TestGather(t *testing.T) {
	src, _ := sourceOf(t, "k1="+secretOfK1+"\n", nil)
	ring, err := Gather(src, Want{Files: []string{"-"}, IDs: []string{"k1"}})
	require.NoError(t, err)
	require.Equal(t, []string{"k1"}, ring.IDs())
	// Both kinds of failure are of the call: a file that is not there, and a
	// text that is no secret.
	src, _ = sourceOf(t, "", nil)
	for name, text := range map[string]string{"none.key": "", "bad.key": "short"} {
		file := filepath.Join(t.TempDir(), name)
		if text != "" {
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		}
		_, err = Gather(src, Want{Files: []string{file}, IDs: []string{"k1"}})
		require.Equal(t, failure.ExitUsage, failure.Of(err).Exit, name)
		require.True(t, failure.Is(err), name)
	}
}

func TestSourceWarns(t *testing.T) {
	src, said := sourceOf(t, "", nil)
	src.warn("doubtful")
	require.Equal(t, "warning: doubtful\n", said.String())
}

func TestGatherSite(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"link.example.com": {"esp": "sendgrid", "keys": ["k2", "k1"], "signed_links": "anywhere"},
		"mail.example.com": {"esp": "mailgun", "keys": ["k3"], "signed_links": "anywhere"}}}`))
	require.NoError(t, err)
	site := sites.Lookup("link.example.com")
	vars := map[string]string{EnvName("k1"): secretOfK1, EnvName("k2"): "correct-horse-battery-staple-0002"}
	src, _ := sourceOf(t, "", vars)
	ring, err := GatherSite(src, nil, site, sites, "", nil)
	require.NoError(t, err)
	require.Equal(t, []string{"k1", "k2"}, ring.IDs())
	ring, err = GatherSite(src, nil, site, sites, "", []string{"k1"})
	require.NoError(t, err)
	require.Equal(t, []string{"k1"}, ring.IDs(), "no more variables are read than are needed")
}

// What is missing is said together with what was given in its place.
func TestErrMissing(t *testing.T) {
	ring := NewRing(Key{ID: "k1", secret: secretOfK1})
	_, err := ring.Key("k2")
	err = ring.ErrMissing(err)
	require.ErrorIs(t, err, ErrNoSecret)
	require.ErrorContains(t, err, "what was given is the secret of k1")
	require.NotContains(t, err.Error(), secretOfK1)
	_, err = NewRing().Key("k2")
	require.Equal(t, err, NewRing().ErrMissing(err))
	src, _ := sourceOf(t, "", nil)
	f := Missing(src, err, "k2")
	require.Equal(t, failure.ExitUsage, f.Exit)
	require.Equal(t, "give --key-file FILE, or set "+EnvName("k2"), f.Hint)
}
