package cli

import (
	"bytes"
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
)

const secretA = "correct-horse-battery-staple-0001"

// Ctrl-C before the first call: nothing is sent, and nothing was put.
func TestInterruptedPush(t *testing.T) {
	api := fastlytest.New(scriptToken)
	api.AddStore(contract.SecretStore)
	srv := httptest.NewServer(api)
	defer srv.Close()
	vars := map[string]string{fastlyapi.TokenEnv: scriptToken, fastlyapi.EndpointEnv: srv.URL, "CLICKEDGE_KEY_K1": secretA}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	env := &Env{In: new(bytes.Buffer), Out: &out, Err: &errs, Now: time.Now, LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
	require.Equal(t, failure.ExitInterrupted, env.Run(ctx, []string{"keys", "push", "k1"}))
	require.Equal(t, "clickedge: interrupted\n", errs.String())
	require.Empty(t, out.String())
	require.Empty(t, api.Seen())
}
