package server

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/sitetable"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// exchange is one request with all that is known of it.
type exchange struct {
	state
	memory
}

// state is what is known of a request.
type state struct {
	s       *Server
	content *Content
	ctx     context.Context
	in      Incoming
	out     Outgoing
	start   time.Time

	request core.Request
	site    *core.Site
	space   sitetable.Space // of site
	arrival core.Arrival
	// decision stands here so that it is not allocated.
	decision core.Decision
	record   clicklog.Record
	signals  verdict.Signals
	// network is what is known of the reader's, nothing: there is no geolocation,
	// and nobody tells how the client speaks TLS.
	network verdict.Network
	body    *bounded     // of the request; nil for none
	sent    wire.Request // to an origin, without a body
	sight   learned.Sight
	// said has the values of the ESP's own Location, if a rule recalls it.
	said string

	answered  bool // an answer has been begun
	lineWaits bool // the log line waits for what the ESP says after the answer
	logged    bool
	// handedOver: the rest, with the line, is done after the answer, by another
	// goroutine.
	handedOver bool
	broken     error // why the reader has not got the whole answer

	// shared: another goroutine has it, or may have.
	shared bool
}

// memory is what an exchange uses again. Nothing in it is part of a text: texts
// may be kept.
type memory struct {
	names  []byte // of fields
	line   []byte // of the log
	answer wire.Header
	header wire.Header    // what the ESP is sent: the reader's fields, edited
	piece  []byte         // of a body
	more   sitetable.More // of the site
}

// exchanges are those that are over.
var exchanges = sync.Pool{New: func() any { return new(exchange) }}

func newExchange() *exchange { return exchanges.Get().(*exchange) }

// mostKept is the most memory that is used again: a long request leaves none
// behind.
const mostKept = 32 << 10

// release lets another request use the exchange, unless something else has it.
func (x *exchange) release() {
	if x.shared {
		return
	}
	if cap(x.names)+cap(x.line)+cap(x.piece) > mostKept {
		x.memory = memory{}
	}
	clear(x.answer)
	clear(x.header)
	x.state = state{}
	exchanges.Put(x)
}

// share keeps the request for another goroutine: its fields are the connection's
// again when the answer is over.
func (x *exchange) share() {
	if !x.shared {
		x.shared = true
		x.in.Header = x.in.Header.Clone()
	}
}

// serve always answers, and always writes a line to the log.
func (x *exchange) serve() {
	defer x.finish()
	if !x.receive() {
		x.page(core.Page{Code: outcome.BadRequest})
		return
	}
	x.locate()
	if !x.bound() {
		x.page(tooLong)
		return
	}
	x.decide()
}

// receive reads the request. It reports whether the target can be one of a link
// domain.
func (x *exchange) receive() (ok bool) {
	x.record.Time, x.record.RequestID, x.record.Version = x.start, x.s.newID(), x.content.Version
	x.request.Method, x.record.Method = x.in.Method, x.in.Method
	x.record.Host, _ = x.in.Header.Get("Host")
	x.arrival.Scheme = "http"
	if x.in.Secure {
		x.arrival.Scheme = "https"
	}
	x.arrival.Headers = x.fieldsOf(x.in.Header)
	x.request.HasBody = x.arrival.Headers.Has(header.Body)
	x.request.CDNLoop = joined(x.in.Header, "cdn-loop")
	x.request.Target, ok = x.target()
	return ok
}

// target returns the request's target in origin form. Of one in absolute form,
// which is for proxies, the path is taken if it names the same host as the Host
// field: else two programs may read two hosts.
func (x *exchange) target() (string, bool) {
	t := x.in.Target
	if strings.HasPrefix(t, "/") {
		return t, true
	}
	scheme, rest, found := strings.Cut(t, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if core.CanonicalHost(rest[:end]) != core.CanonicalHost(x.record.Host) {
		return "", false
	}
	return cmp.Or(rest[end:], "/"), true
}

// locate finds the site of the request. An override that is invalid was reported
// when it was read; a mistake in it must not break links that have been sent.
func (x *exchange) locate() {
	x.space.More = &x.more // or it is allocated
	x.site = x.content.Sites.Lookup(x.record.Host, x.request.Target, &x.space)
	x.request.NoSites = x.content.Sites.Len() == 0
	if len(x.content.Overrides) == 0 {
		return
	}
	o, ok := x.content.Overrides[core.CanonicalHost(x.record.Host)]
	switch {
	case !ok:
	case o.Site == nil:
		x.record.Override = "invalid"
	default:
		x.site, x.record.Override = o.Site, "used"
	}
}

// decide asks core for a decision, and carries it out.
func (x *exchange) decide() {
	if x.site != nil {
		x.site = x.site.For(x.request.Target)
		if x.site.Learn && x.s.Links != nil {
			x.request.Learned = x
		}
	}
	d := &x.decision
	d.Decide(&x.request, x.site, x.start, x.content.secrets)
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
		x.tell(d)
	}
}

// readSignals reads what the verdict needs.
func (x *exchange) readSignals() {
	if !x.record.Judged {
		return
	}
	s := &x.signals
	if x.site.Network {
		x.record.AskNetwork(&x.network)
	}
	x.record.Late = x.site.Late
	s.Method, s.Secure = x.request.Method, x.in.Secure
	s.ReadHeaders(x.arrival.Headers)
	s.UserAgent = joined(x.in.Header, "user-agent")
	if name := verdict.PurposeHeader(x.arrival.Headers); name != "" {
		s.Purpose = joined(x.in.Header, name)
	}
}

// handOver does the rest of the work after the answer, when no reader waits for
// it, and writes the log line at its end.
func (x *exchange) handOver(work func()) {
	x.handedOver = true
	x.share()
	x.s.after.Go(func() {
		defer x.recovered()
		work()
	})
}

// later does what no line waits for. A panic there would end the server.
func (x *exchange) later(work func()) {
	x.share()
	x.s.after.Go(func() {
		defer func() {
			if recover() != nil {
				x.warn("internal error: a panic after an answer; request " + x.record.RequestID)
			}
		}()
		work()
	})
}

// finish answers with a page after a panic, and writes the line of the log if
// nothing is to come that it waits for.
func (x *exchange) finish() {
	if p := recover(); p != nil {
		x.panicked()
		if !x.answered {
			x.page(core.Page{Code: outcome.Internal})
		} else {
			x.broken = cmp.Or(x.broken, errPanic)
		}
	}
	if !x.handedOver && !x.logged {
		x.log()
	}
}

// recovered ends what is done after an answer.
func (x *exchange) recovered() {
	if p := recover(); p != nil {
		x.panicked()
	}
	if !x.logged {
		x.log()
	}
}

// panicked records a panic. Its value may hold data of the reader, so it is not
// printed.
func (x *exchange) panicked() {
	x.warn("internal error: a panic was answered with a page; request " + x.record.RequestID)
	x.record.Failed()
}

func (x *exchange) warn(text string) { fmt.Fprintln(x.s.Warn, text) }

// log writes the line of the click log, once. One that the log does not take
// goes to the operator.
func (x *exchange) log() {
	x.logged = true
	x.record.VCPU = -1
	if x.record.Judged {
		x.judge()
		if x.site.LogHashes != "" {
			x.hash()
		}
	}
	x.line = x.record.AppendJSON(x.line[:0])
	_, err := x.s.Log.Write(x.line)
	if err != nil {
		_, _ = x.s.Warn.Write(x.line)
	}
	if x.s.Observe != nil {
		x.s.Observe(&x.record, err == nil)
	}
}

// judge makes the verdict. It reads text that anybody can send, so a panic is
// caught: a line without a verdict is better than a reader without an answer.
func (x *exchange) judge() {
	defer func() {
		if recover() != nil {
			x.record.Judged = false
			x.warn("internal error: a panic left the line without a verdict; request " + x.record.RequestID)
		}
	}()
	x.record.Verdict = verdict.Judge(&x.signals)
	if x.record.Network != nil {
		x.record.Verdict.Locate(&x.signals, x.record.Network)
	}
	x.record.JudgeLink()
}

// address returns the reader's address as text, "" where it is not known.
func (x *exchange) address() string {
	if !x.in.Address.IsValid() {
		return ""
	}
	return x.in.Address.Unmap().WithZone("").String()
}

// addressOf reads an address with a port; the zero Addr if it is none.
func addressOf(remote string) netip.Addr {
	a, _ := netip.ParseAddrPort(remote)
	return a.Addr()
}
