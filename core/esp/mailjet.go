package esp

import (
	"strings"

	"github.com/clickedge/clickedge/core/word"
)

func mailjetShape(i int) shape {
	switch i {
	case 0:
		return shape{"/lnk/", under, KindClick, asMailjet}
	case 1:
		return shape{"/oo/", under, KindOpen, asOpaque}
	case 2:
		return shape{"/unsub2", under, KindUnsubscribe, asOpaque}
	}
	return shape{}
}

// readMailjet reads what follows /lnk/:
//
//	<token>/<number>/<mac>/<base64url of the URL>
//
// Nothing in the URL shows that it is whole, so white space inside it is not
// accepted. If the link was cut at a place that base64 allows, it looks like a
// whole one: only Mailjet can check the mac. So no reading is certain.
func readMailjet(rest string, n *Notes) (string, Grade) {
	rest, _, asked := strings.Cut(rest, "?")
	token, rest, _ := strings.Cut(rest, "/")
	number, rest, _ := strings.Cut(rest, "/")
	mac, text, _ := strings.Cut(rest, "/")
	if token == "" || number == "" || !word.IsDigits(number) || mac == "" || text == "" {
		return n.doubt("the link has fewer than its four fields")
	}
	n.field("token", token, true)
	n.field("number", number, false)
	n.field("mac", mac, false)
	var buf [maxPayload]byte
	url, rest, wrapped, ok := unbase64(buf[:], text)
	if !ok || wrapped {
		return n.doubt("the last field is not base64url, or is broken by white space")
	}
	what, ok := residue(rest)
	if !ok {
		return n.doubt("the last field is followed by something that is no part of a link")
	}
	n.repair(what)
	if asked {
		n.repair("parameters added after the link")
	}
	return n.likely(string(url))
}
