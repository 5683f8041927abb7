package main

import (
	"net/netip"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// message is what requests and responses have in common here.
type message interface {
	hostcall.Request | hostcall.Response
	HeaderNames(b *hostcall.Buffer) (string, hostcall.Status)
	HeaderValues(b *hostcall.Buffer, name string) (string, hostcall.Status)
	SetHeaderValues(name, values string) hostcall.Status
	RemoveHeader(name string) hostcall.Status
}

// editRequest makes of the reader's request what the ESP expects. A failure
// means that the request must not be sent.
func (x *exchange) editRequest(o *core.Origin) (st hostcall.Status) {
	x.arrival.Address, x.arrival.Room = x.address(), x.mark[:]
	x.site.EditRequest(o, &x.arrival, func(op core.EditOp, name, value string) {
		switch {
		case st != hostcall.OK: // one has failed
		case op == core.EditSet:
			st = x.req.SetHeader(name, value)
		default:
			st = apply(x, x.req, o, core.Edit{Name: name, Value: value, Op: op})
		}
	})
	return st
}

// editResponse turns the ESP's response into that for the reader. A field whose
// new values the host refuses is removed.
func (x *exchange) editResponse(o *core.Origin, resp hostcall.Response, names string, status int) {
	var has header.Set
	has.Read(names)
	o.EditAnswer(status, has, func(op core.EditOp, name, value string) {
		switch {
		case op == core.EditSet:
			resp.SetHeader(name, value)
		case op == core.EditPass:
		case apply(x, resp, o, core.Edit{Name: name, Value: value, Op: op}) != hostcall.OK:
			resp.RemoveHeader(name)
		}
	})
}

// editSpare is by how much an edit makes a field longer, as a rule.
const editSpare = 256

// apply carries out one edit. Callers handle EditSet, the most frequent one,
// themselves, which costs less.
func apply[M message](x *exchange, m M, o *core.Origin, e core.Edit) hostcall.Status {
	switch e.Op {
	case core.EditRemove:
		return gone(m.RemoveHeader(e.Name))
	case core.EditRemoveAliases:
		return removeAliases(x, m, o)
	case core.EditPass:
		return hostcall.OK
	}
	before, _ := m.HeaderValues(&x.buf, e.Name)
	if e.Op == core.EditRemoveNamed {
		removeNamed(m, before)
		return hostcall.OK
	}
	// What does not fit into the buffer is put elsewhere. The host reads it
	// before the next one is made.
	after := view(o.AppendValues(x.buf.Free(len(before) + editSpare)[:0], e, before))
	switch after {
	case before:
		return hostcall.OK
	case "":
		return gone(m.RemoveHeader(e.Name))
	}
	return m.SetHeaderValues(e.Name, after)
}

// removeNamed removes the fields that the values of Connection name. The status
// is ignored: no field has a name that the host refuses.
func removeNamed[M message](m M, values string) {
	for values != "" {
		var value, name string
		value, values = header.Next(values)
		for name, value = core.NamedByConnection(value); name != ""; name, value = core.NamedByConnection(value) {
			m.RemoveHeader(name)
		}
	}
}

// removeAliases removes the fields that the origin may take for others.
func removeAliases[M message](x *exchange, m M, o *core.Origin) hostcall.Status {
	names, st := m.HeaderNames(&x.buf)
	for name, rest := o.NextAlias(names); name != ""; name, rest = o.NextAlias(rest) {
		st = worse(st, gone(m.RemoveHeader(name)))
	}
	return st
}

// gone returns the status of a removal. To remove a field that is not there is
// no failure: it may have been named by Connection and be removed already.
func gone(st hostcall.Status) hostcall.Status {
	if st == hostcall.InvalidArg {
		return hostcall.OK
	}
	return st
}

func worse(a, b hostcall.Status) hostcall.Status {
	if a != hostcall.OK {
		return a
	}
	return b
}

// longestAddress is the length of an address of IPv6 as text, at most.
const longestAddress = 48

// address returns the reader's address as text, "" where the host has none.
func (x *exchange) address() string {
	n, st := x.req.ClientIP(&x.octets)
	text := x.buf.Free(longestAddress)
	free := len(text)
	switch {
	case st != hostcall.OK:
		return ""
	case n == 4:
		text = appendIPv4(text[:0], [4]byte(x.octets[:4]))
	case n == 16:
		text = netip.AddrFrom16(x.octets).Unmap().AppendTo(text[:0])
	default:
		return ""
	}
	x.buf.Use(min(len(text), free)) // where it did not fit it is elsewhere
	return view(text)
}

// appendIPv4 appends an address in dotted form.
//
// Plain: +276 instructions a click (proxied), by netip.
func appendIPv4(dst []byte, octets [4]byte) []byte {
	var text [16]byte
	at := 0
	for _, octet := range octets {
		n := uint32(octet)
		if n >= 10 {
			if n >= 100 {
				text[at&15] = byte('0' + n/100)
				at++
			}
			text[at&15] = byte('0' + n/10%10)
			at++
		}
		text[at&15], text[(at+1)&15] = byte('0'+n%10), '.'
		at += 2
	}
	return append(dst, text[:at-1]...) // without the last dot; 15 bytes at most
}
