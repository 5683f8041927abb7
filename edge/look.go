package main

import (
	"github.com/clickedge/clickedge/core"
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
// as a rule; the verdict itself waits until the reader has been answered.
func (x *exchange) look() {
	switch x.record.Kind {
	case core.KindClick, core.KindApp, core.KindOpen:
	default:
		return
	}
	h := x.headers
	x.record.Judged = true
	x.signals = core.Signals{
		Method: x.request.Method,
		Accept: h.has(hdrAccept), AcceptLanguage: h.has(hdrAcceptLanguage),
		From: h.has(hdrFrom), SignatureAgent: h.has(hdrSignatureAgent),
		FetchMetadata: h.has(hdrFetchSite | hdrFetchMode | hdrFetchDest), FetchUser: h.has(hdrFetchUser),
		Secure: x.scheme == "https",
		Bot:    botAnalysis(x.req.Bot()),
	}
	if h.has(hdrUserAgent) {
		x.signals.UserAgent = x.joined("user-agent")
	}
	for _, p := range purposes {
		if h.has(p.bit) {
			x.signals.Purpose = x.joined(p.name)
			break
		}
	}
}

func botAnalysis(b hostcall.Bot) core.BotAnalysis {
	return core.BotAnalysis{Analysed: b.Analysed, Detected: b.Detected, Verified: b.Verified, Category: core.BotCategory(b.Category), Name: b.Name}
}
