package main

import (
	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// purposes are the headers by which a client says that nobody has opened the
// link yet, the newest first.
var purposes = [...]struct {
	bit  headerSet
	name string
}{{hdrSecPurpose, "sec-purpose"}, {hdrPurpose, "purpose"}, {hdrXPurpose, "x-purpose"}, {hdrXMoz, "x-moz"}}

// look reads what the verdict on a click, an app link or an open is made of. It
// must come before the request is sent: its handle is gone then. Two host calls
// as a rule; the verdict itself is made when the line is.
func (x *exchange) look() {
	switch x.record.Kind {
	case core.KindClick, core.KindApp, core.KindOpen:
	default:
		return
	}
	h := x.headers
	x.record.Judged = true
	s := &x.signals
	s.Method = x.request.Method
	s.Accept, s.AcceptLanguage = h.has(hdrAccept), h.has(hdrAcceptLanguage)
	s.From, s.SignatureAgent = h.has(hdrFrom), h.has(hdrSignatureAgent)
	s.FetchMetadata, s.FetchUser = h.has(hdrFetchSite|hdrFetchMode|hdrFetchDest), h.has(hdrFetchUser)
	s.Secure = x.secure()
	if x.req.Analysed() {
		s.Bot = botAnalysis(x.req.Bot(&x.buf))
	}
	if h.has(hdrUserAgent) {
		s.UserAgent = x.joined("user-agent")
	}
	if h.has(hdrSecPurpose | hdrPurpose | hdrXPurpose | hdrXMoz) {
		s.Purpose = x.purpose()
	}
}

// purpose returns the value of the newest of these headers.
func (x *exchange) purpose() string {
	for _, p := range purposes {
		if x.headers.has(p.bit) {
			return x.joined(p.name)
		}
	}
	return ""
}

func botAnalysis(b hostcall.Bot) verdict.BotAnalysis {
	return verdict.BotAnalysis{Analysed: true, Detected: b.Detected, Verified: b.Verified, Category: verdict.BotCategory(b.Category), Name: b.Name}
}
