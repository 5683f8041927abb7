package abi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// onDown makes a host call about the client's request behind the handle in
// argument 0. A request that the guest made itself has nothing of the kind:
// error.
func onDown(call func(*frame, *Downstream)) hostCall {
	return func(f *frame) {
		row := rowAt(f, &f.s.requests, f.u32(0))
		if f.ok() && row.down == nil {
			f.fail(Error)
		}
		if f.ok() {
			call(f, row.down)
		}
	}
}

// implied turns a call that names the request into the older form that means
// the current client request.
func implied(call hostCall) hostCall {
	return func(f *frame) {
		f.a = append([]uint64{uint64(f.s.downRequest)}, f.a...)
		call(f)
	}
}

func downClientIP(f *frame, d *Downstream)      { f.putIP(1, d.ClientIP) }
func downServerIP(f *frame, d *Downstream)      { f.putIP(1, d.ServerIP) }
func downRequestID(f *frame, d *Downstream)     { f.fill(1, fmt.Appendf(nil, "%032x", d.ID)) }
func downOriginalCount(f *frame, d *Downstream) { f.put32(1, uint32(len(d.Header))) }
func downRegion(f *frame, _ *Downstream)        { f.fill(1, []byte("none")) }

func downH2Fingerprint(f *frame, d *Downstream) {
	if d.H2Fingerprint == "" {
		f.fail(None)
		return
	}
	f.fill(1, []byte(d.H2Fingerprint))
}

// absent is a value that no local host has.
func absent(f *frame, _ *Downstream) { f.fail(None) }

func downDDoS(f *frame) { f.put32(1, 0) }

// downOriginalNames are the names as the client wrote them, case and
// repetitions kept. Viceroy lowers and merges them, which its issue 682 calls a
// defect.
func downOriginalNames(f *frame, d *Downstream) {
	f.multi(1, func() []string {
		names := make([]string, len(d.Header))
		for i, field := range d.Header {
			names[i] = field.Name
		}
		return names
	})
}

// downTLS makes a host call about the client's TLS connection: none when there
// is no such connection.
func downTLS(call func(*frame, *TLS)) hostCall {
	return onDown(func(f *frame, d *Downstream) {
		if d.TLS == nil {
			f.fail(None)
			return
		}
		call(f, d.TLS)
	})
}

func tlsCipher(f *frame, t *TLS)      { f.fill(1, []byte(t.Cipher)) }
func tlsProtocol(f *frame, t *TLS)    { f.fill(1, []byte(t.Protocol)) }
func tlsClientHello(f *frame, t *TLS) { f.fill(1, t.ClientHello) }
func tlsServerName(f *frame, t *TLS)  { f.fill(1, []byte(t.ServerName)) }
func tlsJA4(f *frame, t *TLS)         { f.fill(1, []byte(t.JA4)) }

func tlsJA3(f *frame, t *TLS) {
	copy(f.view(f.u32(1), uint32(len(t.JA3))), t.JA3[:])
	f.put32(2, uint32(len(t.JA3)))
}

// keyIsValid checks the request as the guest has changed it, not as it came.
func keyIsValid(f *frame) {
	r := f.request(0)
	if !f.ok() {
		return
	}
	key, _ := r.header.Get("Fastly-Key")
	f.putBool(1, f.s.svc.FastlyKeys[key])
}

func (f *frame) putBool(i int, v bool) {
	if v {
		f.put32(i, 1)
	} else {
		f.put32(i, 0)
	}
}

// The bot calls take their answers from x-fastly-bot-* fields of the client's
// request, as Viceroy does.

func botFlag(name string) hostCall {
	return onDown(func(f *frame, d *Downstream) {
		value, _ := d.Header.Get(name)
		f.putBool(1, value == "true")
	})
}

func botVerified(f *frame, d *Downstream) {
	value := f.botText(d, "x-fastly-bot-verified")
	f.putBool(1, value == "true")
}

func botText(name string) hostCall {
	return onDown(func(f *frame, d *Downstream) { f.fill(1, []byte(f.botText(d, name))) })
}

func (f *frame) botText(d *Downstream, name string) string {
	value, ok := d.Header.Get(name)
	if !ok {
		f.fail(None)
	}
	return value
}

// botKinds are the category names in the order of their numbers.
var botKinds = strings.Fields("none suspected accessibility ai-crawler ai-fetcher content-fetcher monitoring-site-tools " +
	"online-marketing page-preview platform-integration research search-engine-crawler search-engine-optimization " +
	"security-tools headless")

func botCategoryKind(f *frame, d *Downstream) {
	value := strings.ToLower(f.botText(d, "x-fastly-bot-category"))
	if i := slices.Index(botKinds, value); i >= 0 {
		f.put32(1, uint32(i))
		return
	}
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil {
		f.fail(None)
	}
	f.put32(1, uint32(n))
}
