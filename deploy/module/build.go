package module

import (
	"context"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/prewarm"
)

const (
	// Entry is the guest's export that answers a request.
	Entry = "serve"
	// Warmup is the export that prewarm calls before it takes the snapshot.
	Warmup = "warm_up"
	// sitesFile is where the guest reads its sites while it is initialised.
	sitesFile = "sites.json"
)

// Options say what to build. Sites is required.
type Options struct {
	// Dir is a folder in the source tree; "" is the current one. It is not
	// looked at where Reactor is given.
	Dir string
	// Sites is the text of sites.json. It must be valid.
	Sites []byte
	// SitesName is its name in messages; "" is "sites.json".
	SitesName string
	// Reactor is a guest that is compiled already; nil: compile it.
	Reactor []byte
}

// Report is what came of a build. Sizes are in bytes.
type Report struct {
	Sites       int           // number of sites inside
	Reactor     int           // size of the guest as compiled
	Module      int           // size of the module
	MemoryPages int           // memory at the start, in pages of 64 KiB
	Segments    int           // data segments that fill it
	Data        int           // their size
	Compile     time.Duration // 0 where the reactor was given
	Prewarm     time.Duration
}

// Build makes the module that Compute runs. sites.json is checked before anything
// else; the error is a [*core.SitesError] then, else [ErrNoSource], [ErrNoGo],
// what the compiler said, or a [*prewarm.Error].
func Build(ctx context.Context, o Options) ([]byte, Report, error) {
	var rep Report
	if o.SitesName == "" {
		o.SitesName = sitesFile
	}
	sites, err := core.ParseSites(o.SitesName, o.Sites)
	if err != nil {
		return nil, rep, err
	}
	rep.Sites = sites.Len()
	start := time.Now()
	reactor, err := o.reactor(ctx)
	if err != nil {
		return nil, rep, err
	}
	if o.Reactor == nil {
		rep.Compile = time.Since(start)
	}
	start = time.Now()
	out, warm, err := prewarm.Module(ctx, reactor, prewarm.Options{
		Entry:  Entry,
		Warmup: Warmup,
		Files:  map[string][]byte{sitesFile: o.Sites},
	})
	if err != nil {
		return nil, rep, err
	}
	rep.Prewarm = time.Since(start)
	out = appendStamp(out, StampOf(o.Sites))
	rep.Reactor, rep.Module, rep.MemoryPages = len(reactor), len(out), warm.MemoryPages
	rep.Segments, rep.Data = warm.Segments, warm.SegmentBytes
	return out, rep, nil
}

func (o *Options) reactor(ctx context.Context) ([]byte, error) {
	if o.Reactor != nil {
		return o.Reactor, nil
	}
	dir := o.Dir
	if dir == "" {
		dir = "."
	}
	root, err := Root(dir)
	if err != nil {
		return nil, err
	}
	return Reactor(ctx, root)
}
