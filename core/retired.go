package core

import (
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
)

// decideRetired answers a link of an ESP that is asked for nothing any more: a
// click from the link itself or what was learned of it, an open with the pixel.
// An unsubscribe goes to the origin that the site names for it, and gets a page
// that says so where there is none.
func (d *Decision) decideRetired(req *Request, site *Site) {
	link := site.Origin.Family.Find(req.Target)
	d.Kind = link.Kind()
	switch d.Kind {
	case esp.KindOpen:
		d.reply(req, ReplyPixel)
	case esp.KindUnsubscribe:
		if d.Code = outcome.UnsubscribeRetired; site.Unsubscribes != nil {
			d.Action, d.Code, d.Origin, d.Why = Proxy, outcome.OK, site.Unsubscribes, WhyKind
		}
	default:
		d.Code, d.Why = outcome.Retired, WhyMethod
		if req.reads() && (d.follow(req, site, link, esp.Likely) || d.followLearned(req, site, true)) && d.Code == outcome.Retired {
			d.Code = outcome.OK // else it is recalled
		}
	}
}
