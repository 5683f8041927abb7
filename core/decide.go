package core

import (
	"time"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/target"
	"github.com/clickedge/clickedge/core/word"
)

// Action is what is done with a request.
type Action uint8

// The actions.
const (
	Refuse   Action = iota // a page that says why
	Redirect               // 302 to Location
	Proxy                  // to Origin
	Reply                  // the body that Reply names
)

var actionNames = [...]string{"refuse", "redirect", "proxy", "reply"}

// String returns the name that the click log uses.
func (a Action) String() string { return actionNames[a] }

// Decision is what one request gets. The zero value refuses.
type Decision struct {
	Action Action
	Code   Code
	Kind   esp.Kind
	// Location is where a redirect leads. It has passed the grammar and the
	// site's list.
	Location string
	// Host is the host of Location, in lower case.
	Host string
	// Reading says how sure Location is where an ESP's link was read for it; Unread
	// where none was.
	Reading esp.Grade
	// Why says more of a proxied or redirected click than Code does.
	Why Why
	// Status, where not 0, stands in for that of the page of Code: it is the
	// ESP's own, and its Retry-After is kept too.
	Status int
	// Origin is where a request is proxied to, or, beside a redirect, who is
	// told of the click once the reader has gone. Nil: nobody.
	Origin *Origin
	// Reply names the body of a Reply.
	Reply ReplyBody
	// ID is the id of a signed link, as it stands in the link.
	ID string
	// KeyID names the key of a signed link whose tag is right, and Expiry is
	// its last minute, as [Link] has them.
	KeyID  string
	Expiry int64
}

// Decide says what a request on a site gets. It is pure: the same arguments give
// the same decision. A nil site is a host that is not ours.
func Decide(req *Request, site *Site, now time.Time) (d Decision) {
	d.Decide(req, site, now)
	return d
}

// Decide is the function Decide, written into d, which must be zero.
func (d *Decision) Decide(req *Request, site *Site, now time.Time) {
	ours := mayBeOurs(req.Target)
	switch {
	case ours && isHealth(req.Target):
		d.reply(req, ReplyHealth)
	case site == nil:
		d.Code = req.withoutSite()
	case len(req.Target) > contract.MaxTarget:
		d.Code = TooLong
	case req.Method == "" || req.Target == "":
		d.Code = BadRequest
	case req.Method == "CONNECT" || req.Method == "TRACE":
		d.Code = BadMethod
	case req.CDNLoop != "" && isLoop(req.CDNLoop, site.Host):
		d.Code = Loop
	case site.IsSigned(req.Target):
		d.own(req, site, now)
	default:
		d.decideOther(req, site, ours)
	}
}

func (d *Decision) decideOther(req *Request, site *Site, ours bool) {
	if ours {
		if reply := replyTo(req.Target, site); reply != ReplyNone {
			d.reply(req, reply)
			return
		}
	}
	if site.Origin == nil {
		d.Code = NotFound
		return
	}
	d.esp(req, site)
}

func (d *Decision) esp(req *Request, site *Site) {
	link := site.Origin.Family.Find(req.Target)
	d.Action, d.Code, d.Origin, d.Kind = Proxy, OK, site.Origin, link.Kind()
	switch {
	case d.Kind != esp.KindClick:
		d.Why = WhyKind
	case !site.ClickRedirect:
		d.Why = WhySetting
	case req.Method != "GET":
		d.Why = WhyMethod
	case d.follow(req, site, link, esp.Certain) && !site.Count:
		d.Origin = nil
	}
}

// follow makes a redirect of an ESP's link where its reading has
// the least grade and the site's list allows where it leads.
func (d *Decision) follow(req *Request, site *Site, link esp.Found, least esp.Grade) bool {
	req.notes = esp.Silent(req.Room)
	to, g := link.Destination(&req.notes)
	switch {
	case g == esp.Unread:
		d.Why = WhyUnread
		return false
	case g < least:
		d.Why = WhyLikely
		return false
	}
	dest, ok := destination.Parse(to)
	if !ok { // destination.ParseRead, without a copy of what is fit to be sent as a rule
		to, dest, ok = destination.ParseSpaced(to)
	}
	if !ok || site.allows(dest) != OK {
		d.Why = WhyNotAllowed
		return false
	}
	d.Action, d.Location, d.Host, d.Reading, d.Why = Redirect, to, dest.Host, g, WhyRead
	return true
}

func (d *Decision) own(req *Request, site *Site, now time.Time) {
	d.Kind = ownKind(req.Target)
	if !req.reads() {
		d.Code = BadMethod
		return
	}
	link, to, code := verify(site.Host, target.Path(req.Target), site.Keys, req.Keys, now, req.Room)
	if code == OK && !link.Pixel {
		code = site.allowsSigned(to)
	}
	d.Code, d.ID, d.KeyID, d.Expiry = code, link.ID, link.KeyID, link.Expiry
	switch {
	case code != OK:
	case link.Pixel:
		d.Action, d.Reply = Reply, ReplyPixel
	default:
		d.Action, d.Location, d.Host = Redirect, link.Destination, to.Host
	}
}

// reply answers from here what is no link of anybody's.
func (d *Decision) reply(req *Request, reply ReplyBody) {
	if reply == ReplyHealth {
		d.Kind = esp.KindHealth
	}
	if !req.reads() {
		d.Code = BadMethod
		return
	}
	d.Action, d.Code, d.Reply = Reply, OK, reply
}

// IsSigned reports whether a target has the form of a signed link of this site.
// Only sites with keys have such links: on others the ESP may use the same path.
func (s *Site) IsSigned(target string) bool { return len(s.Keys) > 0 && IsSigned(target) }

// IsSigned reports whether a target has the form of a signed link, on a site that
// has them.
func IsSigned(target string) bool {
	return word.HasPrefix(target, LinkPrefix) || word.HasPrefix(target, PixelPrefix)
}

func ownKind(target string) esp.Kind {
	if word.HasPrefix(target, PixelPrefix) {
		return esp.KindOpen
	}
	return esp.KindClick
}
