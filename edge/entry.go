package main

import (
	"os"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// serve handles the request of this sandbox. It always answers, and always
// writes a line to the click log. The exchange is zero when it is called.
func serve() {
	hostcall.Init()
	handle()
}

// handle is serve after the handshake, which comes first and is counted alone:
// what a frame with a defer needs is made afterwards.
func handle() {
	x := &hot.exchange
	x.start = now()
	x.record.Time = hot.epoch.Add(time.Duration(x.start))
	defer x.finish()
	if code := x.receive(); code != outcome.OK {
		x.page(core.Page{Code: code})
		return
	}
	x.locate()
	x.decide()
}

// decide asks core for a decision, and then zeroes the secret that a signed
// link may have needed.
func (x *exchange) decide() {
	x.request.Room = x.buf.Reserve(len(x.request.Target))
	if s := x.site; s != nil {
		if len(s.Also) > 0 {
			s = s.For(x.request.Target)
			x.site = s
		}
		if s.Learn {
			x.request.Learned = x
		}
	}
	var d core.Decision
	d.Decide(&x.request, x.site, x.record.Time, x.secretOf)
	x.zeroSecret()
	x.carryOut(&d)
}

// carryOut does what core has decided. The signals are read first, since
// sending the request consumes its handle.
func (x *exchange) carryOut(d *core.Decision) {
	x.record.Decided(d, x.site)
	x.readSignals()
	if d.Action == core.Proxy {
		x.proxy(d)
		return
	}
	x.lineWaits = d.Origin != nil
	switch d.Action {
	case core.Redirect:
		x.redirect(d)
	case core.Reply:
		x.reply(d.Reply)
	default:
		x.page(core.Page{Code: d.Code})
	}
	if x.lineWaits {
		x.count(d)
	}
}

// finish answers with a page if there was a panic, so that none reaches the
// platform, and writes the line of the log if it is not written yet. The value
// of a panic may hold data of the reader, so it is not printed.
func (x *exchange) finish() {
	if recover() != nil {
		_, _ = os.Stderr.WriteString("internal error: a panic was answered with a page; request " + x.record.RequestID + "\n")
		x.record.Failed()
		if !x.answered {
			x.page(core.Page{Code: outcome.Internal})
		}
	}
	if !x.logged {
		x.log()
	}
}
