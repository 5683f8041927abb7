package handler

import "github.com/clickedge/clickedge/core/verdict"

// readSignals reads what the verdict needs, if the log line has a verdict.
func (x *exchange) readSignals() {
	if !x.record.Judged {
		return
	}
	s := &x.signals
	x.record.Late = x.site.Late
	s.Method, s.Secure = x.request.Method, x.secure()
	s.ReadHeaders(x.arrival.Headers)
	s.Bot = x.bot()
	s.UserAgent = joined(x.in.Header, "user-agent")
	if name := verdict.PurposeHeader(x.arrival.Headers); name != "" {
		s.Purpose = joined(x.in.Header, name)
	}
}

// bot is what Fastly's Bot Management says of the request. Of a bot that was
// detected, what the host does not say is left out. A request that the program
// has cloned is not analysed: the SDK panics when it is asked of one.
func (x *exchange) bot() (a verdict.BotAnalysis) {
	defer func() {
		if recover() != nil {
			a = verdict.BotAnalysis{}
		}
	}()
	b, _ := x.in.BotDetection()
	if b == nil || !b.Analyzed {
		return verdict.BotAnalysis{}
	}
	return verdict.BotAnalysis{Analysed: true, Detected: b.Detected, Verified: b.Verified, Category: verdict.BotCategory(max(b.Category, 0)), Name: b.Name}
}
