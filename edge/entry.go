package main

import (
	"os"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// serve handles the request of this sandbox: it always answers, and always
// writes a line to the click log.
func serve() {
	x := &exchange{start: time.Now()}
	x.record.Time = x.start
	defer x.finish()
	hostcall.Init()
	if code := x.receive(); code != core.OK {
		x.page(core.Page{Code: code})
		return
	}
	x.locate()
	if sites == nil && x.site == nil {
		x.page(core.Page{Code: core.NoSites})
		return
	}
	x.carryOut(core.Decide(&x.request, x.site, x.start))
}

// carryOut does what was decided.
func (x *exchange) carryOut(d core.Decision) {
	x.note(d)
	switch d.Action {
	case core.Redirect:
		x.redirect(d.Location)
		if d.Origin != nil {
			x.tell(d)
		}
	case core.Proxy:
		x.proxy(d)
	case core.Reply:
		x.pixel()
	default:
		x.page(core.Page{Code: d.Code})
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
