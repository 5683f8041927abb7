package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
)

// explain asks the store where it is named, and says where its knowledge is
// from.
func TestExplainAsksTheStore(t *testing.T) {
	r := newLearnRig(t)
	m := r.account.Message()
	link := "https://link.example.com" + m.Short(sale)
	explain := func(more ...string) (int, string, string) {
		return r.run(append([]string{"explain", "--sites", r.path("sites.json"), link}, more...)...)
	}
	exit, out, errs := explain("--store", contract.LinkStore)
	require.Zero(t, exit, errs)
	require.Contains(t, out, `no: not in the KV store "clickedge-links"`)
	require.Contains(t, out, "the cache of each place of the network cannot be asked")

	exit, _, errs = r.learn(r.mail("http://link.example.com"+m.Short(sale)), "--yes")
	require.Zero(t, exit, errs)
	exit, out, errs = explain("--store", contract.LinkStore, "-v")
	require.Zero(t, exit, errs)
	require.Contains(t, out, "yes, since 2026-03-01: "+sale+`, says the KV store "clickedge-links"; used when the ESP fails`)
	require.NotContains(t, out+errs, scriptToken)

	// Both, as a program reads it.
	require.Zero(t, first(r.run("archive", "export", "-o", r.path("links.ndjson"))))
	exit, out, errs = explain("--store", contract.LinkStore, "--archive", r.path("links.ndjson"), "--json")
	require.Zero(t, exit, errs)
	var x struct {
		Link struct {
			From []struct{ From, State, Since, Destination string } `json:"learned_from"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &x))
	require.Len(t, x.Link.From, 2)
	require.Equal(t, "archive", x.Link.From[0].From)
	require.Equal(t, "store", x.Link.From[1].From)
	for _, s := range x.Link.From {
		require.Equal(t, []string{"known", "2026-03-01", sale}, []string{s.State, s.Since, s.Destination})
	}

	// A link of which nothing is learned is not asked for.
	r.api.Seen()
	exit, out, errs = r.run("explain", "--sites", r.path("sites.json"), "https://link.example.com/wf/open?upn=x", "--store", contract.LinkStore)
	require.Zero(t, exit, errs)
	require.NotContains(t, out, "KV store")
	require.Empty(t, r.api.Seen())
	exit, _, errs = explain()
	require.Zero(t, exit, errs)
	require.Empty(t, r.api.Seen(), "only where it is asked to")
}

func first(exit int, _, _ string) int { return exit }

// What is inside a module is found there.
func TestExplainReadsAModule(t *testing.T) {
	dir := t.TempDir()
	sites, links, wasm := filepath.Join(dir, "sites.json"), filepath.Join(dir, "links.ndjson"), filepath.Join(dir, "main.wasm")
	require.NoError(t, os.WriteFile(sites, []byte(learningSites), 0o600))
	writeArchive(t, links, sale)
	run := func(args ...string) string {
		var out, errs bytes.Buffer
		env := &Env{In: new(bytes.Buffer), Out: &out, Err: &errs, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false }}
		require.Zero(t, env.Run(t.Context(), args), errs.String())
		return out.String()
	}
	run("build", "--sites", sites, "--module", builtModule(t), "--archive", links, "-o", wasm)
	said := run("explain", "--sites", sites, "--module", wasm, "https://link.example.com"+learnedTarget)
	require.Contains(t, said, "yes, since 2026-03-01: "+sale+", says the archive inside ")
	said = run("explain", "--sites", sites, "--module", builtModule(t), "https://link.example.com"+learnedTarget)
	require.Contains(t, said, "no: not in the archive inside ")
}

// What keeps explain from asking is said, and no secret with it.
func TestExplainCannotAskTheStore(t *testing.T) {
	r := newLearnRig(t)
	link := "https://link.example.com" + r.account.Message().Short(sale)
	explain := func(more ...string) (int, string, string) {
		return r.run(append([]string{"explain", "--sites", r.path("sites.json"), link}, more...)...)
	}
	for _, c := range []struct {
		args   []string
		exit   int
		errors []string
	}{
		{[]string{"--store", "other"}, failure.ExitBad, []string{"no such KV store", "--store names another"}},
		{[]string{"--store", ""}, failure.ExitUsage, []string{"--store is given, but empty"}},
		{[]string{"--token-file", "token"}, failure.ExitUsage, []string{"--token-file is given, but no store to ask"}},
		{[]string{"--module", r.path("sites.json")}, failure.ExitBad, []string{"is no module or package that this version of clickedge built"}},
		{[]string{"--archive", r.path("none.ndjson")}, failure.ExitUsage, []string{"none.ndjson"}},
	} {
		exit, _, errs := explain(c.args...)
		require.Equal(t, c.exit, exit, errs)
		for _, want := range c.errors {
			require.Contains(t, errs, want)
		}
	}
	r.api.Fail(fastlytest.Fault{Method: http.MethodGet, Path: "/resources/stores/kv/", Status: http.StatusForbidden, Echo: true})
	exit, _, errs := explain("--store", contract.LinkStore)
	require.NotZero(t, exit)
	require.NotContains(t, errs, scriptToken)
	delete(r.vars, fastlyapi.TokenEnv)
	exit, _, errs = explain("--store", contract.LinkStore)
	require.Equal(t, failure.ExitUsage, exit)
	require.Contains(t, errs, "FASTLY_API_TOKEN is not set")
}
