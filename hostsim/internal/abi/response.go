package abi

import "net/netip"

// response is a response without its body.
type response struct {
	message
	status int
	remote netip.AddrPort // of the backend it came from
	pass   bool           // its request went past the cache
}

func respNew(f *frame) {
	if f.spend(handleCost); f.ok() {
		f.put32(0, f.s.responses.add(&response{status: 200, message: message{version: HTTP11}}))
	}
}

func respClose(f *frame) { f.takeResponse(0) }

func respStatusGet(f *frame) {
	if r := f.response(0); f.ok() {
		f.put16(1, uint16(r.status))
	}
}

func respStatusSet(f *frame) {
	status := f.u32(1)
	if status > 0xffff {
		f.fail(Inval)
	}
	r := f.response(0)
	if f.ok() && (status < 100 || status > 999) {
		f.fail(Inval)
	}
	if f.ok() {
		r.status = int(status)
	}
}

func respKeepaliveMode(f *frame) {
	if mode := f.enum(1, 2); f.ok() && mode == 1 {
		f.fail(Unsupported)
	}
}

// remote is the address of the backend that a response came from. It is known
// only for requests that passed the cache, as on the platform.
func (f *frame) remote() netip.AddrPort {
	r := f.response(0)
	if f.ok() && (!r.pass || !r.remote.IsValid()) {
		f.fail(None)
	}
	if !f.ok() {
		return netip.AddrPort{}
	}
	return r.remote
}

func respDestIP(f *frame)   { f.putIP(1, f.remote().Addr()) }
func respDestPort(f *frame) { f.put16(1, f.remote().Port()) }

// putIP writes 4 or 16 octets to the address in argument i and their number to
// the one in i+1.
func (f *frame) putIP(i int, ip netip.Addr) {
	octets := ip.Unmap().AsSlice()
	copy(f.view(f.u32(i), uint32(len(octets))), octets)
	f.put32(i+1, uint32(len(octets)))
}

// respSendDownstream consumes the response and, without streaming, the body.
// With streaming, the body handle becomes the writing end. Of the informational
// statuses only 103 may be sent; it does not count as the response, and its body
// is dropped.
func respSendDownstream(f *frame) {
	r := f.takeResponse(0)
	if !f.ok() {
		return
	}
	var body *Body
	if f.u32(2) == 1 {
		body = f.startStreaming(f.u32(1))
	} else {
		body = takeItem[*Body](f, f.u32(1))
	}
	if !f.ok() {
		return
	}
	if st := f.s.mayRespond(r.status); st != OK || r.status == 103 {
		body.Close()
		if f.fail(st); f.ok() {
			f.s.outside.Inform(r.status, r.header)
		}
		return
	}
	f.s.responded = true
	f.s.outside.Respond(&Outgoing{Status: r.status, Header: r.header, Body: body, Manual: r.manual})
}

func (s *Sandbox) mayRespond(status int) Status {
	switch {
	case s.responded:
		return Error
	case status < 200 && status != 103:
		return Inval
	}
	return OK
}

// respSendPending hands a pending request over: its response, or a 5xx when it
// fails, goes to the client.
func respSendPending(f *frame) {
	p := takeItem[*pending](f, f.u32(0))
	if f.ok() && f.s.responded {
		f.fail(Error)
	}
	if !f.ok() {
		return
	}
	f.respondWith(p)
}

// respondWith answers the client with the outcome of p.
func (f *frame) respondWith(p *pending) {
	s, outside := f.s, f.s.outside
	s.responded = true
	s.pending.Go(func() {
		<-p.done
		outside.Respond(p.outgoing(s))
	})
}
