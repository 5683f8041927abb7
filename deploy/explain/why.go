package explain

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/codes"
)

// why says in words why core decided as it did.
func (x *Explanation) why(d core.Decision, own bool) string {
	switch {
	case !own && x.site.IsRetired(x.now) && isByRetirement(d):
		return x.whyRetired(d)
	case d.Action == core.Refuse:
		return codes.Explain(d.Code).What
	case d.Action == core.Reply:
		return cmp.Or(whyReply[d.Reply], "answered from here: "+d.Reply.String())
	case own:
		return "the signature is right, the link has not expired, and its destination is allowed"
	case d.Action == core.Redirect && d.Why == core.WhyLearned:
		return `the site has "clicks": "redirect": it was learned where others were led from this link, and the list allows it`
	case d.Action == core.Redirect && d.Origin != nil:
		return `the site has "clicks": "redirect": the link says for certain where it leads and the list allows it; the ESP is told once the reader has gone`
	case d.Action == core.Redirect:
		return `the site has "clicks": "redirect" and "count": false: the link says for certain where it leads and the list allows it; the ESP is not told`
	}
	return x.whyProxied(d)
}

// isByRetirement reports whether a decision of a retired ESP comes from that.
func isByRetirement(d core.Decision) bool {
	switch d.Action {
	case core.Refuse:
		return d.Code == outcome.Retired || d.Code == outcome.UnsubscribeRetired
	case core.Reply:
		return d.Reply == core.ReplyPixel
	}
	return true
}

// whyRetired says why core decided as it did for a link of a retired ESP.
func (x *Explanation) whyRetired(d core.Decision) string {
	is := fmt.Sprintf("%s is retired and asked for nothing", x.site.ESP)
	switch {
	case d.Action == core.Redirect && d.Why == core.WhyLearned:
		return is + ": it was learned where others were led from this link, and the list allows it"
	case d.Action == core.Redirect:
		text := "the link says where it leads and the list allows it"
		if d.Reading == esp.Likely {
			text = "the list allows where the link leads; " + likelyText + ", which is enough where nobody can be asked"
		}
		return is + ": " + text
	case d.Action == core.Reply:
		return is + ": an open gets the pixel from here, and nobody counts it"
	case d.Action == core.Proxy:
		return is + `: an unsubscribe goes to the origin in "unsubscribes", GET and POST alike, with target and body as they came`
	case d.Code == outcome.UnsubscribeRetired:
		return is + `, and the site has no "unsubscribes": the reader is told that nothing was done`
	case !d.Kind.Leads():
		return is + fmt.Sprintf(": nobody else can answer what is a request of kind %q", d.Kind)
	case d.Why == core.WhyMethod:
		return is + ": only GET and HEAD are answered from the link"
	}
	return is + ", and the link cannot answer: " + x.whyUnread(d.Why)
}

// whyRecalled names the rule that meets where a link leads.
func (x *Explanation) whyRecalled(d core.Decision) string {
	text := fmt.Sprintf("the site's recalls[%d] meets where the link leads", d.Rule)
	switch {
	case d.Action == core.Proxy:
		text += ": the reader gets the ESP's answer with another Location"
	case d.Action == core.Redirect:
		text += ": the reader is sent to another page"
	default:
		text += ": the link was withdrawn"
	}
	if d.Action != core.Proxy && d.Origin != nil && x.site.ClickRedirect && x.site.Count {
		text += "; the ESP is told once the reader has gone"
	}
	return text
}

var whyReply = map[core.ReplyBody]string{
	core.ReplyPixel:   "the signed open pixel is answered from here",
	core.ReplyApple:   `the site's own file of "app_links" is served`,
	core.ReplyAndroid: `the site's own file of "app_links" is served`,
	core.ReplyRobots:  "robots.txt is the same on every link domain: crawlers are kept out, as each link that they follow is counted",
	core.ReplyHealth:  "this path shows whether the module is running",
}

func (x *Explanation) whyProxied(d core.Decision) string {
	switch d.Why {
	case core.WhyKind:
		if d.Kind == esp.KindOther {
			return fmt.Sprintf("not a path that is known of %s: passed on as it is", x.site.ESP)
		}
		return fmt.Sprintf("the ESP answers what is a request of kind %q", d.Kind)
	case core.WhySetting:
		return `the site has "clicks": "proxy": the ESP counts the click and redirects`
	case core.WhyMethod:
		return "only GET is answered from the link; the ESP answers the rest"
	}
	return "the ESP answers, as the link cannot: " + x.whyUnread(d.Why)
}

// whyUnread says why a destination that might stand in the link is not used.
func (x *Explanation) whyUnread(why core.Why) string {
	switch {
	case why == core.WhyUnread:
		return x.reading.Doubt
	case why == core.WhyNotLearned:
		return x.reading.Doubt + ", and as far as is known here, where others were led has not been learned"
	case x.Link.Allowed != outcome.OK:
		return x.whyNot(x.reading.Destination, x.Link.Allowed)
	}
	return likelyText + ", so it is followed only when the ESP fails"
}

// likelyText says what a reading that is likely is.
const likelyText = "where it leads is likely and not certain: some damage would not show"

// whyNot says why the site does not redirect to a URL.
func (x *Explanation) whyNot(url string, code outcome.Code) string {
	to, ok := destination.Sendable(url)
	switch d, _ := destination.Parse(to); {
	case !ok:
		return oddDestination(url)
	case !d.TLS && !x.site.AllowHTTP:
		return `the destination is http:// and the site has no "allow_http": true`
	}
	return codes.Explain(code).What
}

// oddDestination says what is wrong with a URL that core does not send anybody
// to.
func oddDestination(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	host, tail := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		host, tail = rest[:end], rest[end:]
	}
	name, port, hasPort := strings.Cut(host, ":")
	switch {
	case strings.Contains(host, "@"):
		return "the destination has a user name before its host"
	case strings.Contains(url, `\`):
		return `the destination has a backslash, which browsers read as a slash`
	case strings.ContainsFunc(url, func(r rune) bool { return r > 0x7e }):
		return "the destination has bytes outside ASCII, which browsers do not all escape alike"
	case hasPort && destination.IsHost(name):
		return "the destination has the port " + strconv.Quote(port) + ", and only a scheme's own is taken"
	case !destination.IsHost(name):
		return "the destination's host " + strconv.Quote(clean.Cut(host, 80)) + " is no name that every browser reads the same way"
	case strings.HasSuffix(tail, " "):
		return "the destination ends in a space, which some browsers drop"
	}
	return codes.Explain(outcome.BadDestination).What
}

func (x *Explanation) whyAfterFailure(d core.Decision) string {
	switch d.Why {
	case core.WhyLearned:
		return `the site has "when_esp_fails": "redirect": it was learned where others were led from this link, and the list allows it`
	case core.WhyRead:
		if d.Reading == esp.Likely {
			return `the site has "when_esp_fails": "redirect": the list allows where the link leads; ` + likelyText
		}
		return `the site has "when_esp_fails": "redirect": the link says where it leads and the list allows it`
	case core.WhyKind:
		if x.site.IsRetired(x.now) {
			return `an unsubscribe is never answered from here; an error of that server's own is passed on as it is`
		}
		return "only clicks can be answered from the link; an error of the ESP's own is passed on as it is"
	case core.WhyMethod:
		return "only GET and HEAD are answered from the link; an error of the ESP's own is passed on as it is"
	case core.WhySetting:
		return `the site has "when_esp_fails": "page"`
	}
	return "the link cannot answer: " + x.whyUnread(d.Why)
}
