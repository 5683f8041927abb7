package measure

import (
	"context"
	"fmt"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/engine"
	"github.com/clickedge/clickedge/bench/internal/instrument"
	"github.com/clickedge/clickedge/bench/internal/profile"
)

// Counts are the figures of a click that do not depend on the machine.
type Counts struct {
	Instructions    uint64 `json:"instructions"`      // see instrument.Fuel
	BeforeFirstCall uint64 `json:"before_first_call"` // of them, those before the first host call
	HostCalls       int    `json:"host_calls"`        // of the Fastly ABI
	WASICalls       int    `json:"wasi_calls"`
	Written         int    `json:"pages_changed"` // pages of 4 KiB whose bytes differ afterwards
	Memory          int    `json:"memory_bytes"`  // linear memory at the end
}

// Count makes each click once.
func Count(ctx context.Context, s Subject, kinds []clicks.Kind) (out map[string]Counts, err error) {
	if s.Wasm, err = instrument.Fuel(s.Wasm); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Title, err)
	}
	session, err := Open(ctx, s)
	if err != nil {
		return nil, err
	}
	defer session.Close(ctx)
	out = map[string]Counts{}
	for i := range kinds {
		if _, err := session.Click(ctx, &kinds[i]); err != nil {
			return nil, err
		}
		c := session.Counts()
		out[kinds[i].Name] = Counts{Instructions: c.Fuel, BeforeFirstCall: c.FirstCall, HostCalls: c.HostCalls,
			WASICalls: c.WASICalls, Written: c.Changed, Memory: c.Memory}
	}
	return out, nil
}

// Profiles follows each click function by function. The module must have the
// names of its functions.
func Profiles(ctx context.Context, s Subject, kinds []clicks.Kind) (map[string]*profile.Profile, error) {
	return probed(ctx, s, kinds, instrument.Calls, profile.New)
}

// Pages follows each click access by access. The module should have the names
// of its functions.
func Pages(ctx context.Context, s Subject, kinds []clicks.Kind) (map[string]*profile.Pages, error) {
	return probed(ctx, s, kinds, instrument.Memory, profile.NewPages)
}

// probed makes each click once in the instrumented module, each with a probe of
// its own.
func probed[P engine.Probe](ctx context.Context, s Subject, kinds []clicks.Kind,
	how func([]byte) (*instrument.Called, error), probe func(*instrument.Called) P) (map[string]P, error) {
	called, err := how(s.Wasm)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Title, err)
	}
	s.Wasm = called.Module
	session, err := Open(ctx, s)
	if err != nil {
		return nil, err
	}
	defer session.Close(ctx)
	out := map[string]P{}
	for i := range kinds {
		k := &kinds[i]
		out[k.Name] = probe(called)
		session.Probe(out[k.Name])
		if _, err := session.Click(ctx, k); err != nil {
			return nil, err
		}
	}
	return out, nil
}
