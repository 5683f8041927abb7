package server

import (
	"errors"
	"io"
	"strconv"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// errPanic is why an answer was cut off.
var errPanic = errors.New("internal error")

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
	if p.Code == outcome.IncompleteRequest && x.body != nil && x.body.over.Load() {
		p.Status = tooLong.Status
	}
	x.record.Code = p.Code
	a := p.Answer(make([]byte, 0, 2<<10))
	x.send(&a)
}

// reply sends one of clickedge's own answers.
func (x *exchange) reply(r core.ReplyBody) {
	a := r.Answer(x.site, x.record.Version, x.content.Sites.Len(), x.content.Archive.Len())
	x.send(&a)
}

// send sends an answer that does not come from the ESP.
func (x *exchange) send(a *core.Answer) {
	h := x.answer[:0]
	for i := range a.Header {
		if a.Header[i][0] == "" {
			break
		}
		h.Add(a.Header[i][0], a.Header[i][1])
	}
	h = frame(h, x.request.Method, a.Status, int64(len(a.Body)))
	x.answer = h
	x.begin(a.Status, h)
	if x.broken == nil && len(a.Body) > 0 && hasBody(x.request.Method, a.Status) {
		_, x.broken = x.out.Write(a.Body)
	}
	if x.broken == nil && x.lineWaits {
		x.broken = x.out.FlushError() // before the ESP is told of the click
	}
}

// begin writes the line of the log, and then the head of the answer: a click
// that the ESP has counted must be in the log although its reader has left. A
// line that waits for the ESP's answer is written later.
func (x *exchange) begin(status int, h wire.Header) {
	x.record.Status = status
	x.record.Micros = max(0, x.s.now().Sub(x.start).Microseconds()) // the clock may step back
	if !x.lineWaits {
		x.log()
	}
	x.answered = true
	x.broken = x.out.WriteHead(status, h)
}

// frame says in an answer's fields how long its body is: its length where it is
// known, else it comes in chunks. The list is changed in place.
func frame(h wire.Header, method string, status int, length int64) wire.Header {
	remove(&h, "Content-Length")
	remove(&h, "Transfer-Encoding")
	switch {
	case !hasBody(method, status):
	case length >= 0:
		h.Add("Content-Length", strconv.FormatInt(length, 10))
	default:
		h.Add("Transfer-Encoding", "chunked")
	}
	return h
}

func hasBody(method string, status int) bool {
	return method != "HEAD" && status >= 200 && status != 204 && status != 304
}

// stream sends the body of an ESP's answer, each piece as it comes.
func (x *exchange) stream(body io.Reader) {
	if x.piece == nil {
		x.piece = make([]byte, 16<<10)
	}
	piece := x.piece
	for x.broken == nil {
		n, err := body.Read(piece)
		if n > 0 {
			if _, x.broken = x.out.Write(piece[:n]); x.broken == nil {
				x.broken = x.out.FlushError()
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			x.broken = err
		}
	}
}
