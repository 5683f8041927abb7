package cli

import (
	"fmt"

	"github.com/clickedge/clickedge/core"
)

// why says in words why core decided as it did.
func (x *explanation) why(d core.Decision, req *core.Request, own bool) string {
	switch {
	case d.Action == core.Refuse:
		return explainCode(d.Code).what
	case d.Action == core.Reply:
		return whyReply(d.Reply)
	case own:
		return "the signature is right, the link has not expired, and its destination is allowed"
	case d.Action == core.Redirect && d.Origin != nil:
		return `the site has "clicks": "redirect": the link says where it leads and the list allows it; the ESP is told once the reader has gone`
	case d.Action == core.Redirect:
		return `the site has "clicks": "redirect" and "count": false: the link says where it leads and the list allows it; the ESP is not told`
	}
	return x.whyProxied(req)
}

func whyReply(r core.ReplyBody) string {
	switch r {
	case core.ReplyPixel:
		return "the signed open pixel is answered from here"
	case core.ReplyApple, core.ReplyAndroid:
		return `the site's own file of "app_links" is served`
	case core.ReplyRobots:
		return "robots.txt is the same on every link domain: crawlers are kept out, as each link that they follow is counted"
	case core.ReplyHealth:
		return "this path tells whether the module lives"
	}
	return "answered from here: " + r.String()
}

func (x *explanation) whyProxied(req *core.Request) string {
	kind := x.reading.Kind
	switch {
	case kind == core.KindOther:
		return fmt.Sprintf("not a path that is known of %s: passed on as it is", x.site.ESP)
	case kind != core.KindClick:
		return fmt.Sprintf("the ESP answers what is a request of kind %q", kind)
	case !x.site.ClickRedirect:
		return `the site has "clicks": "proxy": the ESP counts the click and redirects`
	case req.Method != "GET":
		return "only GET is answered from the link; the ESP answers the rest"
	}
	return "the ESP answers, as the link cannot: " + x.whyUnread()
}

// whyUnread says why a destination that might stand in the link is not used.
func (x *explanation) whyUnread() string {
	if !x.reading.Certain {
		return x.reading.Doubt
	}
	return x.whyNot(x.reading.Destination, x.Link.Allowed)
}

// whyNot says why the site does not redirect to a URL.
func (x *explanation) whyNot(url string, code core.Code) string {
	if d, ok := core.ParseDestination(url); ok && !d.TLS && !x.site.AllowHTTP {
		return `the destination is http:// and the site has no "allow_http": true`
	}
	return explainCode(code).what
}

func (x *explanation) whyAfterFailure(d core.Decision, req *core.Request) string {
	switch {
	case d.Action == core.Redirect:
		return `the site has "when_esp_fails": "redirect": the link says where it leads and the list allows it`
	case d.Kind != core.KindClick && d.Kind != core.KindApp:
		return "only clicks can be answered from the link; an error of the ESP's own is passed on as it is"
	case req.Method != "GET" && req.Method != "HEAD":
		return "only GET and HEAD are answered from the link; an error of the ESP's own is passed on as it is"
	case !x.site.FailRedirect:
		return `the site has "when_esp_fails": "page"`
	}
	return "the link cannot answer: " + x.whyUnread()
}
