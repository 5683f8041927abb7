package fastlyapi_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
)

const (
	token  = "token-that-nobody-may-see"
	secret = "correct-horse-battery-staple-0001"
)

// rig is a client and the stand-in API behind it.
type rig struct {
	api    *fastlytest.API
	client *fastlyapi.Client
	pauses []time.Duration
	trace  []string
	mu     sync.Mutex
}

func newRig(t *testing.T) *rig {
	r := &rig{api: fastlytest.New(token)}
	srv := httptest.NewServer(r.api)
	t.Cleanup(srv.Close)
	var err error
	r.client, err = fastlyapi.New(token, fastlyapi.Options{
		Endpoint:   srv.URL,
		SigningKey: r.api.SigningKey(),
		Pause:      func(_ context.Context, d time.Duration) error { r.pauses = append(r.pauses, d); return nil },
		Trace:      func(line string) { r.mu.Lock(); defer r.mu.Unlock(); r.trace = append(r.trace, line) },
	})
	require.NoError(t, err)
	return r
}

// requireHidden: the text has neither token nor secret, in any form.
func requireHidden(t *testing.T, text string) {
	t.Helper()
	for _, s := range []string{token, secret, base64.StdEncoding.EncodeToString([]byte(secret)), "battery"} {
		require.NotContains(t, text, s)
	}
}

func TestPutSecret(t *testing.T) {
	r := newRig(t)
	id := r.api.AddStore("clickedge-keys")
	got, err := r.client.PutSecret(t.Context(), fastlyapi.Put{StoreID: id, Name: "k1", Value: []byte(secret)})
	require.NoError(t, err)
	require.Equal(t, "k1", got.Name)
	require.False(t, got.Recreated)
	value, _ := r.api.Value("clickedge-keys", "k1")
	require.Equal(t, secret, value)

	seen := r.api.Seen()
	require.Len(t, seen, 2)
	require.Equal(t, "POST /resources/stores/secret/client-key", seen[0].Method+" "+seen[0].Path)
	require.Equal(t, "POST /resources/stores/secret/"+id+"/secrets", seen[1].Method+" "+seen[1].Path)
	for _, s := range seen {
		require.Equal(t, token, s.Header.Get("Fastly-Key"))
		require.Equal(t, "application/json", s.Header.Get("Accept"))
		require.Equal(t, "clickedge", s.Header.Get("User-Agent"))
		requireHidden(t, s.Body)
	}
	require.Equal(t, "application/json", seen[1].Header.Get("Content-Type"))
	require.Contains(t, seen[1].Body, `"client_key":"`)
	require.Len(t, r.trace, 2)
	requireHidden(t, strings.Join(r.trace, "\n"))
}

func TestPutSecretPlain(t *testing.T) {
	r := newRig(t)
	id := r.api.AddStore("clickedge-keys")
	_, err := r.client.PutSecret(t.Context(), fastlyapi.Put{StoreID: id, Name: "k1", Value: []byte(secret), Plain: true})
	require.NoError(t, err)
	value, _ := r.api.Value("clickedge-keys", "k1")
	require.Equal(t, secret, value)
	seen := r.api.Seen()
	require.Len(t, seen, 1)
	require.JSONEq(t, `{"name": "k1", "secret": "`+base64.StdEncoding.EncodeToString([]byte(secret))+`"}`, seen[0].Body)
}

func TestReplaceSecret(t *testing.T) {
	r := newRig(t)
	id := r.api.AddStore("clickedge-keys", "k1=old")
	p := fastlyapi.Put{StoreID: id, Name: "k1", Value: []byte(secret)}
	_, err := r.client.PutSecret(t.Context(), p)
	var e *fastlyapi.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 409, e.Status)
	p.Replace = true
	got, err := r.client.PutSecret(t.Context(), p)
	require.NoError(t, err)
	require.True(t, got.Recreated)
	value, _ := r.api.Value("clickedge-keys", "k1")
	require.Equal(t, secret, value)
}

func TestFindStore(t *testing.T) {
	r := newRig(t)
	var ids []string
	for i := range 7 {
		ids = append(ids, r.api.AddStore(fmt.Sprintf("store-%d", i)))
	}
	r.api.AddStore("twice")
	r.api.AddStore("twice")
	got, err := r.client.FindStore(t.Context(), "store-6")
	require.NoError(t, err)
	require.Equal(t, ids[6], got.StoreID)
	require.Equal(t, "store-6", got.Name)
	require.Len(t, r.api.Seen(), 5, "every page")
	got, err = r.client.FindStore(t.Context(), ids[0])
	require.NoError(t, err)
	require.Equal(t, "store-0", got.Name)
	_, err = r.client.FindStore(t.Context(), "nowhere")
	require.ErrorIs(t, err, fastlyapi.ErrNoStore)
	_, err = r.client.FindStore(t.Context(), "twice")
	require.ErrorContains(t, err, "2 secret stores are named")

	s, err := r.client.CreateStore(t.Context(), "clickedge-keys")
	require.NoError(t, err)
	got, err = r.client.FindStore(t.Context(), "clickedge-keys")
	require.NoError(t, err)
	require.Equal(t, s.StoreID, got.StoreID)
	require.Equal(t, s.Name, got.Name)
}

func TestSecrets(t *testing.T) {
	r := newRig(t)
	id := r.api.AddStore("s", "k1=a", "k2=b", "k3=c", "k4=d", "k5=e")
	list, err := r.client.Secrets(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, list, 5)
	require.Equal(t, "k5", list[4].Name)
}

// A call is repeated where that may help, unless it may have been carried out
// already.
func TestTries(t *testing.T) {
	secrets := func(id string) string { return "/resources/stores/secret/" + id + "/secrets" }
	for name, c := range map[string]struct {
		faults []fastlytest.Fault
		do     func(*rig, string) error
		status int // of the error; -1: no answer; 0: it went well
		pauses []time.Duration
	}{
		"listing, 500 twice": {
			faults: []fastlytest.Fault{{Method: "GET", Status: 500}, {Method: "GET", Status: 503}},
			do:     func(r *rig, _ string) error { _, err := r.client.Stores(t.Context()); return err },
			pauses: []time.Duration{time.Second, 2 * time.Second},
		},
		"listing, broken off": {
			faults: []fastlytest.Fault{{Method: "GET"}},
			do:     func(r *rig, _ string) error { _, err := r.client.Stores(t.Context()); return err },
			pauses: []time.Duration{time.Second},
		},
		"listing, down": {
			faults: []fastlytest.Fault{{Method: "GET", Status: 502}, {Method: "GET", Status: 502}, {Method: "GET", Status: 502}, {Method: "GET", Status: 502}},
			do:     func(r *rig, _ string) error { _, err := r.client.Stores(t.Context()); return err },
			status: 502, pauses: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second},
		},
		"asked to wait": {
			faults: []fastlytest.Fault{{Method: "GET", Status: 429, Header: http.Header{"Retry-After": {"7"}}}, {Method: "GET", Status: 429, Header: http.Header{"Retry-After": {"9999"}}}},
			do:     func(r *rig, _ string) error { _, err := r.client.Stores(t.Context()); return err },
			pauses: []time.Duration{7 * time.Second, time.Minute},
		},
		"forbidden": {
			faults: []fastlytest.Fault{{Method: "GET", Status: 403}},
			do:     func(r *rig, _ string) error { _, err := r.client.Stores(t.Context()); return err },
			status: 403,
		},
		"a store made, or not": {
			faults: []fastlytest.Fault{{Method: "POST", Status: 500}},
			do:     func(r *rig, _ string) error { _, err := r.client.CreateStore(t.Context(), "x"); return err },
			status: 500,
		},
		"a new secret, broken off": {
			faults: []fastlytest.Fault{{Method: "POST", Path: secrets("store0001")}},
			do: func(r *rig, id string) error {
				_, err := r.client.PutSecret(t.Context(), fastlyapi.Put{StoreID: id, Name: "k", Value: []byte(secret)})
				return err
			},
			status: -1,
		},
		"a secret replaced, broken off": {
			faults: []fastlytest.Fault{{Method: "PUT", Path: secrets("store0001")}},
			do: func(r *rig, id string) error {
				_, err := r.client.PutSecret(t.Context(), fastlyapi.Put{StoreID: id, Name: "k", Value: []byte(secret), Replace: true})
				return err
			},
			pauses: []time.Duration{time.Second},
		},
		"sent elsewhere": {
			faults: []fastlytest.Fault{{Method: "GET", Status: 302, Header: http.Header{"Location": {"http://127.0.0.1:1/"}}}},
			do:     func(r *rig, _ string) error { _, err := r.client.Stores(t.Context()); return err },
			status: 302,
		},
		"not JSON": {
			faults: []fastlytest.Fault{{Method: "GET", Status: 200, Body: "<html>"}},
			do:     func(r *rig, _ string) error { _, err := r.client.Stores(t.Context()); return err },
			status: -1, pauses: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id := r.api.AddStore("clickedge-keys")
			if name == "not JSON" {
				r.api.Fail(c.faults[0], c.faults[0], c.faults[0])
			}
			r.api.Fail(c.faults...)
			err := c.do(r, id)
			require.Equal(t, c.pauses, r.pauses)
			if c.status == 0 {
				require.NoError(t, err)
				return
			}
			var e *fastlyapi.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, max(c.status, 0), e.Status)
			require.Contains(t, err.Error(), e.Path)
			requireHidden(t, err.Error())
			requireHidden(t, strings.Join(r.trace, "\n"))
		})
	}
}

// If the API quotes what it was sent, the error does not.
func TestNothingLeaksFromAnswers(t *testing.T) {
	for _, plain := range []bool{true, false} {
		r := newRig(t)
		id := r.api.AddStore("clickedge-keys")
		r.api.Fail(fastlytest.Fault{Method: "POST", Path: "/resources/stores/secret/" + id, Status: 400, Echo: true})
		_, err := r.client.PutSecret(t.Context(), fastlyapi.Put{StoreID: id, Name: "k1", Value: []byte(secret), Plain: plain})
		require.ErrorContains(t, err, "[hidden] sent ")
		requireHidden(t, err.Error())
		requireHidden(t, fmt.Sprintf("%v %+v %#v", r.client, r.client, r.client))
		requireHidden(t, strings.Join(r.trace, "\n"))
	}
}

func TestClientKeyMustBeSigned(t *testing.T) {
	api := fastlytest.New(token)
	srv := httptest.NewServer(api)
	defer srv.Close()
	id := api.AddStore("clickedge-keys")
	for _, signer := range []string{"", fastlytest.New("").SigningKey(), "AAAA", "*"} {
		client, err := fastlyapi.New(token, fastlyapi.Options{Endpoint: srv.URL, SigningKey: signer})
		require.NoError(t, err)
		_, err = client.PutSecret(t.Context(), fastlyapi.Put{StoreID: id, Name: "k1", Value: []byte(secret)})
		require.Error(t, err)
		requireHidden(t, err.Error())
		if len(signer) != 4 && signer != "*" {
			require.ErrorContains(t, err, "not signed by the key that Fastly's is known to be")
		}
	}
	_, stored := api.Value("clickedge-keys", "k1")
	require.False(t, stored)
}

func TestNewRefuses(t *testing.T) {
	for _, endpoint := range []string{"http://api.fastly.com", "http://localhost:1", "http://192.0.2.1", "ftp://127.0.0.1", "api.fastly.com", "https://u:p@api.fastly.com", "https://api.fastly.com/v1", "https://api.fastly.com?x", ":"} {
		_, err := fastlyapi.New(token, fastlyapi.Options{Endpoint: endpoint})
		require.Error(t, err, endpoint)
		requireHidden(t, err.Error())
	}
	for _, bad := range []string{"", " ", "a b", "token\n"} {
		_, err := fastlyapi.New(bad, fastlyapi.Options{})
		require.Error(t, err)
	}
	for _, endpoint := range []string{"", "https://api.fastly.com/", "http://127.0.0.1:1", "http://[::1]:1"} {
		_, err := fastlyapi.New(token, fastlyapi.Options{Endpoint: endpoint})
		require.NoError(t, err, endpoint)
	}
}

// A certificate of no known authority ends the call before the token is sent.
func TestTLSIsVerified(t *testing.T) {
	api := fastlytest.New(token)
	srv := httptest.NewTLSServer(api)
	defer srv.Close()
	client, err := fastlyapi.New(token, fastlyapi.Options{Endpoint: srv.URL, Tries: 1})
	require.NoError(t, err)
	_, err = client.Stores(t.Context())
	require.ErrorContains(t, err, "certificate")
	require.Empty(t, api.Seen())

	client, err = fastlyapi.New(token, fastlyapi.Options{Endpoint: srv.URL, Transport: srv.Client().Transport})
	require.NoError(t, err)
	_, err = client.Stores(t.Context())
	require.NoError(t, err)
}

func TestInterrupted(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.client.Stores(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, r.api.Seen())
}

func TestNobodyThere(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	client, err := fastlyapi.New(token, fastlyapi.Options{Endpoint: srv.URL, Tries: 2, Pause: func(context.Context, time.Duration) error { return nil }})
	require.NoError(t, err)
	_, err = client.CreateStore(t.Context(), "x")
	var e *fastlyapi.Error
	require.True(t, errors.As(err, &e))
	require.Equal(t, 2, e.Tries, "nothing was sent, so it may be sent again")
	require.Contains(t, e.Hint(), "HTTPS_PROXY")
}

func TestPutSecretRefuses(t *testing.T) {
	r := newRig(t)
	for _, value := range [][]byte{nil, make([]byte, contract.MaxSecret+1)} {
		_, err := r.client.PutSecret(t.Context(), fastlyapi.Put{StoreID: "s", Name: "k1", Value: value})
		require.ErrorContains(t, err, `secret "k1"`)
	}
	require.Empty(t, r.api.Seen())
}
