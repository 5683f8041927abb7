package core

import (
	"bytes"
	"strings"
)

var mandrillShapes = []shape{
	{"/track/click/", under, KindClick, readMandrill},
	{"/track/open.php", whole, KindOpen, readOpaque},
	{"/track/unsub.php", whole, KindUnsubscribe, readOpaque},
}

// readMandrill reads what follows /track/click/:
//
//	<user id>/<host>?p=<base64url of a JSON object>
//
// The object's member p is a string that is a JSON object again; its member url
// is the destination. The host in the path is the destination's.
func readMandrill(rest string, n *notes) (string, bool) {
	p, query, _ := strings.Cut(rest, "?")
	_, host, _ := strings.Cut(p, "/")
	value, ok := params(query).only("p")
	if !ok {
		return n.doubt("there is not exactly one parameter p")
	}
	if strings.HasPrefix(value, "3Dey") { // no JSON object begins with "3D" in base64
		value = value[2:]
		n.repair(`"=" came as "=3D"`)
	}
	var buf [maxPayload]byte
	text, rest, wrapped, ok := unbase64(buf[:], value)
	what, clean := residue(rest)
	if !ok || !clean {
		return n.doubt("p is not base64url")
	}
	if wrapped {
		n.repair("white space inside the payload")
	}
	n.repair(what)
	inner, ok := stringMember(text, "p", nil)
	if !ok {
		return n.doubt("p is not a JSON object with one p")
	}
	url, ok := stringMember(inner, "url", n)
	if !ok {
		return n.doubt("p is not a JSON object with one url inside")
	}
	if !strings.EqualFold(host, string(hostOf(url))) {
		return n.doubt("the host in the path is not the destination's")
	}
	if strings.Count(query, "&") > 0 {
		n.repair("parameters added behind the link")
	}
	return n.certain(string(url))
}

// hostOf returns the host of an http or https URL as it stands there; nil where
// it is none.
func hostOf(url []byte) []byte {
	_, rest, ok := bytes.Cut(url, []byte("://"))
	if !ok {
		return nil
	}
	if end := bytes.IndexAny(rest, "/?#:"); end >= 0 {
		rest = rest[:end]
	}
	return rest
}
