//go:build wasip1

package main

import (
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/verdict"
)

// What follows runs once, at build time, when the module has been initialised. It
// leaves the runtime in the state that a second click would find: the first of
// anything costs a Go program far more than the next.

// warmUp is called once, when the module has been initialised.
func warmUp() {
	warm()
	grow()
}

// stackRoom is more than the deepest click was seen to need, with room for a site
// that the config store holds.
const stackRoom = 96 << 10

// grow leaves a stack that is large enough. The platform's call of the entry runs on
// the goroutine of this one, which would else start with 2 KiB, and growing costs more
// instructions than the click.
//
//go:noinline
func grow() byte {
	var room [stackRoom]byte
	return room[len(sink)] // not a constant: the array must exist
}

// warm does what a click does, as far as it needs no host, and leaves the
// allocator with a span of each small size at hand. The collector runs first: it
// would take them away. It must not run during a click, whose garbage goes with
// its sandbox: it is off until memory comes near the platform's 128 MiB.
func warm() {
	sink = make([]any, 0, 64)
	runtime.GC()
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(112 << 20)
	rehearse()
	for size := 8; size <= 2048; size += 8 + size/32&^7 { // no size class is passed over
		sink = append(sink, make([]byte, size), make([]*byte, (size+7)/8))
	}
	sink = nil
}

var sink []any

// rehearse runs the parts of core that a click runs, for the tables that the
// runtime fills at first use.
func rehearse() {
	secret := []byte(strings.Repeat("-", core.MinSecret))
	url, err := core.Mint(core.Link{Host: "link.example", KeyID: "k", ID: "aWQ", Destination: "https://www.example/"}, secret)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	site := &core.Site{Host: "link.example", Keys: []string{"k"}, SignedAnywhere: true}
	req := &core.Request{Method: "GET", Target: strings.TrimPrefix(url, "https://link.example"), Keys: rehearsal(secret)}
	d := core.Decide(req, site, time.Now())
	verdict := verdict.Judge(&verdict.Signals{Method: "GET", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/1.0"})
	r := clicklog.Record{Time: time.Now(), Host: site.Host, Method: "GET", Action: d.Action, Code: d.Code, Kind: d.Kind, Verdict: verdict, Judged: true}
	r.AppendJSON(make([]byte, 0, 1<<10))
}

// rehearsal is a keyring whose secret opens nothing.
type rehearsal []byte

func (r rehearsal) Secret(string) ([]byte, error) { return r, nil }
