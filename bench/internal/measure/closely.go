package measure

import (
	"context"
	"fmt"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
	"github.com/clickedge/clickedge/bench/internal/profile"
)

// Click has all counts of one kind of click.
type Click struct {
	Counts
	Allocations    int    `json:"allocations"`     // calls of Go's allocator
	AllocatedBytes uint64 `json:"allocated_bytes"` // requested in these calls
	Touched        int    `json:"pages_touched"`   // pages of 4 KiB that the guest, or a host call for it, reads or writes
	Windows        int    `json:"windows_read"`    // windows of 64 KiB of the image of which a page is read first
	PagesWritten   int    `json:"pages_written"`   // pages of 4 KiB that the guest, or a host call for it, writes
	Regions        int    `json:"regions_touched"` // regions of 2 MiB: see profile.RegionSize
	// Opened says which access reads each window first, and Wrote which one
	// writes each page first.
	Opened []profile.First `json:"-"`
	Wrote  []profile.First `json:"-"`
	// Functions has the instructions of each function that ran.
	Functions map[string]uint64 `json:"-"`
}

// Closely makes all counts of our module with these sites: instructions of the
// module as it is deployed, the rest of the same module with names and
// instrumentation.
func Closely(ctx context.Context, ours *guests.Ours, sites []byte, kinds []clicks.Kind) (map[string]Click, error) {
	wasm, _, err := ours.Module(ctx, sites)
	if err != nil {
		return nil, err
	}
	s := Ours(wasm, sites)
	counts, err := Count(ctx, s, kinds)
	if err != nil {
		return nil, err
	}
	if s.Wasm, err = ours.Named(ctx, sites); err != nil {
		return nil, err
	}
	profiles, err := Profiles(ctx, s, kinds)
	if err != nil {
		return nil, err
	}
	pages, err := Pages(ctx, s, kinds)
	if err != nil {
		return nil, err
	}
	out := map[string]Click{}
	for name, c := range counts {
		p := profiles[name]
		if p.Fuel() != c.Instructions {
			return nil, fmt.Errorf("%s: the profile adds up to %d instructions, but the module uses %d", name, p.Fuel(), c.Instructions)
		}
		click := Click{Counts: c, Allocations: p.Allocs, AllocatedBytes: p.AllocBytes, Functions: map[string]uint64{}}
		for _, f := range p.Functions() {
			click.Functions[f.Name] += f.Self
		}
		pages[name].Name(ours.Symbols.At)
		click.Touched, click.Regions = len(pages[name].List()), pages[name].Regions()
		click.Opened, click.Wrote = pages[name].Windows(), pages[name].Writes()
		click.Windows, click.PagesWritten = len(click.Opened), len(click.Wrote)
		out[name] = click
	}
	return out, nil
}

// Ours is our module as a subject.
func Ours(wasm, sites []byte) Subject {
	return Subject{Name: "clickedge", Title: "clickedge", Wasm: wasm, Sites: sites, Check: (*clicks.Kind).CheckLogged}
}

// HMAC counts the instructions of crypto/hmac for HMAC-SHA256 over a text,
// after a first call.
func HMAC(ctx context.Context, b guests.Build, text string) (uint64, error) {
	k := clicks.Kind{Name: "hmac", Title: "HMAC-SHA256"}
	var used [2]uint64
	for i, entry := range []string{guests.HMACOnce, guests.HMACTwice} {
		wasm, err := b.HMAC(ctx, text, entry)
		if err != nil {
			return 0, err
		}
		counts, err := Count(ctx, Subject{Title: "crypto/hmac", Wasm: wasm}, []clicks.Kind{k})
		if err != nil {
			return 0, err
		}
		used[i] = counts[k.Name].Instructions
	}
	return (used[1] - used[0]) / guests.HMACTimes, nil
}
