package handler

import (
	"strconv"
	"time"

	"github.com/clickedge/clickedge/core"
)

// redirect sends the reader where the decision says.
func (x *exchange) redirect(d *core.Decision) {
	x.record.Destination = d.Host
	var a core.Answer
	a.Redirect(d)
	x.send(&a)
}

// page sends a page that says why the request was refused or failed.
func (x *exchange) page(p core.Page) {
	p.RequestID = x.record.RequestID
	if x.site != nil {
		p.Home = x.site.Home
	}
	x.record.Code = p.Code
	a := p.Answer(make([]byte, 0, 2<<10))
	x.send(&a)
}

// reply sends one of clickedge's own answers.
func (x *exchange) reply(r core.ReplyBody) {
	a := r.Answer(x.site, x.record.Version, x.h.sites.Len(), x.h.opt.Archive.Len())
	x.send(&a)
}

// send sends an answer that does not come from the ESP. The SDK drops a field
// that the host refuses and sends the rest: core makes none such.
func (x *exchange) send(a *core.Answer) {
	h := x.w.Header()
	clear(h)
	for i := range a.Header {
		if a.Header[i][0] == "" {
			break
		}
		h.Set(a.Header[i][0], a.Header[i][1])
	}
	body := a.Body
	if x.request.Method == "HEAD" {
		body = nil
	}
	x.begin(a.Status, strconv.Itoa(len(body)))
	if len(body) > 0 {
		_, err := x.w.Write(body)
		x.sent(err)
	}
	x.end()
}

// begin writes the line of the log, and then the head of the answer: a click
// that the ESP has counted must be in the log although its reader has left. A
// line that waits for the ESP's answer is written later. length is that of the
// body; "" where it is not known. Without one, the SDK would send even a
// redirect in chunks.
func (x *exchange) begin(status int, length string) {
	h := x.w.Header()
	h.Del("Content-Length")
	if length != "" && x.request.Method != "HEAD" && hasLength(status) {
		h.Set("Content-Length", length)
		x.w.SetManualFramingMode(true)
	}
	x.record.Status = status
	x.record.Micros = max(0, time.Since(x.start).Microseconds())
	if !x.lineWaits && !x.record.Late {
		x.log()
	}
	x.answered = true
	x.w.WriteHeader(status)
	clear(h) // or the SDK sends fields that Trailer names once more at the end
}

// hasLength reports whether an answer of this status may say how long its body
// is (RFC 9110, 8.6).
func hasLength(status int) bool { return status >= 200 && status != 204 && status != 304 }

// end ends the answer: no reader waits for what is done afterwards.
func (x *exchange) end() { x.sent(x.w.Close()) }

// sent records it if the host has not taken a part of the answer. There is no
// second try, and the SDK ends the program then.
func (x *exchange) sent(err error) {
	if err != nil {
		x.record.Failed()
		x.warn("internal error: the host did not take the answer (" + err.Error() + ")")
	}
}
