package server

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/failure"
)

func nameOf(t *testing.T, text string) *learned.Name {
	t.Helper()
	name, ok := learned.ParseName(text)
	require.True(t, ok)
	return &name
}

func TestLinks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "links")
	l, err := OpenLinks(file)
	require.NoError(t, err)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())

	name := nameOf(t, "AAAAAAAAAAAAAAAAAAAAAAAA")
	p := &places{links: l, now: 1000, warn: func(err error) { t.Error(err) }}
	shop, www := learned.KnownSince(1, "https://shop.example.com/"), learned.KnownSince(1, "https://www.example.com/")
	_, ok := p.Stored(name)
	require.True(t, ok, "it answers, and knows nothing")
	require.Equal(t, learned.Done, p.PutStored(name, &shop, true))
	require.Equal(t, learned.Taken, p.PutStored(name, &www, true))
	e, _ := p.Stored(name)
	require.Equal(t, shop, e)
	require.Equal(t, learned.Done, p.PutStored(name, &www, false))

	p.PutCached(name, &shop, 60)
	require.Equal(t, shop, p.Cached(name))
	require.NoError(t, l.Sweep(1059))
	require.Equal(t, shop, p.Cached(name))
	p.now = 1060
	require.Zero(t, p.Cached(name), "its time is over")
	require.NoError(t, l.Sweep(1060))
	p.now = 1000
	require.Zero(t, p.Cached(name), "it is gone")

	_, err = OpenLinks(file)
	require.ErrorContains(t, err, "are in use")
	require.NoError(t, l.Close())
	l, err = OpenLinks(file)
	require.NoError(t, err)
	e, err = l.Stored(name)
	require.NoError(t, err)
	require.Equal(t, www, e, "a restart forgets nothing")
	require.NoError(t, l.Close())

	require.NoError(t, os.WriteFile(file, []byte("no database, but long enough for a header of one"), 0o600))
	_, err = OpenLinks(file)
	require.True(t, failure.Is(err))
	require.Contains(t, failure.Of(err).Hint, "damaged")
	_, err = OpenLinks(t.TempDir())
	require.Error(t, err)
}

// A panic of bbolt, or of what goes on after an answer, does not end the server.
func TestPanicAfterAnAnswer(t *testing.T) {
	require.ErrorIs(t, undamaged(func() error { panic("page 7: unexpected page type") }), errDamaged)
	r := newRig(t, learning)
	r.Links = &Links{} // its methods panic
	require.NoError(t, r.get("/ss/c/u001.AAAAAAAAAAAAAAAAAAAAAA/000/AAAAAAAAAAAAAAAAAAAAAA/h0/h001.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &reader{}))
	x := &exchange{state: state{s: r.Server}}
	x.record.RequestID = "77"
	x.later(func() { panic("reader@example.com") })
	r.Wait()
	require.Contains(t, r.warn.String(), "after an answer; request 77\n")
	require.NotContains(t, r.warn.String(), "reader@")
}

// What cannot be written is said.
func TestLinksThatCannotBeWritten(t *testing.T) {
	l, err := OpenLinks(filepath.Join(t.TempDir(), "links"))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	said := 0
	p := &places{links: l, warn: func(error) { said++ }}
	e := learned.KnownSince(1, "https://shop.example.com/")
	require.Equal(t, learned.Failed, p.PutStored(nameOf(t, "AAAAAAAAAAAAAAAAAAAAAAAA"), &e, true))
	p.PutCached(nameOf(t, "AAAAAAAAAAAAAAAAAAAAAAAA"), &e, 1)
	require.Zero(t, p.Cached(nameOf(t, "AAAAAAAAAAAAAAAAAAAAAAAA")))
	_, ok := p.Stored(nameOf(t, "AAAAAAAAAAAAAAAAAAAAAAAA"))
	require.False(t, ok, "it gave no answer")
	require.Equal(t, 4, said)
	require.Error(t, l.Sweep(1))
}
