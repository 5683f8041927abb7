package abi

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/clickedge/clickedge/hostsim/internal/origin"
	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// pending is a backend request under way.
type pending struct {
	done   chan struct{}
	resp   *origin.Response // these three are set before done is closed
	err    *senderror.Error
	status Status

	onResponse, onError []func(*wire.Header) // queued by pending_req_header_*
	pass, gunzip        bool
	// the outcome goes to the client, and a 101 joins the connections
	handOff bool
	backend *origin.Backend
	fault   *Fault
	cached  *kept // the outcome, when it came through the cache
}

// kept is a response from the cache, or on its way into it.
type kept struct {
	response *response
	body     *Body
}

var _ item = (*pending)(nil)

func (p *pending) ready() <-chan struct{} { return p.done }

// dispatch starts the request in arguments 0 (request), 1 (body), 2 and 3
// (backend). Request and body are consumed even when the backend turns out to
// be unknown, as in Viceroy.
//
// The calls that are older than send_v3 go through the cache, if there is one.
func (f *frame) dispatch(stream, through bool) *pending {
	name := f.copied(2)
	if f.ok() && !utf8.ValidString(name) {
		f.fail(Error)
	}
	r := f.takeRequest(0)
	if !f.ok() {
		return nil
	}
	var body *Body
	if stream {
		body = f.startStreaming(f.u32(1))
	} else {
		body = takeItem[*Body](f, f.u32(1))
	}
	if !f.ok() {
		return nil
	}
	if through && f.s.svc.HTTPCache && r.throughCache(body) {
		return f.startThrough(f.s.backend(name), name, r, body)
	}
	return f.startAt(f.s.backend(name), name, r, body)
}

// admitSend counts a request to a backend; nil when there is no such backend.
// When it is refused, the body is closed.
func (f *frame) admitSend(backend *origin.Backend, body *Body) bool {
	f.s.sends++
	if backend == nil {
		f.fail(Inval)
	} else if f.s.svc.Sends > 0 && f.s.sends > f.s.svc.Sends {
		f.fail(LimitExceeded)
	}
	if f.spend(handleCost); !f.ok() {
		body.Close()
	}
	return f.ok()
}

// prepare makes the request as it goes out.
func (s *Sandbox) prepare(backend *origin.Backend, r *request, body *Body) *wire.Request {
	req := backend.Prepare(&origin.Request{Method: r.method, Authority: r.uri.Authority, Target: cmp.Or(r.uri.Target, "/"), Header: r.header,
		Manual: r.manual, Body: body.Reader(s.ctx), Length: body.Length(), Trailer: body.Trailers})
	if s.svc.HTTPCache {
		req.Header.Del(keyField) // it is for the cache
	}
	if s.svc.BackendFields != nil {
		s.svc.BackendFields(&req.Header)
	}
	return req
}

// startAt sends a request to a backend, past the cache.
func (f *frame) startAt(backend *origin.Backend, name string, r *request, body *Body) *pending {
	if !f.admitSend(backend, body) {
		return nil
	}
	s := f.s
	req := s.prepare(backend, r, body)
	p := &pending{done: make(chan struct{}), pass: r.pass, handOff: r.handOff, gunzip: r.gunzip, backend: backend, fault: s.outside.Fault(FaultBackend, name)}
	report := s.outside.Sending(name, req)
	s.pending.Go(func() {
		defer s.announce(p)
		p.run(s, req)
		if p.err != nil {
			report(0, p.err)
		} else {
			report(p.resp.Status, nil)
		}
	})
	return p
}

// announce ends waits for p, and polls that wait for anything.
func (s *Sandbox) announce(p *pending) {
	close(p.done)
	select {
	case s.answered <- struct{}{}:
	default:
	}
}

func (p *pending) run(s *Sandbox, req *wire.Request) {
	resp, err := p.send(s, req)
	if err != nil {
		p.fail(err)
		return
	}
	p.resp = resp
	if !p.handOff || resp.Upgraded == nil {
		s.own(func() { resp.Body.Close() })
	}
}

func (p *pending) fail(err error) {
	if !errors.As(err, &p.err) {
		p.err = &senderror.Error{Tag: senderror.TagInternalError, Err: err}
	}
	p.status = sendStatus(p.err)
}

// send goes out, unless a fault says otherwise.
func (p *pending) send(s *Sandbox, req *wire.Request) (*origin.Response, error) {
	if p.fault == nil {
		return p.backend.Send(s.ctx, req)
	}
	timer := time.NewTimer(p.fault.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
	}
	if p.fault.Send != nil {
		req.CloseBody()
		return nil, p.fault.Send
	}
	return p.backend.Send(s.ctx, req)
}

// sendStatus is Viceroy's mapping of hyper's errors.
func sendStatus(err *senderror.Error) Status {
	if errors.Is(err, wire.ErrRequestBody) {
		return HTTPUser
	}
	switch err.Tag {
	case senderror.TagHTTPProtocolError, senderror.TagHTTPStatusInvalid, senderror.TagHTTPHeadTooLarge:
		return HTTPInvalid
	case senderror.TagHTTPIncompleteResponse:
		return HTTPIncomplete
	case senderror.TagConnectionTerminated:
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return HTTPIncomplete
		}
	}
	return Error
}

var versions = map[string]Version{"HTTP/1.0": HTTP10, "HTTP/1.1": HTTP11, "HTTP/2.0": HTTP2}

// take makes the response and its body; it is called once, after done.
func (p *pending) take(s *Sandbox) (*response, *Body) {
	if p.cached != nil {
		return p.takeCached(s)
	}
	r, src := received(p.resp, p.backend)
	r.pass = p.pass
	if p.unzips(r) {
		src.rc, src.left = &gunzip{rc: p.resp.Body}, -1
	}
	apply(p.onResponse, &r.header)
	return r, bodyOver(src)
}

func (p *pending) takeCached(s *Sandbox) (*response, *Body) {
	r, body := p.cached.response, p.cached.body
	if p.unzips(r) {
		// closing it must not touch the body, which another goroutine reads
		body = bodyOver(&reader{rc: &gunzip{rc: io.NopCloser(body.Reader(s.ctx))}, left: -1})
	}
	apply(p.onResponse, &r.header)
	return r, body
}

// unzips reports whether the body is to be decompressed, and drops the fields
// that will not be true then.
func (p *pending) unzips(r *response) bool {
	coding, _ := r.header.Get("Content-Encoding")
	if !p.gunzip || coding != "gzip" && coding != "x-gzip" {
		return false
	}
	r.header.Del("Content-Encoding")
	r.header.Del("Content-Length")
	return true
}

// received is a response from a backend, and what its body is read from.
func received(resp *origin.Response, backend *origin.Backend) (*response, *reader) {
	r := &response{message: message{version: versions[resp.Proto], header: resp.Header}, status: resp.Status, remote: resp.Remote}
	return r, &reader{rc: resp.Body, trailers: resp.Trailer, left: resp.Length, timeout: backend.BetweenBytesTimeout}
}

func bodyOver(src *reader) *Body {
	if src.left == 0 {
		src.close()
		return &Body{}
	}
	return &Body{chunks: []chunk{{src: src}}}
}

func apply(changes []func(*wire.Header), h *wire.Header) {
	for _, change := range changes {
		change(h)
	}
}

// outgoing is what the client gets from a request that was handed over.
func (p *pending) outgoing(s *Sandbox) *Outgoing {
	if p.err == nil && p.handOff && p.resp.Upgraded != nil {
		return &Outgoing{Status: p.resp.Status, Header: p.resp.Header, Body: &Body{}, Join: p.resp.Upgraded}
	}
	if p.err == nil {
		r, body := p.take(s)
		return &Outgoing{Status: r.status, Header: r.header, Body: body}
	}
	status := 502
	switch {
	case p.handOff && p.err.Unconnected():
		// as in Viceroy, where only what goes wrong later is a bad gateway
		status = 500
	case p.err.Tag == senderror.TagHTTPResponseTimeout && !p.handOff:
		status = 504
	}
	out := &Outgoing{Status: status, Body: BodyOf(fmt.Appendf(nil, "%v\n", p.err))}
	apply(p.onError, &out.Header)
	return out
}

// finish writes the outcome of p: response and body handles at i and i+1, the
// error detail at detail (0: none).
func (f *frame) finish(p *pending, i int, detail uint32) {
	f.detail(detail, p.err)
	if p.err != nil {
		f.fail(p.status)
		return
	}
	r, body := p.take(f.s)
	f.put32(i, f.s.responses.add(r))
	f.put32(i+1, f.s.addItem(body))
}

// Bits of send_error_detail_mask, and the size of send_error_detail.
const maskRcode, maskTLSAlert, detailSize = 2, 8, 20

// detail fills a send_error_detail record: tag and mask, then only the fields
// that the guest's mask allows.
func (f *frame) detail(ptr uint32, err *senderror.Error) {
	if ptr == 0 || !f.ok() {
		return
	}
	b := f.aligned(ptr, detailSize, 4)
	if !f.ok() {
		return
	}
	allowed, mask, tag := binary.LittleEndian.Uint32(b[4:]), uint32(0), senderror.TagOK
	if err != nil {
		tag = err.Tag
		if tag == senderror.TagDNSError && err.DNSRcode != 0 && allowed&maskRcode != 0 {
			mask |= maskRcode
			binary.LittleEndian.PutUint16(b[8:], err.DNSRcode)
		}
		if tag == senderror.TagTLSAlertReceived && allowed&maskTLSAlert != 0 {
			mask |= maskTLSAlert
			b[12] = err.TLSAlert
		}
	}
	binary.LittleEndian.PutUint32(b[0:], uint32(tag))
	binary.LittleEndian.PutUint32(b[4:], mask)
}

// checkDetail refuses a bad address before anything is sent or consumed. A null
// address means that no detail is wanted.
func (f *frame) checkDetail(ptr uint32) {
	if ptr != 0 {
		f.aligned(ptr, detailSize, 4)
	}
}

func (f *frame) wait(p *pending) {
	defer f.s.idle()()
	select {
	case <-p.done:
	case <-f.s.ctx.Done():
		f.fail(Error)
	}
}

func reqSend(f *frame) { f.sendNow(4, 0, true) }

func reqSendV2(f *frame) { f.sendNow(5, f.u32(4), true) }

func reqSendV3(f *frame) { f.sendNow(5, f.u32(4), false) }

func (f *frame) sendNow(out int, detail uint32, through bool) {
	f.checkDetail(detail)
	p := f.dispatch(false, through)
	if !f.ok() {
		f.refuseDetail(detail)
		return
	}
	if f.wait(p); f.ok() {
		f.finish(p, out, detail)
	}
}

// refuseDetail writes the detail of an unknown backend; the other refusals are
// about arguments and have no tag.
func (f *frame) refuseDetail(ptr uint32) {
	st := f.st
	if st == Inval && ptr != 0 {
		f.st = OK
		f.detail(ptr, &senderror.Error{Tag: senderror.TagDestinationNotFound, Err: errors.New("no such backend")})
		f.st = st
	}
}

func reqSendAsync(f *frame) { f.sendLater(4, false, true) }

func reqSendAsyncV2(f *frame) { f.sendLater(5, f.u32(4) == 1, false) }

func reqSendAsyncStreaming(f *frame) { f.sendLater(4, true, true) }

func (f *frame) sendLater(out int, stream, through bool) {
	p := f.dispatch(stream, through)
	if f.ok() {
		f.put32(out, f.s.addItem(p))
	}
}

func reqPoll(f *frame) { f.poll(1, 0) }

func reqPollV2(f *frame) { f.poll(2, f.u32(1)) }

func (f *frame) poll(out int, detail uint32) {
	f.checkDetail(detail)
	p := itemAs[*pending](f, f.u32(0))
	if !f.ok() {
		return
	}
	if !f.s.polled(p.done) {
		f.put32(out, 0)
		f.put32(out+1, InvalidHandle)
		f.put32(out+2, InvalidHandle)
		return
	}
	f.s.items[f.u32(0)] = nil
	if f.finish(p, out+1, detail); f.ok() {
		f.put32(out, 1)
	}
}

func reqWait(f *frame) { f.waitTake(1, 0) }

func reqWaitV2(f *frame) { f.waitTake(2, f.u32(1)) }

func (f *frame) waitTake(out int, detail uint32) {
	f.checkDetail(detail)
	p := takeItem[*pending](f, f.u32(0))
	if !f.ok() {
		return
	}
	if f.wait(p); f.ok() {
		f.finish(p, out, detail)
	}
}

func reqSelect(f *frame) { f.selectPending(2, 0) }

func reqSelectV2(f *frame) { f.selectPending(3, f.u32(2)) }

// selectPending waits for the first of several. For a request that failed, the
// handles are invalid and the status is ok.
func (f *frame) selectPending(out int, detail uint32) {
	f.checkDetail(detail)
	handles := f.handles(0)
	if f.ok() && len(handles) == 0 {
		f.fail(Inval)
	}
	items := make([]item, 0, len(handles))
	for _, h := range handles {
		items = append(items, itemAs[*pending](f, h))
	}
	if !f.ok() {
		return
	}
	at := f.s.first(items, 0)
	if at < 0 {
		f.fail(Error)
		return
	}
	p := takeItem[*pending](f, handles[at])
	if p.err != nil {
		f.detail(detail, p.err)
		f.put32(out+1, InvalidHandle)
		f.put32(out+2, InvalidHandle)
	} else {
		f.finish(p, out+1, detail)
	}
	f.put32(out, uint32(at))
}

// handles reads an array of handles: arguments i (address) and i+1 (number).
func (f *frame) handles(i int) []uint32 {
	n := f.u32(i + 1)
	if n > 1<<28 {
		f.fail(Inval)
		return nil
	}
	b := f.aligned(f.u32(i), n*4, 4)
	handles := make([]uint32, len(b)/4)
	for k := range handles {
		handles[k] = binary.LittleEndian.Uint32(b[4*k:])
	}
	return handles
}

// Kinds of pending_response_kind.
const (
	kindAny = iota
	kindResponse
	kindError
)

// pendingHeader queues a change for the response that will come, for the error
// answer that stands in for it, or both.
func (f *frame) pendingHeader(kind uint32, p *pending, change func(*wire.Header)) {
	if f.spend(handleCost); !f.ok() {
		return
	}
	if kind != kindError {
		p.onResponse = append(p.onResponse, change)
	}
	if kind != kindResponse {
		p.onError = append(p.onError, change)
	}
}

func reqPendingInsert(f *frame) {
	kind := f.enum(5, 3)
	p, name, value := itemAs[*pending](f, f.u32(0)), f.name(1), f.value(3)
	f.pendingHeader(kind, p, func(h *wire.Header) { h.Set(name, value) })
}

func reqPendingAppend(f *frame) {
	kind := f.enum(5, 3)
	p, name, value := itemAs[*pending](f, f.u32(0)), f.name(1), f.value(3)
	f.pendingHeader(kind, p, func(h *wire.Header) { h.Add(name, value) })
}

func reqPendingRemove(f *frame) {
	kind := f.enum(3, 3)
	p, name := itemAs[*pending](f, f.u32(0)), f.name(1)
	f.pendingHeader(kind, p, func(h *wire.Header) { h.Del(name) })
}
