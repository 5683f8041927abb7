package abi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// protected are the fields of a request that is handed off which are always the
// client's (Viceroy, src/handoff.rs).
var protected = strings.Fields("host connection sec-websocket-version sec-websocket-key upgrade pushpin-route content-length " +
	"content-range expect fastly-ff proxy-authenticate proxy-authorization te trailer transfer-encoding cdn-loop")

// handOffTo hands the client's request to a backend; name is the argument pair
// at i. The answer goes to the client, and a 101 joins the client's connection
// and the backend's until one of them ends. The Host field is the backend's,
// with its port.
func handOffTo(i int) hostCall {
	return func(f *frame) {
		name, r := f.handedOff(i)
		if f.s.svc.NoWebSockets {
			f.fail(Unsupported)
		}
		if !f.ok() {
			return
		}
		backend := f.s.backend(name)
		if backend == nil {
			f.handOffFails(fmt.Sprintf("Backend handoff signaled to unknown backend '%s'.", name))
			return
		}
		target := *backend
		target.Host = cmp.Or(backend.Host, backend.Addr)
		body := &Body{}
		if b, ok := f.s.items[f.s.downBody].(*Body); ok {
			body, f.s.items[f.s.downBody] = b, nil
		}
		r.handOff = true
		if p := f.startAt(&target, name, r, body); f.ok() {
			f.respondWith(p)
		}
	}
}

// handOffToGrip fails: this host has no Pushpin, like a Viceroy that was
// started without one.
func handOffToGrip(i int) hostCall {
	return func(f *frame) {
		if f.handedOff(i); f.ok() {
			f.fail(Unsupported)
		}
	}
}

func (f *frame) handOffFails(why string) {
	f.s.responded = true
	f.s.outside.Respond(&Outgoing{Status: 500, Body: BodyOf([]byte(why))})
}

// handedOff is the backend's name and the request to send: the client's, or
// with i = 1 the one in argument 0, except for the protected fields.
func (f *frame) handedOff(i int) (name string, r *request) {
	name = f.text(i)
	down := f.s.requests.get(f.s.downRequest).down
	r = &request{method: down.Method, uri: down.URI, message: message{version: HTTP11, header: down.Header.Clone()}}
	if i == 1 {
		if own := f.request(0); f.ok() {
			r.method, r.uri, r.header = own.method, own.uri, mixed(own.header, down.Header)
		}
	}
	if f.ok() && f.s.responded {
		f.fail(Error)
	}
	return name, r
}

func mixed(own, client wire.Header) (h wire.Header) {
	isProtected := func(field wire.Field) bool { return slices.Contains(protected, strings.ToLower(field.Name)) }
	for _, field := range client {
		if isProtected(field) {
			h = append(h, field)
		}
	}
	for _, field := range own {
		if !isProtected(field) {
			h = append(h, field)
		}
	}
	return h
}
