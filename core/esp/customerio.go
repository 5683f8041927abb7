package esp

import "strings"

func customerIOShape(i int) shape {
	switch i {
	case 0:
		return shape{"/e/c/", under, KindClick, asCustomerIO}
	case 1:
		return shape{"/e/o/", under, KindOpen, asCustomerIO}
	case 2:
		return shape{"/unsubscribe/", under, KindUnsubscribe, asNothing}
	case 3:
		return shape{"/health", whole, KindHealth, asNothing}
	}
	return shape{}
}

// readCustomerIO reads what follows /e/c/:
//
//	<base64url of a JSON object>[/<signature, 64 hexadecimal digits>]
//
// The destination is the member href. A valid JSON object is whole, so white
// space inside the payload, lost padding and a damaged signature do not matter.
// Without a valid object the link is unread.
func readCustomerIO(rest string, n *Notes) (string, Grade) {
	var buf [maxPayload]byte
	text, rest, wrapped, ok := unbase64(buf[:], rest)
	if !ok {
		return n.doubt("the payload is not base64url")
	}
	if wrapped {
		n.repair("white space inside the payload")
	}
	if tail, signed := strings.CutPrefix(rest, "/"); signed {
		noteSignature(tail, n)
	} else if what, ok := residue(rest); !ok {
		return n.doubt("the payload is followed by something that is no part of a link")
	} else {
		n.repair(what)
	}
	href, ok := n.stringMember(text, "href")
	if !ok {
		return n.doubt("the payload is not a JSON object with one href")
	}
	return n.certain(string(href))
}

// noteSignature records the signature. Only Customer.io can check it, and the
// destination does not depend on it.
func noteSignature(tail string, n *Notes) {
	if !n.taken() {
		return
	}
	i := 0
	for i < len(tail) && HexDigit(tail[i]) < 16 {
		i++
	}
	n.field("signature", tail[:i], false)
	what, ok := residue(tail[i:])
	if i != 64 || !ok {
		what = "the signature is damaged"
	}
	n.repair(what)
}
