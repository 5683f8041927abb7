package keystore_test

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/keystore"
)

const (
	store   = "clickedge-keys"
	secretA = "correct-horse-battery-staple-0001"
	secretB = "correct-horse-battery-staple-0002"
)

// account is a stand-in of the API with a client, and what was said.
type account struct {
	api      *fastlytest.API
	client   *fastlyapi.Client
	out, err bytes.Buffer
	// called is told of each call after its answer; nil for nobody.
	called func(line string)
}

func newAccount(t *testing.T) *account {
	const token = "token-that-nobody-may-see"
	a := &account{api: fastlytest.New(token)}
	srv := httptest.NewServer(a.api)
	t.Cleanup(srv.Close)
	var err error
	a.client, err = fastlyapi.New(token, fastlyapi.Options{Endpoint: srv.URL, SigningKey: a.api.SigningKey(), Trace: func(line string) {
		if a.called != nil {
			a.called(line)
		}
	}})
	require.NoError(t, err)
	return a
}

// ringOf has these secrets, given as k1=SECRET.
func ringOf(t *testing.T, lines ...string) *keyring.Ring {
	keys, err := keyring.Parse([]byte(strings.Join(lines, "\n") + "\n"))
	require.NoError(t, err)
	return keyring.NewRing(keys...)
}

// requireUnchanged requires that nothing was asked of the API that changes it.
func (a *account) requireUnchanged(t *testing.T) {
	t.Helper()
	for _, r := range a.api.Seen() {
		require.False(t, r.Writes(), "%s", r)
	}
}

func (a *account) push(t *testing.T, p keystore.Push, lines ...string) error {
	a.out.Reset()
	a.err.Reset()
	p.Store, p.Out, p.Err = store, &a.out, &a.err
	err := p.Run(t.Context(), a.client, ringOf(t, lines...))
	for _, secret := range []string{secretA, secretB} {
		require.NotContains(t, a.out.String()+a.err.String(), secret)
		if err != nil {
			require.NotContains(t, err.Error(), secret)
		}
	}
	return err
}

func TestPush(t *testing.T) {
	a := newAccount(t)
	a.api.AddStore(store)
	require.NoError(t, a.push(t, keystore.Push{}, "k1="+secretA, "k2="+secretB))
	for kid, want := range map[string]string{"k1": secretA, "k2": secretB} {
		got, ok := a.api.Value(store, kid)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	require.Regexp(t, `^put k1, fingerprint \S+, secret store clickedge-keys \(\S+\)\nput k2, `, a.out.String())
}

// All or none: one that is there keeps the other from being put.
func TestPushRefusesWhatIsStored(t *testing.T) {
	a := newAccount(t)
	a.api.AddStore(store, "k1="+secretA)
	err := a.push(t, keystore.Push{}, "k1="+secretB, "k2="+secretB+"x")
	require.EqualError(t, err, "secret store clickedge-keys has k1 already; nothing was changed")
	require.Equal(t, failure.ExitBad, failure.Of(err).Exit)
	a.requireUnchanged(t)
	require.NoError(t, a.push(t, keystore.Push{Replace: true}, "k1="+secretB))
	require.Contains(t, a.out.String(), "replaced k1, ")
	require.NoError(t, a.push(t, keystore.Push{Replace: true}, "k1="+secretB))
	require.Contains(t, a.out.String(), "stored the same secret again as k1, ")
}

func TestPushMakesTheStore(t *testing.T) {
	a := newAccount(t)
	err := a.push(t, keystore.Push{}, "k1="+secretA)
	require.ErrorIs(t, err, fastlyapi.ErrNoStore)
	require.Contains(t, failure.Of(err).Hint, "--create-store makes it")
	require.NoError(t, a.push(t, keystore.Push{Create: true, DryRun: true}, "k1="+secretA))
	require.Regexp(t, `^would make the secret store clickedge-keys\nwould put k1, fingerprint \S+, into the secret store clickedge-keys\n$`, a.out.String())
	a.requireUnchanged(t)
	require.NoError(t, a.push(t, keystore.Push{Create: true}, "k1="+secretA))
	require.Contains(t, a.out.String(), "made the secret store clickedge-keys (")
	digests, err := keystore.Digests(t.Context(), a.client, store)
	require.NoError(t, err)
	require.Len(t, digests, 1)
	require.NotEmpty(t, digests["k1"])
}

// The same secret under two ids is no rotation.
func TestPushWarnsOfTwins(t *testing.T) {
	a := newAccount(t)
	a.api.AddStore(store, "k2="+secretA)
	require.NoError(t, a.push(t, keystore.Push{}, "k1="+secretA))
	require.Contains(t, a.err.String(), "warning: the store gives k1 and k2 the same digest")
}

// A failure in the middle says what was done before it.
func TestPushBreaksOff(t *testing.T) {
	a := newAccount(t)
	path := "/resources/stores/secret/" + a.api.AddStore(store) + "/secrets"
	a.called = func(line string) {
		if strings.HasPrefix(line, "POST ") && strings.Contains(line, path) {
			a.api.Fail(fastlytest.Fault{Method: "POST", Path: path, Status: 403})
		}
	}
	err := a.push(t, keystore.Push{}, "k1="+secretA, "k2="+secretB)
	require.ErrorContains(t, err, "403")
	require.Contains(t, failure.Of(err).Hint, "scope global")
	require.Equal(t, "stored before: k1\n", a.err.String())
	_, there := a.api.Value(store, "k2")
	require.False(t, there)
}

// judge knows that k1 may go, and nothing of other keys.
func judge() *keyring.Retirement {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	return &keyring.Retirement{Log: new(clicklog.Keys), Now: now, Minted: map[string]time.Time{"k1": now.AddDate(-1, 0, 0)}, Lifetime: "30d", MaxAge: "180d"}
}

func (a *account) remove(t *testing.T, r keystore.Remove, answer string, kids ...string) error {
	a.out.Reset()
	a.err.Reset()
	r.Store, r.Judge, r.Out, r.Err = store, judge(), &a.out, &a.err
	r.In = &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(answer), Err: &a.err}
	return r.Run(t.Context(), a.client, kids)
}

func TestRemove(t *testing.T) {
	a := newAccount(t)
	a.api.AddStore(store, "k1="+secretA, "k2="+secretB)
	require.NoError(t, a.remove(t, keystore.Remove{DryRun: true}, "", "k1", "k9"))
	require.Regexp(t, `^k9 is not in the secret store clickedge-keys \(\S+\)\nwould delete k1 from the secret store clickedge-keys `, a.out.String())
	a.requireUnchanged(t)
	for _, answer := range []string{"", "n\n", "delete\n"} {
		err := a.remove(t, keystore.Remove{}, answer, "k1")
		require.EqualError(t, err, "not confirmed; nothing was deleted")
		a.requireUnchanged(t)
	}
	require.NoError(t, a.remove(t, keystore.Remove{}, "y\n", "k1"))
	require.Regexp(t, `^deleted k1, secret store clickedge-keys `, a.out.String())
	_, there := a.api.Value(store, "k1")
	require.False(t, there)
	require.NoError(t, a.remove(t, keystore.Remove{}, "", "k1"), "it can be called again")
}

// A key that may be in use is kept, and with it the one that may go.
func TestRemoveKeepsWhatIsUsed(t *testing.T) {
	a := newAccount(t)
	a.api.AddStore(store, "k1="+secretA, "k2="+secretB)
	err := a.remove(t, keystore.Remove{Yes: true}, "", "k1", "k2")
	require.ErrorContains(t, err, `key "k2" may still have links in use`)
	a.requireUnchanged(t)
	require.NoError(t, a.remove(t, keystore.Remove{Yes: true, Force: true}, "", "k1", "k2"))
	require.Contains(t, a.err.String(), "warning: key k2 is deleted though it may still have links in use")
	for _, kid := range []string{"k1", "k2"} {
		_, there := a.api.Value(store, kid)
		require.False(t, there, kid)
	}
}

func TestRefuseListed(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": {"esp": "sendgrid", "keys": ["k2", "k1"], "signed_links": "anywhere"}}}`))
	require.NoError(t, err)
	require.NoError(t, keystore.RefuseListed(sites, "sites.json", []string{"k3"}))
	err = keystore.RefuseListed(sites, "sites.json", []string{"k3", "k1"})
	require.EqualError(t, err, `site link.example.com of sites.json still names key "k1"; nothing was deleted`)
	require.Equal(t, failure.ExitBad, failure.Of(err).Exit)
}
