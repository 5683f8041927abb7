package core

import (
	"time"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
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
	Code   outcome.Code
	Kind   esp.Kind
	// Location is the URL of a redirect, or that of an ESP's answer that was
	// recalled. It has been checked against the grammar and the site's list.
	Location string
	// Host is the host of Location, in lower case.
	Host string
	// Reading is the grade of an ESP's link from which Location was read, or
	// esp.Learned; Unread for any other.
	Reading esp.Grade
	// Recalled is the URL to which the link leads, or the ESP's answer, if a
	// rule of the site's recalls applies; "" for none. Rule is its index.
	Recalled string
	Rule     int
	// Why is the reason, beside Code, why a click was proxied or redirected.
	Why Why
	// Status, if not 0, is the ESP's own status. The page has it in place of
	// that of Code, and the ESP's Retry-After with it.
	Status int
	// Origin is where a request is proxied to. Beside a redirect it is the
	// origin to which the click is also sent, after the reader has been
	// answered, so that the ESP counts it. Nil: none.
	Origin *Origin
	// Reply names the body of a Reply.
	Reply ReplyBody
	// ID is the id of a signed link, as it stands in the link.
	ID string
	// KeyID and Expiry are those of a signed link whose tag is right, as in
	// [signed.Link].
	KeyID  string
	Expiry int64
}

// Decide decides what a request on a site gets. It is pure: the same arguments
// give the same decision. A nil site means that no site has the request's host.
func Decide(req *Request, site *Site, now time.Time) (d Decision) {
	var secrets signed.Secrets
	if req.Keys != nil {
		secrets = req.Keys.Secret
	}
	d.Decide(req, site.For(req.Target), now, secrets)
	return d
}

// Decide is the function [Decide], which writes to d, for a site as [Site.For]
// gives it, with secrets in place of req.Keys. d must be zero.
func (d *Decision) Decide(req *Request, site *Site, now time.Time, secrets signed.Secrets) {
	mayReply := mayBeReply(req.Target)
	switch {
	case mayReply && isHealth(req.Target):
		d.reply(req, ReplyHealth)
	case site == nil:
		d.Code = req.withoutSite()
	case len(req.Target) > contract.MaxTarget:
		d.Code = outcome.TooLong
	case req.Method == "" || req.Target == "":
		d.Code = outcome.BadRequest
	case req.Method == "CONNECT" || req.Method == "TRACE":
		d.Code = outcome.BadMethod
	case req.CDNLoop != "" && isLoop(req.CDNLoop, site.Host):
		d.Code = outcome.Loop
	case site.IsSigned(req.Target):
		d.decideSigned(req, site, now, secrets)
	case mayReply && replyTo(req.Target, site) != ReplyNone:
		d.reply(req, replyTo(req.Target, site))
	case site.Origin == nil:
		d.Code = outcome.NotFound
	case site.Retired != 0 && site.IsRetired(now):
		d.decideRetired(req, site)
	default:
		d.decideESP(req, site)
	}
}

func (d *Decision) decideESP(req *Request, site *Site) {
	link := site.Origin.Family.Find(req.Target)
	d.Action, d.Code, d.Origin, d.Kind = Proxy, outcome.OK, site.Origin, link.Kind()
	switch {
	case d.Kind != esp.KindClick:
		d.Why = WhyKind
	case !site.ClickRedirect:
		d.Why = WhySetting
	case req.Method != "GET":
		d.Why = WhyMethod
	case (d.follow(req, site, link, esp.Certain) || d.followLearned(req, site, false)) && !site.Count:
		d.Origin = nil
	}
}

// follow answers a click from an ESP's link, if it can be read with at least
// this grade, and the site's list allows its destination or a rule recalls it.
// A rule may recall a URL that the grammar refuses: its slip may be that very
// port or host.
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
	if !ok { // as destination.ParseRead does, without a copy in the usual case
		to, dest, ok = destination.ParseSpaced(to)
	}
	switch {
	case site.Recalls != "" && d.recall(site, to):
	case !ok || site.allowsParsed(dest) != outcome.OK:
		d.Why = WhyNotAllowed
		return false
	default:
		d.Action, d.Location, d.Host = Redirect, to, dest.Host
	}
	d.Reading, d.Why = g, WhyRead
	return true
}

func (d *Decision) decideSigned(req *Request, site *Site, now time.Time, secrets signed.Secrets) {
	d.Kind = signedKind(req.Target)
	if !req.reads() {
		d.Code = outcome.BadMethod
		return
	}
	path := target.Path(req.Target)
	link, to, code := signed.VerifyIn(site.Host, path, site.Keys, secrets, now, req.Room, req.raw(len(path)))
	d.ID, d.KeyID, d.Expiry = link.ID, link.KeyID, link.Expiry
	if code == outcome.OK && !link.Pixel {
		if site.Recalls != "" && d.recall(site, link.Destination) {
			return
		}
		code = site.allowsSignedParsed(to)
	}
	d.Code = code
	switch {
	case code != outcome.OK:
	case link.Pixel:
		d.Action, d.Reply = Reply, ReplyPixel
	default:
		d.Action, d.Location, d.Host = Redirect, link.Destination, to.Host
	}
}

// reply answers a request for one of clickedge's own files, or a health probe.
func (d *Decision) reply(req *Request, reply ReplyBody) {
	if reply == ReplyHealth {
		d.Kind = esp.KindHealth
	}
	if !req.reads() {
		d.Code = outcome.BadMethod
		return
	}
	d.Action, d.Code, d.Reply = Reply, outcome.OK, reply
}

// IsSigned reports whether a target is a signed link of this site, by its form.
// Only sites with keys have signed links: on others the ESP may use the same
// path.
func (s *Site) IsSigned(target string) bool { return len(s.Keys) > 0 && HasSignedForm(target) }

// HasSignedForm reports whether a target has the form of a signed link,
// whatever the site.
func HasSignedForm(target string) bool {
	return word.HasPrefix(target, signed.LinkPrefix) || word.HasPrefix(target, signed.PixelPrefix)
}

func signedKind(target string) esp.Kind {
	if word.HasPrefix(target, signed.PixelPrefix) {
		return esp.KindOpen
	}
	return esp.KindClick
}
