package handler

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/fastly/compute-sdk-go/fsthttp"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/verdict"
)

// exchange is one request with all that is known of it.
type exchange struct {
	h     *Handler
	ctx   context.Context
	w     fsthttp.ResponseWriter
	in    *fsthttp.Request
	start time.Time

	request core.Request
	site    *core.Site
	arrival core.Arrival
	record  clicklog.Record
	signals verdict.Signals
	secret  []byte // while a signed link is verified
	// said has the values of the ESP's own Location, if a rule recalls it.
	said string

	bodySent  bool // the reader's body has gone to an origin
	answered  bool // an answer has been begun
	lineWaits bool // the log line waits for what the ESP says after the answer
	logged    bool
}

// receive reads the request.
func (x *exchange) receive() {
	x.record.Time = x.start
	x.request.Method, x.record.Method = x.in.Method, x.in.Method
	x.arrival.Scheme = x.in.URL.Scheme
	x.record.Host, x.request.Target = authorityOf(x.in.URL), targetOf(x.in.URL)
	x.arrival.Headers = fieldsOf(x.in.Header)
	x.request.HasBody = x.arrival.Headers.Has(header.Body)
	x.request.CDNLoop = joined(x.in.Header, "cdn-loop")
}

// identify reads what the log says of the sandbox. The trace id is that of the
// sandbox, so it names only the first of its requests.
func (x *exchange) identify() {
	for _, variable := range environ() {
		switch name, value, _ := strings.Cut(variable, "="); name {
		case "FASTLY_SERVICE_VERSION":
			x.record.Version = value
		case "FASTLY_TRACE_ID":
			x.record.RequestID = value
		}
	}
	if x.record.RequestID != "" && x.h.served <= 1 {
		return
	}
	if meta, err := x.in.FastlyMeta(); err == nil && meta.RequestID != "" {
		x.record.RequestID = meta.RequestID
	}
}

// serve answers the request, unless it is for Next. ours reports whether it is
// not.
func (x *exchange) serve() (ours bool) {
	ours = true // after a panic, too
	defer x.finish()
	x.receive()
	x.identify()
	x.locate()
	if x.site == nil && x.forNext() {
		x.logged = true // there is no line
		if x.h.sites.Len() == 0 {
			x.warn("warning: the handler has no sites, so Next gets the requests for link domains, too")
		}
		return false
	}
	x.decide()
	return ours
}

// forNext reports whether Next may have the request, which is for no link
// domain. It gets no host that net/url refuses: a program does not expect one.
func (x *exchange) forNext() bool {
	if x.h.opt.Next == nil {
		return false
	}
	_, err := url.ParseRequestURI("https://" + x.in.URL.Host + "/")
	return err == nil
}

// decide asks core for a decision, and zeroes the secret that a signed link may
// have needed.
func (x *exchange) decide() {
	x.request.NoSites = x.h.sites.Len() == 0
	if x.site != nil {
		x.site = x.site.For(x.request.Target)
		if x.site.Learn {
			x.request.Learned = x
		}
	}
	var d core.Decision
	d.Decide(&x.request, x.site, x.start, x.secretOf)
	x.zeroSecret()
	x.carryOut(&d)
}

// carryOut does what core has decided.
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

// finish answers with a page after a panic, and writes the line of the log if it
// is not written yet. The value of a panic may hold data of the reader, so it is
// not printed.
func (x *exchange) finish() {
	if recover() != nil {
		x.warn("internal error: a panic was answered with a page")
		x.record.Failed()
		if !x.answered {
			x.page(core.Page{Code: outcome.Internal})
		}
	}
	if !x.logged {
		x.log()
	}
}

// warn writes to standard error, which is where Compute's log tail reads.
func (x *exchange) warn(text string) {
	fmt.Fprintln(os.Stderr, text+"; request "+x.record.RequestID)
}

// secure reports whether the reader came over TLS.
func (x *exchange) secure() bool { return x.arrival.Scheme == "https" }

// address returns the reader's address as text, "" where the host has none.
func (x *exchange) address() string {
	a, err := netip.ParseAddr(x.in.RemoteAddr)
	if err != nil {
		return ""
	}
	return a.Unmap().String()
}
