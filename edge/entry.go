package main

import (
	"os"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// current is the exchange of this sandbox, which has one at a time. In memory that
// the module brings along, it is never allocated.
var current exchange

// serve handles the request of this sandbox: it always answers, and always
// writes a line to the click log.
func serve() {
	hostcall.Init()
	x := &current
	*x = exchange{start: time.Now(), buf: text[:0]}
	x.record.Time = x.start
	defer x.finish()
	if code := x.receive(); code != core.OK {
		x.page(core.Page{Code: code})
		return
	}
	x.locate()
	d := core.Decide(&x.request, x.site, x.start)
	if d.Code == core.WrongHost && sites == nil {
		d.Code = core.NoSites
	}
	x.carryOut(d)
}

// carryOut does what was decided. Who asks is looked at before the request is
// sent on, and else when the reader has been answered.
func (x *exchange) carryOut(d core.Decision) {
	x.note(d)
	switch d.Action {
	case core.Redirect:
		x.redirect(d)
		x.look()
		if d.Origin != nil {
			x.tell(d)
		}
	case core.Proxy:
		x.look()
		x.proxy(d)
	case core.Reply:
		x.reply(d.Reply)
		x.look()
	default:
		x.page(core.Page{Code: d.Code})
		x.look()
	}
}

// finish turns a panic into a page, so that none reaches the platform, and
// writes the log line. What a panic says may hold what the reader sent: it goes
// to standard error without its value.
func (x *exchange) finish() {
	if recover() != nil {
		_, _ = os.Stderr.WriteString("internal error: a panic was answered with a page; request " + x.record.RequestID + "\n")
		x.record.Action, x.record.Code = core.Refuse, core.Internal
		if !x.answered {
			x.page(core.Page{Code: core.Internal})
		}
	}
	x.log()
}
