package clicklog

import (
	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/verdict"
)

// Pieces: each of the few values of a member, with the text around it. They are
// constants, and no table has their addresses: a click would pay for the page
// in which it lies. Plain, put together for each click: +553 instructions; put
// together at initialisation: two more windows of 64 KiB that a click reads.

// recordHead has [Version].
const recordHead = `{"v":1,"time":"`

func kindPiece(k esp.Kind) string {
	switch k {
	case esp.KindClick:
		return `","kind":"click","method":"`
	case esp.KindOpen:
		return `","kind":"open","method":"`
	case esp.KindUnsubscribe:
		return `","kind":"unsubscribe","method":"`
	case esp.KindApp:
		return `","kind":"app","method":"`
	case esp.KindHealth:
		return `","kind":"health","method":"`
	}
	return `","kind":"other","method":"`
}

func actionPiece(a core.Action) string {
	switch a {
	case core.Redirect:
		return `","action":"redirect","code":"`
	case core.Proxy:
		return `","action":"proxy","code":"`
	case core.Reply:
		return `","action":"reply","code":"`
	}
	return `","action":"refuse","code":"`
}

// readingPiece is "" for a link that is unread, which has no member.
func readingPiece(g esp.Grade) string {
	switch g {
	case esp.Likely:
		return `","reading":"likely`
	case esp.Certain:
		return `","reading":"certain`
	case esp.Learned:
		return `","reading":"learned`
	}
	return ""
}

func whoPiece(w verdict.Who) string {
	switch w {
	case verdict.WhoHuman:
		return `,"verdict":"human","reasons":"`
	case verdict.WhoBot:
		return `,"verdict":"bot","reasons":"`
	}
	return `,"verdict":"unknown","reasons":"`
}
