package esp

import (
	"bytes"
	"strings"

	"github.com/clickedge/clickedge/core/jsontext"
	"github.com/clickedge/clickedge/core/target"
)

func mandrillShape(i int) shape {
	switch i {
	case 0:
		return shape{"/track/click/", under, KindClick, asMandrill}
	case 1:
		return shape{"/track/open.php", whole, KindOpen, asOpaque}
	case 2:
		return shape{"/track/unsub.php", whole, KindUnsubscribe, asOpaque}
	}
	return shape{}
}

// readMandrill reads what follows /track/click/:
//
//	<user id>/<host>?p=<base64url of a JSON object>
//
// The object's member p is a string that holds another JSON object, whose
// member url is the destination. The host in the path is the destination's.
func readMandrill(rest string, n *Notes) (string, Grade) {
	p, query, _ := strings.Cut(rest, "?")
	_, host, _ := strings.Cut(p, "/")
	value, ok := mandrillP(query, n)
	if !ok {
		return n.doubt("there is not exactly one parameter p")
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
	inner, ok := jsontext.StringMember(text, "p")
	if !ok {
		return n.doubt("p is not a JSON object with one p")
	}
	url, ok := n.stringMember(inner, "url")
	if !ok {
		return n.doubt("p is not a JSON object with one url inside")
	}
	if !bytes.EqualFold([]byte(host), hostOf(url)) {
		return n.doubt("the host in the path is not the destination's")
	}
	if strings.Count(query, "&") > 0 {
		n.repair("parameters added after the link")
	}
	return n.certain(string(url))
}

// mandrillP returns the value of p. Its "=" may be written as "%3D", or as
// quoted-printable's "=3D". The latter is safe to recognise: no JSON object
// begins with "3D" in base64.
func mandrillP(query string, n *Notes) (string, bool) {
	for _, form := range [...]string{"p%3D", "p%3d", "p=3D"} {
		if value, ok := strings.CutPrefix(query, form); ok && strings.HasPrefix(value, "ey") {
			n.repair(`"=" came encoded`)
			value, _, _ = strings.Cut(value, "&")
			return value, !strings.Contains(query, "&p=")
		}
	}
	return target.Query(query).Only("p")
}

// hostOf returns the host of a URL as it is written; nil if there is no "://".
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
