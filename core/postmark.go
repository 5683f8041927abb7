package core

import "strings"

// The flags behind the version say: s the destination is https, m and t how the
// link was tagged.
var postmarkShapes = []shape{
	{"/2", marked, KindClick, readPostmark},
	{"/3", marked, KindClick, readPostmark},
	{"/open", under, KindOpen, readOpaque},
}

// readPostmark reads what follows the version:
//
//	<flags>/<URL without scheme, percent-encoded>/<server>/…
//
// Two forms of the rest have been seen, of three and of six segments.
func readPostmark(rest string, n *notes) (string, bool) {
	rest, _, asked := strings.Cut(rest, "?")
	flags, rest, _ := strings.Cut(rest, "/")
	url, tail, ended := strings.Cut(rest, "/")
	switch {
	case !ended || url == "":
		return n.doubt("the link ends inside its destination")
	case !hasBothCases(tail):
		// Upper- and lower-casing would not show in the URL.
		return n.doubt("the fields behind the destination lost their letter case")
	case strings.Contains(url, "=3D"):
		return n.doubt(`"=3D" may be quoted-printable`)
	case strings.IndexByte(url, '%') < 0 && !isPostmarkTail(tail):
		// A bare host, or a path whose %2F became "/"?
		return n.doubt("the destination may have been decoded on its way")
	}
	n.field("flags", flags, false)
	n.field("tail", tail, true)
	if asked {
		n.repair("parameters added behind the link")
	}
	return decodePostmark(url, strings.Contains(flags, "s"), n)
}

// decodePostmark puts the scheme before a URL and decodes it: once, or twice
// where the host would otherwise end in "%2F".
func decodePostmark(s string, tls bool, n *notes) (string, bool) {
	lead := onceEncoded
	if i := strings.IndexByte(s, '%'); i >= 0 && strings.HasPrefix(s[i:], "%25") && hostEnd(s) == i {
		if !isTwice(s) {
			return n.doubt("percent-encoded twice in part")
		}
		lead = twiceEncoded
		n.repair("percent-encoded twice")
	}
	scheme := "http://"
	if tls {
		scheme = "https://"
	}
	var buf [len("https://") + MaxTarget]byte
	url, ok := unpercent(append(buf[:0], scheme...), s, lead)
	if !ok {
		return n.doubt("an escape is cut or broken")
	}
	return n.certain(string(url))
}

// isPostmarkTail tells whether s is all that stands behind a destination:
// <server>/<link>/<signature>, or
// <server>/<link>/AQ/<UUID>/<number>/<signature>, and no segment of a path.
func isPostmarkTail(s string) bool {
	segments := strings.Count(s, "/") + 1
	if segments == 6 {
		var uuid string
		for i := 0; i < 4; i++ {
			uuid, s, _ = strings.Cut(s, "/")
		}
		return len(uuid) == 36 && uuid[8] == '-'
	}
	return segments == 3
}
