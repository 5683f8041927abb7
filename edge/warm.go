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

// What follows runs once, at build time, after the module has been initialised.
// It leaves the runtime as a first click would leave it to a second: in Go the
// first use of anything costs far more than the next.

// warmUp is called once, when the module has been initialised.
func warmUp() {
	warm()
	grow()
}

// stackRoom is more stack than any click was seen to need, one with a site of
// the config store included.
const stackRoom = 96 << 10

// grow makes the goroutine's stack large enough. The platform's call of the
// entry runs on the same goroutine, whose stack would otherwise start with 2
// KiB, and growing it costs more instructions than the click.
//
//go:noinline
func grow() byte {
	var room [stackRoom]byte
	return room[len(sink)] // not a constant: the array must exist
}

// warm does what a click does without the host, and gives the allocator a span
// of each small size. The collector runs before, since it would free them. It
// is then off until memory comes near the platform's 128 MiB: a click's garbage
// goes with its sandbox.
func warm() {
	sink = make([]any, 0, 64)
	runtime.GC()
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(112 << 20)
	rehearse()
	for size := 8; size <= 2048; size += 8 + size/32&^7 { // no size class is left out
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
