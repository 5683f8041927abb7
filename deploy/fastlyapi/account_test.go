package fastlyapi_test

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
)

// accountOf has these variables.
func accountOf(t *testing.T, vars map[string]string) *fastlyapi.Account {
	return &fastlyapi.Account{
		In:        &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(""), Err: io.Discard},
		LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok },
	}
}

// The token of the file goes before that of the environment; without either, or
// with one that is none, there is no call.
func TestAccountToken(t *testing.T) {
	api := fastlytest.New("token-of-the-file")
	srv := httptest.NewServer(api)
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("token-of-the-file\r\n"), 0o600))
	for name, c := range map[string]struct {
		vars      map[string]string
		file      string
		has       bool
		says, not string
	}{
		"none":                  {nil, "", false, "FASTLY_API_TOKEN is not set", ""},
		"a file":                {nil, file, true, "", ""},
		"both":                  {map[string]string{fastlyapi.TokenEnv: "another-token"}, file, true, "", ""},
		"a file that is not":    {nil, file + ".none", true, "cannot read the token", ""},
		"two lines":             {map[string]string{fastlyapi.TokenEnv: "one\ntwo"}, "", true, "token", "two"},
		"the environment's own": {map[string]string{fastlyapi.TokenEnv: "token-of-the-file"}, "", true, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			vars := map[string]string{fastlyapi.EndpointEnv: srv.URL}
			for k, v := range c.vars {
				vars[k] = v
			}
			a := accountOf(t, vars)
			a.TokenFile = c.file
			require.Equal(t, c.has, a.HasToken())
			client, err := a.Client()
			if c.says != "" {
				require.ErrorContains(t, err, c.says)
				require.Equal(t, failure.ExitUsage, failure.Of(err).Exit)
				if c.not != "" {
					require.NotContains(t, err.Error()+failure.Of(err).Hint, c.not)
				}
				return
			}
			require.NoError(t, err)
			_, err = client.Stores(t.Context())
			require.NoError(t, err)
		})
	}
}

func TestFailure(t *testing.T) {
	known := failure.Usage(errors.New("known"), "as it is")
	for name, c := range map[string]struct {
		err  error
		says string
		hint string
	}{
		"a failure already": {known, "known", "as it is"},
		"a call":            {&fastlyapi.Error{Method: "GET", Path: "/x", Status: 403}, "GET /x: 403 Forbidden", "scope global"},
		"interrupted":       {context.Canceled, "interrupted", ""},
		"anything else":     {errors.New("else"), "else", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := failure.Of(fastlyapi.Failure(c.err))
			require.Contains(t, f.Error(), c.says)
			require.Contains(t, f.Hint, c.hint)
		})
	}
}
