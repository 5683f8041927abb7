package fastlyapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fastly/go-fastly/v16/fastly"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
)

// go-fastly prints whole requests, secrets among them, where FASTLY_DEBUG_MODE
// is set.
func TestDebugModeDumpsNothing(t *testing.T) {
	t.Setenv("FASTLY_DEBUG_MODE", "true")
	r := newRig(t)
	id := r.api.AddStore("clickedge-keys")
	read, write, err := os.Pipe()
	require.NoError(t, err)
	stdout := os.Stdout
	os.Stdout = write
	_, err = r.client.PutSecret(t.Context(), fastlyapi.Put{StoreID: id, Name: "k1", Value: []byte(secret), Plain: true})
	os.Stdout = stdout
	require.NoError(t, write.Close())
	require.NoError(t, err)
	said, err := io.ReadAll(read)
	require.NoError(t, err)
	require.Empty(t, string(said))
}

// Errors of go-fastly's own calls hide secrets too.
func TestHiddenInEveryCall(t *testing.T) {
	r := newRig(t)
	r.api.Fail(fastlytest.Fault{Method: "POST", Path: "/service/s/version/1/logging/https", Status: 400, Echo: true})
	in := &fastly.CreateHTTPSInput{ServiceID: "s", ServiceVersion: 1, HeaderValue: fastly.ToPointer("Bearer " + secret)}
	_, err := r.client.Fastly().CreateHTTPS(fastlyapi.Hide(t.Context(), []byte("Bearer "+secret)), in)
	err = fastlyapi.Cause(err)
	require.ErrorContains(t, err, "[hidden]")
	requireHidden(t, err.Error())
	requireHidden(t, strings.Join(r.trace, "\n"))
}

// An error of a decoder may quote the answer, so it is not printed.
func TestDecodersAreNotQuoted(t *testing.T) {
	r := newRig(t)
	r.api.Fail(fastlytest.Fault{Method: "GET", Path: "/service/s/version/1/logging/https", Status: 200, Body: `[{"header_value": {"is": "` + secret + `"}}]`})
	_, err := r.client.Fastly().ListHTTPS(t.Context(), &fastly.ListHTTPSInput{ServiceID: "s", ServiceVersion: 1})
	require.ErrorContains(t, err, secret, "else there is nothing to leave out")
	requireHidden(t, fastlyapi.Cause(err).Error())
}

// A version that is cloned twice leaves a draft that is not wanted.
func TestCloneIsNotRepeated(t *testing.T) {
	r := newRig(t)
	r.api.Fail(fastlytest.Fault{Method: "PUT", Path: "/service/s/version/1/clone", Status: 503})
	_, err := r.client.Fastly().CloneVersion(t.Context(), &fastly.CloneVersionInput{ServiceID: "s", ServiceVersion: 1})
	require.ErrorContains(t, fastlyapi.Cause(err), "PUT /service/s/version/1/clone: 503")
	require.Len(t, r.api.Seen(), 1)
}

// A deletion whose answer was lost counts as done when the retry finds nothing.
func TestDeleteSecretWhoseAnswerWasLost(t *testing.T) {
	r := newRig(t)
	id := r.api.AddStore("clickedge-keys", "k1=old")
	r.api.Fail(fastlytest.Fault{Method: "DELETE", Path: "/resources", After: true})
	require.NoError(t, r.client.DeleteSecret(t.Context(), id, "k1"))
	require.True(t, fastlyapi.IsNotFound(r.client.DeleteSecret(t.Context(), id, "k1")))
}

func TestTokenGoesToTheAPIOnly(t *testing.T) {
	r := newRig(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		t.Errorf("asked with %q", req.Header.Get("Fastly-Key"))
	}))
	t.Cleanup(elsewhere.Close)
	_, err := r.client.Fastly().SimpleGet(t.Context(), elsewhere.URL+"/next")
	require.ErrorContains(t, fastlyapi.Cause(err), "leads away from the API")
}

func TestCauseOfAnInterruption(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.client.Stores(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, fastlyapi.Cause(nil))
	require.Equal(t, "context canceled", fmt.Sprint(fastlyapi.Cause(fmt.Errorf("around: %w", context.Canceled))))
	require.ErrorIs(t, r.client.Pause(t.Context(), time.Hour), nil)
}
