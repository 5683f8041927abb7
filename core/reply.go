package core

import (
	"strconv"

	"github.com/clickedge/clickedge/core/jsontext"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/word"
)

// ReplyBody names an answer that clickedge gives itself, without the ESP.
type ReplyBody uint8

// The answers.
const (
	ReplyNone    ReplyBody = iota
	ReplyPixel             // a transparent GIF of one pixel
	ReplyApple             // the site's apple-app-site-association
	ReplyAndroid           // the site's assetlinks.json
	ReplyRobots            // robots.txt
	ReplyHealth            // a health probe
)

var replyNames = [...]string{"none", "pixel", "apple", "android", "robots", "health"}

// String returns the name of the answer.
func (r ReplyBody) String() string { return replyNames[r] }

// HealthPath is answered on every host, even one without a site: a probe may
// know only an address, and the answer names no site. No ESP uses the path:
// everything below /.well-known/ is registered (RFC 8615) or a vendor's.
const HealthPath = "/.well-known/clickedge"

var replyPaths = [...]struct {
	path  string
	reply ReplyBody
}{
	{"/.well-known/apple-app-site-association", ReplyApple},
	{"/apple-app-site-association", ReplyApple},
	{"/.well-known/assetlinks.json", ReplyAndroid},
	{"/robots.txt", ReplyRobots},
}

// mayBeReply reports whether a target may be one of replyPaths or HealthPath,
// by its second byte. Nearly all clicks fail this quick check.
func mayBeReply(target string) bool {
	return len(target) > 1 && (target[1] == '.' || target[1] == 'a' || target[1] == 'r')
}

// replyTo returns this site's own answer to a target; ReplyNone for none.
func replyTo(target string, site *Site) ReplyBody {
	for i := range replyPaths {
		if isPath(target, replyPaths[i].path) && site.has(replyPaths[i].reply) {
			return replyPaths[i].reply
		}
	}
	return ReplyNone
}

func isHealth(target string) bool { return isPath(target, HealthPath) }

// isPath reports whether a target has this path.
func isPath(target, path string) bool {
	return word.HasPrefix(target, path) && (len(target) == len(path) || target[len(path)] == '?')
}

// has reports whether the site has this answer; one without app_links leaves
// the app-link files to the ESP.
func (s *Site) has(r ReplyBody) bool {
	switch r {
	case ReplyApple:
		return s.AppLinks != nil && s.AppLinks.Apple != ""
	case ReplyAndroid:
		return s.AppLinks != nil && s.AppLinks.Android != ""
	}
	return true
}

// Robots is the robots.txt (RFC 9309) of every link domain. It keeps crawlers
// out: each link that they follow is counted as a click, and some links
// unsubscribe. It allows programs that fetch a link for a preview because a
// person has shared it, and /.well-known/, which Google reads for app links.
// Mail scanners do not read robots.txt.
const Robots = `# Links in e-mail. There is nothing here for an index.
User-agent: facebookexternalhit
User-agent: Facebot
User-agent: LinkedInBot
User-agent: Slackbot
User-agent: Slackbot-LinkExpanding
User-agent: Twitterbot
User-agent: WhatsApp
User-agent: TelegramBot
User-agent: Discordbot
User-agent: SkypeUriPreview
Allow: /

User-agent: *
Allow: /.well-known/
Disallow: /
`

// Pixel is the answer to an open: a transparent GIF89a of one pixel, 43 bytes.
const Pixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00" +
	"!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// content returns a reply's media type and body. The body of ReplyHealth is
// made by [AppendHealth].
func (r ReplyBody) content(site *Site) (mediaType string, body []byte) {
	switch r {
	case ReplyPixel:
		return "image/gif", []byte(Pixel)
	case ReplyApple:
		return "application/json", []byte(site.AppLinks.Apple)
	case ReplyAndroid:
		return "application/json", []byte(site.AppLinks.Android)
	case ReplyRobots:
		return "text/plain; charset=utf-8", []byte(Robots)
	}
	return "application/json", nil
}

// cached reports whether caches may keep a reply. App-link files and robots.txt
// are the same for everybody; opens and probes must reach the service each
// time.
func (r ReplyBody) cached() bool { return r == ReplyApple || r == ReplyAndroid || r == ReplyRobots }

// AppendHealth appends the answer to a health probe:
// {"status":"ok","version":"7","sites":2} and a newline, with "learned" if the
// module knows learned links from the start. version is the service's. Without
// sites the status is "no_sites".
func AppendHealth(dst []byte, version string, sites, learned int) []byte {
	status := outcome.OK
	if sites == 0 {
		status = outcome.NoSites
	}
	dst = jsontext.AppendMember(dst, `{"status":"`, string(status))
	dst = jsontext.AppendMember(dst, `,"version":"`, version)
	dst = append(dst, `,"sites":`...)
	dst = strconv.AppendInt(dst, int64(sites), 10)
	if learned > 0 {
		dst = strconv.AppendInt(append(dst, `,"learned":`...), int64(learned), 10)
	}
	return append(dst, '}', '\n')
}
