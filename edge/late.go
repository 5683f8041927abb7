package main

import (
	"os"
	"unsafe"

	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// askLate adds to the line, and to its verdict, what few sites have, and asks the
// platform for it: the reader has been answered. It stands alone, so that others do
// not pay for it.
//
//go:noinline
func (x *exchange) askLate() {
	if x.site.Network {
		x.askNetwork()
		x.record.Verdict.Locate(&x.signals, x.record.Network)
	}
	if x.site.LogHashes != "" {
		x.hash()
	}
}

// askNetwork asks the platform where the request came from, and how the client
// spoke TLS and HTTP/2. What the platform does not say, in whatever way, is not
// known. A panic is caught: the line then says that nothing is known.
func (x *exchange) askNetwork() {
	n := &hot.network
	x.record.AskNetwork(n)
	defer func() {
		if recover() != nil {
			x.record.AskNetwork(n)
			_, _ = os.Stderr.WriteString("internal error: a line without the reader's network; request " + x.record.RequestID + "\n")
		}
	}()
	if place, st := hostcall.Reader(&x.buf, hostcall.Place); st == hostcall.OK {
		n.ReadPlace(unsafe.Slice(unsafe.StringData(place), len(place)))
	}
	n.JA4, _ = hostcall.Reader(&x.buf, hostcall.JA4)
	n.H2, _ = hostcall.Reader(&x.buf, hostcall.H2)
}
