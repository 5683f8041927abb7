package main

import (
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// readSignals reads what the verdict needs, if the log line has a verdict. It
// must run before the request is sent, which consumes its handle.
func (x *exchange) readSignals() {
	if !x.record.Judged {
		return
	}
	s := &x.signals
	x.record.Late = x.site.Late
	s.Method, s.Secure = x.request.Method, x.secure()
	s.ReadHeaders(x.arrival.Headers)
	if x.req.Analysed() {
		s.Bot = botAnalysis(x.req.Bot(&x.buf))
	}
	if x.arrival.Headers.Has(header.UserAgent) {
		s.UserAgent = x.joined("user-agent")
	}
	if name := verdict.PurposeHeader(x.arrival.Headers); name != "" {
		s.Purpose = x.joined(name)
	}
}

func botAnalysis(b hostcall.Bot) verdict.BotAnalysis {
	return verdict.BotAnalysis{
		Analysed: true, Detected: b.Detected, Verified: b.Verified, Category: verdict.BotCategory(b.Category), Name: b.Name,
	}
}
