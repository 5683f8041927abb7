package core

import (
	"strings"
	"time"
)

// MaxTarget is the longest request target that is looked at, in bytes: the
// platform's own limit for a URL.
const MaxTarget = 8192

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
	Kind   Kind
	// Location is where a redirect leads. It has passed the grammar and the
	// site's list.
	Location string
	// Host is the host of Location, in lower case.
	Host string
	// Origin is where a request is proxied to, or, beside a redirect, who is
	// told of the click once the reader has gone. Nil: nobody.
	Origin *Origin
	// Reply names the body of a Reply.
	Reply ReplyBody
	// ID is the id of a link of one's own, as it stands in the link.
	ID string
	// KeyID names the key of a link of one's own whose tag is right, and Expiry is
	// its last minute, as [Link] has them.
	KeyID  string
	Expiry int64
}

// Decide says what a request on a site gets. It is pure: the same arguments give
// the same decision. A nil site is a host that is not ours.
func Decide(req *Request, site *Site, now time.Time) Decision {
	switch {
	case isHealth(req.Target):
		return decideReply(req, ReplyHealth)
	case site == nil:
		return refuse(WrongHost)
	case len(req.Target) > MaxTarget:
		return refuse(TooLong)
	case req.Method == "" || req.Target == "":
		return refuse(BadRequest)
	case req.Method == "CONNECT" || req.Method == "TRACE":
		return refuse(BadMethod)
	case isLoop(req.CDNLoop, site.Host):
		return refuse(Loop)
	case len(site.Keys) > 0 && isOwn(req.Target):
		return decideOwn(req, site, now)
	}
	if reply := replyTo(req.Target, site); reply != ReplyNone {
		return decideReply(req, reply)
	}
	if site.Origin == nil {
		return refuse(NotFound)
	}
	return decideESP(req, site)
}

// AfterFailure says what the reader of a proxied request gets when the ESP gave
// no answer that helps: a redirect from the link itself where the site wants it,
// the link can be read and the list allows it, and a page otherwise.
func AfterFailure(req *Request, site *Site, why Code) Decision {
	d := Decision{Action: Refuse, Code: why, Kind: site.Origin.Family.Kind(req.Target), Origin: site.Origin}
	safe := req.Method == "GET" || req.Method == "HEAD"
	if !safe || !site.FailRedirect || (d.Kind != KindClick && d.Kind != KindApp) {
		return d
	}
	if to, host, ok := readAllowed(req, site); ok {
		d.Action, d.Location, d.Host = Redirect, to, host
	}
	return d
}

func decideESP(req *Request, site *Site) Decision {
	d := Decision{Action: Proxy, Code: OK, Origin: site.Origin, Kind: site.Origin.Family.Kind(req.Target)}
	if !site.ClickRedirect || d.Kind != KindClick || req.Method != "GET" {
		return d
	}
	if to, host, ok := readAllowed(req, site); ok {
		d.Action, d.Location, d.Host = Redirect, to, host
		if !site.Count {
			d.Origin = nil
		}
	}
	return d
}

// readAllowed returns the destination of an ESP's link, and its host, where it can
// be read, is certain, and the site's list allows it.
func readAllowed(req *Request, site *Site) (to, host string, ok bool) {
	to, ok = site.Origin.Family.Destination(req.Target)
	if !ok {
		return "", "", false
	}
	d, ok := ParseDestination(to)
	if !ok || site.allows(d) != OK {
		return "", "", false
	}
	return to, d.Host, true
}

func decideOwn(req *Request, site *Site, now time.Time) Decision {
	d := Decision{Action: Refuse, Kind: ownKind(req.Target)}
	if req.Method != "GET" && req.Method != "HEAD" {
		d.Code = BadMethod
		return d
	}
	link, to, code := verify(site.Host, path(req.Target), site.Keys, req.Keys, now)
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
	return d
}

// decideReply answers from here what is no link of anybody's.
func decideReply(req *Request, reply ReplyBody) Decision {
	d := Decision{Action: Reply, Code: OK, Reply: reply}
	if reply == ReplyHealth {
		d.Kind = KindHealth
	}
	if req.Method != "GET" && req.Method != "HEAD" {
		d.Action, d.Code, d.Reply = Refuse, BadMethod, ReplyNone
	}
	return d
}

// isOwn tells whether a target has the form of a link of one's own. Only sites
// with keys have such links: on others the ESP may use the same path.
func isOwn(target string) bool {
	return strings.HasPrefix(target, LinkPrefix) || strings.HasPrefix(target, PixelPrefix)
}

func ownKind(target string) Kind {
	if strings.HasPrefix(target, PixelPrefix) {
		return KindOpen
	}
	return KindClick
}

func refuse(why Code) Decision { return Decision{Action: Refuse, Code: why} }
