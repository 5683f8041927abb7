package abi

import (
	"strings"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// The header calls are the same for requests, responses and trailers: argument
// 0 is the handle, the rest follows. Names are given to the guest in lower
// case, once each; the list itself keeps order, case and repetitions, so that a
// request that is passed on goes out as it came in.

func headerNames(f *frame, h *wire.Header) { f.multi(1, h.Names) }

func headerValue(f *frame, h *wire.Header) {
	name := f.name(1)
	if !f.ok() {
		return
	}
	value, ok := h.Get(name)
	if !ok {
		f.fail(Inval) // not none: that is how Viceroy answers
	}
	f.fill(3, []byte(value))
}

func headerValues(f *frame, h *wire.Header) {
	name := f.name(1)
	f.multi(3, func() []string { return h.Values(name) })
}

func headerValuesSet(f *frame, h *wire.Header) {
	name, list := f.name(1), f.copied(3)
	if !f.ok() {
		return
	}
	values := strings.Split(list, "\x00")
	values = values[:len(values)-1] // what follows the last NUL does not count
	for _, v := range values {
		if !wire.ValidValue(v) {
			f.fail(Error)
		}
	}
	if f.spend(len(list)); f.ok() {
		h.Set(name, values...)
	}
}

func headerInsert(f *frame, h *wire.Header) {
	name, value := f.name(1), f.value(3)
	if f.ok() {
		h.Set(name, value)
	}
}

func headerAppend(f *frame, h *wire.Header) {
	name, value := f.name(1), f.value(3)
	if f.spend(handleCost); f.ok() {
		h.Add(name, value)
	}
}

func headerRemove(f *frame, h *wire.Header) {
	name := f.name(1)
	if f.ok() && !h.Del(name) {
		f.fail(Inval)
	}
}

// messageOf is the message behind the handle in argument 0.
type messageOf func(*frame) *message

// messageCall is a host call that is the same for requests and responses.
type messageCall func(*frame, messageOf)

func requestMessage(f *frame) *message {
	if r := f.request(0); r != nil {
		return &r.message
	}
	return nil
}

func responseMessage(f *frame) *message {
	if r := f.response(0); r != nil {
		return &r.message
	}
	return nil
}

// onHeader makes a host call about the headers of a message. When the handle is
// bad, a reading call does not write its cursor, as in Viceroy.
func onHeader(call func(*frame, *wire.Header)) messageCall {
	return func(f *frame, of messageOf) {
		if m := of(f); f.ok() {
			call(f, &m.header)
		}
	}
}

func versionGet(f *frame, of messageOf) {
	if m := of(f); f.ok() {
		f.put32(1, uint32(m.version))
	}
}

func versionSet(f *frame, of messageOf) {
	v := f.enum(1, 5)
	if m := of(f); f.ok() {
		m.version = Version(v)
	}
}

func framingMode(f *frame, of messageOf) {
	mode := f.enum(1, 2)
	if m := of(f); f.ok() {
		m.manual = mode == 1
	}
}
