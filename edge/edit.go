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
	HeaderValues(b *hostcall.Buffer, name string) (string, hostcall.Status)
	SetHeaderValues(name, values string) hostcall.Status
	RemoveHeader(name string) hostcall.Status
}

// editRequest makes of the reader's request what the ESP expects. A failure
// means that the request must not be sent.
func (x *exchange) editRequest(o *core.Origin) hostcall.Status {
	var edits core.Edits
	edits.RequestEdits(x.site, o, &core.Arrival{
		Headers: x.headers, Scheme: x.scheme, Address: x.address(), Room: x.buf.Reserve(core.LoopRoom),
	})
	list := edits.List()
	for i := range list {
		e, st := &list[i], hostcall.OK
		if e.Op == core.EditSet {
			st = x.req.SetHeader(e.Name, e.Value)
		} else {
			st = apply(x, x.req, &edits, e)
		}
		if st != hostcall.OK {
			return st
		}
	}
	return hostcall.OK
}

// editResponse makes of the ESP's answer what the reader gets. What the host
// does not take back is removed.
func (x *exchange) editResponse(resp hostcall.Response, names string, status int) {
	var has header.Set
	has.Read(names)
	var edits core.Edits
	edits.AnswerEdits(x.site.Origin, status, has)
	list := edits.List()
	for i := range list {
		e := &list[i]
		if e.Op == core.EditSet {
			resp.SetHeader(e.Name, e.Value)
		} else if apply(x, resp, &edits, e) != hostcall.OK {
			resp.RemoveHeader(e.Name)
		}
	}
}

// apply carries out one edit. EditSet is what most are: those who call it carry
// that out themselves, which costs less.
func apply[M message](x *exchange, m M, edits *core.Edits, e *core.Edit) hostcall.Status {
	switch e.Op {
	case core.EditRemove:
		return gone(m.RemoveHeader(e.Name))
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
	after := view(edits.AppendValues(x.buf.Free()[:0], e, before))
	switch after {
	case before:
		return hostcall.OK
	case "":
		return gone(m.RemoveHeader(e.Name))
	}
	return m.SetHeaderValues(e.Name, after)
}

// removeNamed removes the fields that the values of Connection name. A name
// that the host does not take is that of no field.
func removeNamed[M message](m M, values string) {
	for values != "" {
		var value, name string
		value, values = header.Next(values)
		for name, value = core.NamedByConnection(value); name != ""; name, value = core.NamedByConnection(value) {
			m.RemoveHeader(name)
		}
	}
}

// gone reads the status of a removal. What was not there, since Connection
// named it say, is gone.
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

// address returns the reader's address as text, "" where the host has none.
func (x *exchange) address() string {
	n, st := x.req.ClientIP(&x.octets)
	if st != hostcall.OK || n != 4 && n != 16 {
		return ""
	}
	text := appendAddr(x.buf.Free()[:0], x.octets[:n])
	x.buf.Use(min(len(text), len(x.buf.Free()))) // where it did not fit it is elsewhere
	return view(text)
}

// appendAddr appends an address of 4 or 16 bytes in the usual form.
func appendAddr(dst, octets []byte) []byte {
	if len(octets) != 4 {
		addr, _ := netip.AddrFromSlice(octets)
		return addr.Unmap().AppendTo(dst)
	}
	return appendIPv4(dst, [4]byte(octets))
}

// appendIPv4 appends an address in dotted form. Counted: 700 instructions with
// its caller; netip takes 780 and strconv 1,400.
func appendIPv4(dst []byte, octets [4]byte) []byte {
	var text [16]byte
	at := 0
	for _, octet := range octets {
		n := uint32(octet)
		if n >= 100 {
			text[at&15] = byte('0' + n/100)
			at++
		}
		if n >= 10 {
			text[at&15] = byte('0' + n/10%10)
			at++
		}
		text[at&15], text[(at+1)&15] = byte('0'+n%10), '.'
		at += 2
	}
	return append(dst, text[:at-1]...) // without the last dot; 15 bytes at most
}
