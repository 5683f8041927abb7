package cli

import (
	"bytes"
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
)

const secretA = "correct-horse-battery-staple-0001"

const keyClick = `{"v":1,"time":"2026-03-01T13:20:00.000Z","action":"redirect","code":"ok","kid":"k1"}`

// FuzzKeyUse: whatever the log holds, no key may go before the last click that is
// in it, and each line is counted once.
func FuzzKeyUse(f *testing.F) {
	f.Add(keyClick + "\n" + strings.Replace(keyClick, "k1", "k2", 1))
	f.Add(strings.Replace(keyClick, `"kid"`, `"exp":9007199254740993,"kid"`, 1))
	f.Add(strings.Replace(keyClick, "2026", "9999", 1) + "\n{}\nx")
	f.Fuzz(func(t *testing.T, log string) {
		sites, err := core.ParseSites("sites.json", []byte(`{"sites": {"a.example.com": {"esp": "none", "keys": ["k2", "k1"], "destinations": ["b.example"]}}}`))
		require.NoError(t, err)
		now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
		j := &keyJudge{now: now, maxAge: "30d", minted: map[string]time.Time{}, use: keyUse{keys: map[string]*usedKey{}}}
		lines := 0
		require.NoError(t, readLogLines(strings.NewReader(log), func(line []byte) { lines++; j.use.line(line) }))
		require.Equal(t, lines, j.use.lines+j.use.others)
		for _, s := range j.all(sites, nil, nil) {
			used := j.use.keys[s.KID]
			if s.KID == "k2" {
				require.Equal(t, keyMints, s.State)
				continue
			}
			if used != nil && s.State == keyMayGo {
				require.False(t, used.last.Add(30*24*time.Hour).After(now))
				require.False(t, used.expires.After(now))
			}
		}
	})
}

// Ctrl-C before the first call: nothing is sent, and nothing was put.
func TestInterruptedPush(t *testing.T) {
	api := fastlytest.New(scriptToken)
	api.AddStore(keyStore)
	srv := httptest.NewServer(api)
	defer srv.Close()
	vars := map[string]string{tokenEnv: scriptToken, endpointEnv: srv.URL, "CLICKEDGE_KEY_K1": secretA}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	env := &Env{In: new(bytes.Buffer), Out: &out, Err: &errs, Now: time.Now, LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
	require.Equal(t, ExitInterrupted, env.Run(ctx, []string{"keys", "push", "k1"}))
	require.Equal(t, "clickedge: interrupted\n", errs.String())
	require.Empty(t, out.String())
	require.Empty(t, api.Seen())
}
