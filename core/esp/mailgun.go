package esp

import (
	"bytes"
	"hash/adler32"
	"strings"

	"github.com/clickedge/clickedge/core/destination"
)

func mailgunShape(i int) shape {
	switch i {
	case 0:
		return shape{"/c/", under, KindClick, asMailgun}
	case 1:
		return shape{"/o/", under, KindOpen, asNothing}
	case 2:
		return shape{"/u/", under, KindUnsubscribe, asNothing}
	}
	return shape{}
}

// maxInflated is the most bytes that a Mailgun link may unpack to, more than
// any URL needs.
const maxInflated = 16 << 10

// readMailgun reads what follows /c/: base64url of a zlib stream (RFC 1950) of
// a query, in which l is the destination, percent-encoded, at times without its
// scheme.
//
// If a letter was lost or changed, the stream may still inflate, to another
// text, and only the checksum shows it. With a right checksum, white space
// inside the payload does not matter. In old mail the streams have no checksum
// and end in a sync flush. No letter of these can be missing, or the flush
// would be in the wrong place, but a letter may have changed. Any other stream
// without a checksum has lost its end.
func readMailgun(rest string, n *Notes) (string, Grade) {
	rest, _, asked := strings.Cut(rest, "?")
	var zipped [maxPayload]byte
	data, rest, wrapped, ok := unbase64(zipped[:], rest)
	if !ok {
		return n.doubt("the payload is not base64url")
	}
	what, ok := residue(rest)
	if !ok {
		return n.doubt("the payload is followed by something that is no part of a link")
	}
	n.repair(what)
	if asked {
		n.repair("parameters added after the link")
	}
	var plain [maxInflated]byte
	query, end, checked := unzip(plain[:], data)
	switch {
	case end == streamBad:
		return n.doubt("the payload does not inflate, or its checksum is wrong")
	case !checked && end != streamFlush:
		return n.doubt("the payload's checksum is cut or lost, and without it a lost letter does not show")
	case wrapped && !checked:
		return n.doubt("the payload is broken by white space and has no checksum")
	case wrapped:
		n.repair("white space inside the payload")
	}
	l, ok := mailgunURL(query, checked, n)
	if !ok {
		return n.doubt("the payload does not hold one whole l")
	}
	url := string(l)
	if isBareHost(url) {
		url = "http://" + url
	}
	if !checked {
		return n.likely(url)
	}
	return n.certain(url)
}

// unzip inflates a zlib stream. It is checked if the Adler-32 of the text
// follows. If the checksum is wrong, or more bytes follow, the stream is bad.
func unzip(dst, data []byte) (plain []byte, end streamEnd, checked bool) {
	if len(data) < 2 || data[0]&0x0f != 8 || data[1]&0x20 != 0 || (int(data[0])<<8|int(data[1]))%31 != 0 {
		return nil, streamBad, false
	}
	plain, left, end := inflate(dst, data[2:])
	if end != streamWhole || len(left) < 4 {
		return plain, end, false
	}
	sum := uint32(left[0])<<24 | uint32(left[1])<<16 | uint32(left[2])<<8 | uint32(left[3])
	if len(left) > 4 || sum != adler32.Checksum(plain) {
		return nil, streamBad, false
	}
	return plain, end, true
}

// mailgunURL finds l in the query and decodes it in place. Without a checksum
// the stream may have gone on after its flush, so l is known to be whole only
// if another parameter follows it.
func mailgunURL(query []byte, checked bool, n *Notes) (url []byte, ok bool) {
	for more := true; more; {
		var one []byte
		one, query, more = bytes.Cut(query, []byte("&"))
		name, value, _ := bytes.Cut(one, []byte("="))
		n.mailgunField(name, value)
		if string(name) != "l" {
			continue
		}
		if url != nil || !more && !checked {
			return nil, false
		}
		if url, ok = unform(value); !ok || len(url) == 0 {
			return nil, false
		}
	}
	return url, url != nil
}

// unform decodes a form value in place: "+" is a space.
func unform(v []byte) ([]byte, bool) {
	out := v[:0]
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '+':
			out = append(out, ' ')
		case '%':
			if len(v)-i < 3 || HexDigit(v[i+1]) > 15 || HexDigit(v[i+2]) > 15 {
				return nil, false
			}
			out = append(out, HexDigit(v[i+1])<<4|HexDigit(v[i+2]))
			i += 2
		default:
			out = append(out, v[i])
		}
	}
	return out, true
}

// isBareHost reports whether a URL begins with a host instead of a scheme. A
// host with a port is not accepted: its colon may be that of a scheme.
func isBareHost(url string) bool {
	if end := strings.IndexAny(url, "/?#"); end >= 0 {
		url = url[:end]
	}
	return destination.IsHost(url)
}

// mailgunField records one parameter. Only the domain (d), the expiry (e) and
// the version (v) are known not to be personal.
func (n *Notes) mailgunField(name, value []byte) {
	if !n.taken() {
		return
	}
	key := string(name)
	n.bytes(key, value, key != "d" && key != "e" && key != "v")
}
