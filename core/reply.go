package core

import (
	"strconv"

	"github.com/clickedge/clickedge/core/jsontext"
	"github.com/clickedge/clickedge/core/word"
)

// ReplyBody names an answer that is given from here.
type ReplyBody uint8

// The answers.
const (
	ReplyNone    ReplyBody = iota
	ReplyPixel             // a transparent GIF of one pixel
	ReplyApple             // the site's apple-app-site-association
	ReplyAndroid           // the site's assetlinks.json
	ReplyRobots            // robots.txt
	ReplyHealth            // that this module lives
)

var replyNames = [...]string{"none", "pixel", "apple", "android", "robots", "health"}

// String returns the name of the answer.
func (r ReplyBody) String() string { return replyNames[r] }

// HealthPath is answered on every host, also on one that is not ours: a probe
// may know an address only, and what it gets names no site. No ESP uses the
// path, and none will: everything below /.well-known/ is registered (RFC 8615)
// or a vendor's.
const HealthPath = "/.well-known/clickedge"

var ownPaths = [...]struct {
	path  string
	reply ReplyBody
}{
	{"/.well-known/apple-app-site-association", ReplyApple},
	{"/apple-app-site-association", ReplyApple},
	{"/.well-known/assetlinks.json", ReplyAndroid},
	{"/robots.txt", ReplyRobots},
}

// mayBeOurs tells whether a target may be one that is answered from here: its
// second byte is that of one. Nearly all clicks end here.
func mayBeOurs(target string) bool {
	return len(target) > 1 && (target[1] == '.' || target[1] == 'a' || target[1] == 'r')
}

// replyTo says what this site answers itself to a target; ReplyNone where it
// does not.
func replyTo(target string, site *Site) ReplyBody {
	for i := range ownPaths {
		if isPath(target, ownPaths[i].path) && site.has(ownPaths[i].reply) {
			return ownPaths[i].reply
		}
	}
	return ReplyNone
}

func isHealth(target string) bool { return isPath(target, HealthPath) }

// isPath reports whether a target has this path.
func isPath(target, path string) bool {
	return word.HasPrefix(target, path) && (len(target) == len(path) || target[len(path)] == '?')
}

// has tells whether the site has this answer.
func (s *Site) has(r ReplyBody) bool {
	switch r {
	case ReplyApple:
		return s.AppLinks != nil && s.AppLinks.Apple != ""
	case ReplyAndroid:
		return s.AppLinks != nil && s.AppLinks.Android != ""
	}
	return true
}

// Robots is the robots.txt (RFC 9309) of every link domain. Crawlers are kept
// out: each link that they follow is counted as a click, and some unsubscribe.
// Programs that fetch one link because a person has shared it may, and Google
// asks that /.well-known/ be open to it for app links. Mail scanners do not ask.
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

// content is what a reply consists of: its media type and body. The health's
// body is [AppendHealth]'s.
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

// cached reports whether a reply may be kept for a while: app-link files and
// robots.txt are the same for everybody, opens and probes are counted.
func (r ReplyBody) cached() bool { return r == ReplyApple || r == ReplyAndroid || r == ReplyRobots }

// AppendHealth appends the answer to a probe: {"status":"ok","version":"7","sites":2}
// and a newline. version is the service's; without sites the status is
// "no_sites".
func AppendHealth(dst []byte, version string, sites int) []byte {
	status := OK
	if sites == 0 {
		status = NoSites
	}
	dst = jsontext.AppendMember(dst, `{"status":"`, string(status))
	dst = jsontext.AppendMember(dst, `,"version":"`, version)
	dst = append(dst, `,"sites":`...)
	return append(strconv.AppendInt(dst, int64(sites), 10), '}', '\n')
}
