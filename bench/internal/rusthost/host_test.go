package rusthost

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
)

// script is a host that is no program in Rust.
func script(t *testing.T, text string) *Host {
	t.Helper()
	path := filepath.Join(t.TempDir(), "host")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\ncat >/dev/null\n"+text), 0o700))
	return &Host{path}
}

func TestReport(t *testing.T) {
	r, err := script(t, `echo '{"wasmtime": "48.0.8", "pagemap_scan": true, "guests": [], "lanes": [{"name": "a", "fresh": {"turns": [2, 4, 6]}}, {"name": "b", "fresh": {"turns": [1, 0, 2]}}]}'`).Run(t.Context(), &Plan{})
	require.NoError(t, err)
	require.Equal(t, "48.0.8", r.Wasmtime)
	ratio := r.Lane("a").Fresh.Against(&r.Lane("b").Fresh)
	require.Equal(t, 2, ratio.N, "a turn that took no time is none")
	require.Equal(t, 3.0, ratio.Median, "turn by turn")
	require.Nil(t, r.Lane("none"))
}

func TestFailures(t *testing.T) {
	_, err := script(t, "echo 'no such module' >&2; exit 1").Run(t.Context(), &Plan{})
	require.EqualError(t, err, "exit status 1: no such module")
	_, err = script(t, `echo '{"unknown": 1}'`).Run(t.Context(), &Plan{})
	require.ErrorContains(t, err, "the host's report")
}

// The program itself takes a plan and gives a report. Building it takes minutes,
// so that it is only run where it is asked for.
func TestHost(t *testing.T) {
	if os.Getenv("CLICKEDGE_RUST") != "required" {
		t.Skip("CLICKEDGE_RUST is not required")
	}
	host, err := Build(t.Context(), "../..")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "mapped.wasm")
	require.NoError(t, os.WriteFile(file, guests.Mapped(3, 2), 0o600))
	kinds, err := clicks.Kinds(clicks.Shape{})
	require.NoError(t, err)
	k := clicks.Kind{Request: kinds[0].Request, Status: 204}
	p := &Plan{Turns: 3, Clicks: 4, WarmClicks: 1, ResidentBytes: 4 << 20, Service: NewService(),
		Guests: []Guest{{"mapped", file}}, Lanes: []Lane{NewLane("mapped", "mapped", &k, false)}}
	r, err := host.Run(t.Context(), p)
	require.NoError(t, err)
	l := r.Lane("mapped")
	require.Equal(t, 3, l.Windows)
	require.Equal(t, 3, l.PagesWritten, "two, and what host calls write")
	require.Equal(t, 4, l.HostCalls)
	require.Equal(t, 9, l.Fresh.Total.N)
	require.Equal(t, float64(6), l.Fresh.Faults.Median)
	require.Zero(t, l.Resident.Faults.Median)

	p.Lanes[0].Want.Status = 302
	_, err = host.Run(t.Context(), p)
	require.ErrorContains(t, err, "status 204")
}
