package main

import (
	"os"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// current is the exchange of this sandbox, which has one at a time, and the room
// for its text. In memory that the module brings along, they are never allocated,
// and what a click writes to lies together.
var current struct {
	exchange
	room [8 << 10]byte
}

// serve handles the request of this sandbox: it always answers, and always
// writes a line to the click log. current is zero then.
func serve() {
	hostcall.Init()
	x := &current.exchange
	x.buf = hostcall.NewBuffer(current.room[:])
	x.start = now()
	second := x.start / 1e9
	x.record.Time = time.Unix(second, x.start-second*1e9)
	defer x.finish()
	if code := x.receive(); code != core.OK {
		x.page(core.Page{Code: code})
		return
	}
	x.locate()
	x.decide()
}

// decide decides, and lets nobody keep the secret.
func (x *exchange) decide() {
	x.request.Room = x.buf.Reserve(len(x.request.Target))
	var d core.Decision
	d.Decide(&x.request, x.site, x.record.Time)
	x.forget()
	if d.Code == core.WrongHost && sites == nil {
		d.Code = core.NoSites
	}
	x.carryOut(&d)
}

// carryOut does what was decided. Who asks is looked at first: once the request has
// been sent on it is too late.
func (x *exchange) carryOut(d *core.Decision) {
	x.note(d)
	x.look()
	switch d.Action {
	case core.Redirect:
		x.tells = d.Origin != nil
		if x.redirect(d); x.tells {
			x.tell(d)
		}
	case core.Proxy:
		x.proxy(d)
	case core.Reply:
		x.reply(d.Reply)
	default:
		x.page(core.Page{Code: d.Code})
	}
}

// finish turns a panic into a page, so that none reaches the platform, and writes
// the log line where that is still to do. What a panic says may hold what the
// reader sent: it goes to standard error without its value.
func (x *exchange) finish() {
	if recover() != nil {
		_, _ = os.Stderr.WriteString("internal error: a panic was answered with a page; request " + x.record.RequestID + "\n")
		x.record.Action, x.record.Code = core.Refuse, core.Internal
		if !x.answered {
			x.page(core.Page{Code: core.Internal})
		}
	}
	if !x.logged {
		x.log()
	}
}
