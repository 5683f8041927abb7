//go:build wasip1

package main

import (
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/core/verdict"
)

// This file runs once, at build time, after the module has been initialised. It
// prepares the runtime for the first click: in Go the first use of almost
// anything costs far more than the next.

// warmUp is called once, after the module has been initialised.
func warmUp() {
	runtime.GC() // before all else, since it would shrink the stack and free what warm allocates
	grow()
	warm()
}

// stackRoom is more stack than clicks need: one with a site of the config store
// uses 8 KiB. It is little enough for a place in the 2 MiB of hot: each further
// 2 MiB in which a click touches memory can cost it a microsecond.
const stackRoom = 20 << 10

// grow makes the goroutine's stack large enough. The entry runs on the same
// goroutine. Its stack would otherwise start with 2 KiB, and growing it costs
// more instructions than the click.
//
//go:noinline
func grow() byte {
	var room [stackRoom]byte
	return room[len(sink)] // not a constant: the array must exist
}

// warm runs what a click runs, except host calls, and gives the allocator a
// span of each small size. The garbage collector is off from then on until
// memory comes near the platform's 128 MiB: a click's garbage ends with its
// sandbox.
func warm() {
	sink = append(make([]any, 0, 64), lead{}, tail) // or the linker leaves the type out
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(112 << 20)
	rehearse()
	for size := 8; size <= 2048; size += 8 + size/32&^7 { // no size class is left out
		sink = append(sink, make([]byte, size), make([]*byte, (size+7)/8))
	}
	sink = nil
}

var sink []any

// rehearse runs the parts of core that a click runs, so that the runtime fills
// the tables that it fills at first use.
func rehearse() {
	secret := []byte(strings.Repeat("-", signed.MinSecret))
	url, err := signed.Mint(signed.Link{Host: "link.example", KeyID: "k", ID: "aWQ", Destination: "https://www.example/"}, secret)
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

// rehearsal is a keyring with a made-up secret.
type rehearsal []byte

func (r rehearsal) Secret(string) ([]byte, error) { return r, nil }
