package module

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/core/sitetable"
	"github.com/clickedge/clickedge/deploy/module/prebuilt"
	"github.com/clickedge/clickedge/edge/prewarm"
)

// Bounds of the room for sites, in bytes. Free room costs nothing in the file,
// and a sandbox pays only for the pages that it touches. But it is part of the
// 128 MiB that a sandbox may have, so enough must be left for a click.
const (
	LeastRoom = 4 << 20
	MostRoom  = 64 << 20
)

// Options say what to build. Sites is required.
type Options struct {
	// Dir is a folder in the source tree to compile the guest from. "" is the
	// guest embedded in a released command; a command without one takes the
	// current folder. It is ignored if Reactor is given.
	Dir string
	// Sites is the text of sites.json. It must be valid.
	Sites []byte
	// SitesName is its name in messages; "" is "sites.json".
	SitesName string
	// Learned are the learned links that the module knows from the start.
	Learned []learned.Item
	// Reactor is a compiled guest; nil: compile it.
	Reactor []byte
	// Room is how many bytes of sites [Swap] can put into the module; 0 is
	// [LeastRoom], or twice what Sites need if that is more, [MostRoom] at
	// most.
	Room int
	// KeepNames keeps the names of functions, for profilers.
	KeepNames bool
}

// Report describes the result of a build or a swap. Sizes are in bytes.
type Report struct {
	Table       int           // what the sites take, with the learned links
	Learned     int           // number of learned links inside
	Room        int           // what there is room for
	Reactor     int           // size of the guest as compiled; 0 after a swap
	MemoryPages int           // memory at the start, in pages of 64 KiB; 0 after a swap
	Segments    int           // data segments that fill it; 0 after a swap
	Compile     time.Duration // 0 where the reactor was given
	Prewarm     time.Duration // 0 after a swap
	Prebuilt    bool          // the guest is the one embedded in this command
	Touched     int           // pages of 4 KiB that a click touches first; 0 after a swap
	// NotRehearsed says why there are none: a rehearsal failed, and clicks cost
	// more than they should. The module is as good otherwise.
	NotRehearsed error
}

// Build makes the module that Compute runs: a snapshot of the guest, which
// knows no sites, and these sites in it, as [Swap] puts them. sites.json is
// checked first. The error is a [*sitesjson.Error], a [*RoomError],
// [ErrNoSource], [ErrNoGo], the compiler's message, or a [*prewarm.Error].
func Build(ctx context.Context, o Options) ([]byte, Report, error) {
	var rep Report
	text, err := readSites(o.SitesName, o.Sites)
	if err != nil {
		return nil, rep, err
	}
	if err := text.learn(o.Learned); err != nil {
		return nil, rep, err
	}
	room, err := roomFor(o.Room, len(text.table))
	if err != nil {
		return nil, rep, err
	}
	start := time.Now()
	reactor, err := o.reactor(ctx)
	if err != nil {
		return nil, rep, err
	}
	rep.Prebuilt = o.prebuilt()
	if o.Reactor == nil && !rep.Prebuilt {
		rep.Compile = time.Since(start)
	}
	start = time.Now()
	clicks, err := rehearsals()
	if err != nil {
		return nil, rep, err
	}
	empty, warm, err := prewarm.Module(ctx, reactor, prewarm.Options{
		Entry: contract.Entry, Warmup: contract.WarmUp, Room: contract.SitesRoom, Sign: contract.SitesSign, RoomSize: uint32(room),
		MaxPages: contract.MaxMemoryPages, KeepNames: o.KeepNames, Rehearsals: clicks,
	})
	if err != nil {
		return nil, rep, err
	}
	rep.Prewarm = time.Since(start)
	rep.Learned = text.learned
	rep.Table, rep.Room, rep.Reactor = len(text.table), room, len(reactor)
	rep.MemoryPages, rep.Segments = warm.MemoryPages, warm.Segments+2
	rep.Touched, rep.NotRehearsed = warm.WrittenFirst+warm.ReadFirst, warm.NotRehearsed
	out, err := text.into(empty)
	return out, rep, err
}

// roomFor returns the room for a table of need bytes, in whole pages of memory.
func roomFor(asked, need int) (int, error) {
	const page = 64 << 10
	switch {
	case asked < 0 || asked > MostRoom:
		return 0, fmt.Errorf("room for %d bytes of sites: the most is %d", asked, MostRoom)
	case asked == 0:
		asked = min(max(LeastRoom, (need+need/4+page-1)/page*page), MostRoom)
	}
	if need > asked {
		return 0, &RoomError{Room: asked, Need: need}
	}
	return asked, nil
}

func (o *Options) reactor(ctx context.Context) ([]byte, error) {
	switch {
	case o.Reactor != nil:
		return o.Reactor, nil
	case o.prebuilt():
		return prebuilt.Guest(), nil
	}
	root, err := Root(cmp.Or(o.Dir, "."))
	if err != nil {
		return nil, err
	}
	return Reactor(ctx, root)
}

// prebuilt reports whether the guest is the one embedded in this command.
func (o *Options) prebuilt() bool {
	return o.Reactor == nil && o.Dir == "" && prebuilt.Guest() != nil
}

// tabled is a sites.json that is ready for a module.
type tabled struct {
	stamp Stamp
	table []byte // and the archive of learned links, if there are any
	// learned is the number of those links.
	learned int
}

// learn puts an archive of these links behind the table.
func (t *tabled) learn(items []learned.Item) (err error) {
	before := len(t.table)
	t.table, err = learned.AppendArchive(t.table, items)
	t.learned = learned.OpenArchive(string(t.table[before:])).Len()
	return err
}

func readSites(name string, text []byte) (tabled, error) {
	sites, err := sitesjson.Parse(cmp.Or(name, "sites.json"), text)
	if err != nil {
		return tabled{}, err
	}
	return tabled{stamp: StampOf(text), table: sitetable.Make(sites)}, nil
}
