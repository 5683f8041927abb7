package esp

import (
	"bytes"
	"strings"

	"github.com/clickedge/clickedge/core/base64url"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/word"
)

// Flags follow the version: s for an https destination, m and t for how the
// link was tagged.
func postmarkShape(i int) shape {
	switch i {
	case 0:
		return shape{"/2", marked, KindClick, asPostmark}
	case 1:
		return shape{"/3", marked, KindClick, asPostmark}
	case 2:
		return shape{"/open", under, KindOpen, asOpaque}
	}
	return shape{}
}

// readPostmark reads what follows the version:
//
//	<flags>/<URL without scheme, percent-encoded>/<server>/…
//
// Two forms of the rest are known, of three and of six segments. The slash
// before the rest shows that the URL is whole, unless a gateway has decoded the
// link: then what looks like the rest may be a part of the URL's path.
func readPostmark(rest string, n *Notes) (string, Grade) {
	rest, _, asked := strings.Cut(rest, "?")
	flags, rest, _ := strings.Cut(rest, "/")
	url, tail, ended := strings.Cut(rest, "/")
	switch {
	case !ended || url == "":
		return n.doubt("the link ends inside its destination")
	case !hasBothCases(tail[:segmentsEnd(tail)]):
		// A change of case would not show in the URL.
		return n.doubt("the fields after the destination lost their letter case")
	case strings.Contains(url, "=3D"):
		return n.doubt(`"=3D" may be quoted-printable`)
	case !isEscaped(url):
		return n.doubt("the destination has bytes that are escaped in such a link: it was decoded on its way")
	}
	g, ok := gradePostmark(url, tail, asked)
	if !ok {
		return n.doubt("the destination may have been decoded on its way, or a slash lost")
	}
	n.field("flags", flags, false)
	n.field("tail", tail, true)
	if asked {
		n.repair("parameters added after the link")
	}
	return decodePostmark(url, strings.Contains(flags, "s"), n, g)
}

// isEscaped reports whether a text has only bytes that a percent-encoded value
// may have.
func isEscaped(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isComponent(s[i]) {
			return false
		}
	}
	return true
}

// segmentsEnd returns the length of the base64url segments at the start of s,
// slashes included.
func segmentsEnd(s string) int {
	i := 0
	for i < len(s) && (s[i] == '/' || base64url.Value(s[i]) != base64url.Invalid) {
		i++
	}
	return i
}

// gradePostmark grades a link by what follows its destination. A bare host may
// have been followed by a path whose "%2F" was decoded to "/". Such a path can
// look like the three-segment form if its "?" or "#" cut off the rest.
func gradePostmark(url, tail string, asked bool) (g Grade, ok bool) {
	bare := isBareAuthority(url)
	switch form := postmarkTailOf(tail); {
	case bare && (form == tailSix && strings.IndexByte(tail, '/') <= postmarkServerMost || form == tailThree && !asked && looksRandom(tail)):
		return Likely, true
	case bare, form == tailOdd:
		return Unread, false
	case form == tailCut:
		return Likely, true
	}
	return Certain, true
}

// isBareAuthority reports whether an encoded URL without its scheme is only a
// host, or a host and a port.
func isBareAuthority(url string) bool {
	at := strings.IndexByte(url, '%')
	if at < 0 {
		return true
	}
	return len(url)-at > 3 && strings.EqualFold(url[at:at+3], "%3A") && word.IsDigits(url[at+3:])
}

// decodePostmark decodes a URL and adds its scheme. It decodes twice if the
// host would otherwise end in an escape; see [decodeWeb].
func decodePostmark(s string, tls bool, n *Notes, g Grade) (string, Grade) {
	lead := onceEncoded
	if i := strings.IndexByte(s, '%'); i >= 0 && strings.HasPrefix(s[i:], "%25") && destination.HostEnd(s) == i {
		if !isTwice(s) || isBareAuthority(strings.ReplaceAll(s, "%25", "%")) {
			return n.doubt("percent-encoded twice in part, or followed by a path that was decoded")
		}
		lead, g = twiceEncoded, Likely
		n.repair("percent-encoded twice")
	}
	scheme := "http://"
	if tls {
		scheme = "https://"
	}
	var buf [len("https://") + contract.MaxTarget]byte
	url, ok := unpercent(append(buf[:0], scheme...), s, lead)
	switch {
	case !ok:
		return n.doubt("an escape is cut or broken")
	case bytes.IndexByte(url, ' ') >= 0:
		return n.doubt(`the destination has a space: a line break inside the link leaves one, and so does a "+" that was decoded twice`)
	case !tls:
		g = min(g, Likely) // the flag that says https may be lost
	}
	text := string(url)
	return n.read(text, cleartext(text, g))
}

// postmarkTail is the form of what follows a destination.
type postmarkTail uint8

const (
	tailOdd    postmarkTail = iota // none of the others
	tailCut                        // the next, with less than a signature
	tailThree                      // <server>/<link>/<signature>
	tailSixCut                     // the next, cut behind its third segment
	tailSix                        // <server>/<link>/AQ/<UUID>/<number>/<signature>
)

// postmarkTailOf returns the form of what follows a destination. A segment in
// the wrong place shows that the slash before the first segment is lost, and
// with it the end of the destination.
func postmarkTailOf(s string) postmarkTail {
	var segments [6]string
	n := 0
	for more := true; more; n++ {
		if n == len(segments) {
			return tailOdd
		}
		segments[n], s, more = strings.Cut(s, "/")
	}
	last := segments[n-1]
	end := base64url.Digits(last)
	if _, clean := residue(last[end:]); !clean {
		return tailOdd
	}
	if segments[n-1] = last[:end]; end == 0 {
		n--
	}
	for i, segment := range segments[:n] {
		if segment == "" || base64url.Digits(segment) != len(segment) || segment == "AQ" && i != 2 || isUUID(segment) && i != 3 {
			return tailOdd
		}
	}
	switch {
	case n < 3, len(segments[1]) >= postmarkSignature:
		return tailOdd // cut, or a slash is lost
	case n == 3 && len(segments[2]) < postmarkSignature:
		return tailCut
	case n == 3:
		return tailThree
	case n == 4 && segments[2] != "AQ" || n > 4 && !isUUID(segments[3]):
		return tailOdd
	case n == 6:
		return tailSix
	}
	return tailSixCut
}

// postmarkSignature is the length of the shortest signature seen.
const postmarkSignature = 10

// The lengths of the shortest and the longest first segment seen.
const postmarkServerLeast, postmarkServerMost = 6, 8

// isUUID checks the length and the first hyphen only.
func isUUID(s string) bool { return len(s) == 36 && s[8] == '-' }

// looksRandom reports whether the first segment and one more do not look like
// words: they have an upper-case letter after a lower-case one, or a digit
// between letters. Nearly all segments that Postmark writes do.
func looksRandom(tail string) bool {
	first, rest, _ := strings.Cut(tail, "/")
	if len(first) < postmarkServerLeast || len(first) > postmarkServerMost || !isMixed(first) {
		return false // a part of a path, or its end, whose slash is lost
	}
	for segment := range strings.SplitSeq(rest, "/") {
		if isMixed(segment) {
			return true
		}
	}
	return false
}

// isMixed reports whether a segment has letters and digits as no word does.
func isMixed(segment string) bool {
	for i := 1; i < len(segment); i++ {
		before, c := segment[i-1], segment[i]
		inside := i+1 < len(segment) && destination.IsLetter(before) && destination.IsLetter(segment[i+1])
		if c >= 'A' && c <= 'Z' && before >= 'a' && before <= 'z' || inside && c >= '0' && c <= '9' {
			return true
		}
	}
	return false
}
