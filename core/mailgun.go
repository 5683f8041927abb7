package core

import (
	"bytes"
	"strings"
)

var mailgunShapes = []shape{
	{"/c/", under, KindClick, readMailgun},
	{"/o/", under, KindOpen, nil},
	{"/u/", under, KindUnsubscribe, nil},
}

// maxInflated bounds what a Mailgun link may unpack to: more than any URL needs.
const maxInflated = 16 << 10

// readMailgun reads what follows /c/: base64url of a zlib stream of a query, in
// which l is the destination, percent-encoded, at times without its scheme. The
// checksum behind the stream is missing or wrong in real links, so nothing shows
// that the text is undamaged: it must stand there unbroken.
func readMailgun(rest string, n *notes) (string, bool) {
	rest, _, asked := strings.Cut(rest, "?")
	var zipped [maxPayload]byte
	data, rest, wrapped, ok := unbase64(zipped[:], rest)
	if !ok || wrapped {
		return n.doubt("the payload is not base64url, or is broken by white space")
	}
	what, ok := residue(rest)
	if !ok {
		return n.doubt("the payload is followed by something that is no part of a link")
	}
	n.repair(what)
	if asked {
		n.repair("parameters added behind the link")
	}
	var plain [maxInflated]byte
	query, end := unzip(plain[:], data)
	if end == streamBad {
		return n.doubt("the payload does not inflate")
	}
	url, ok := mailgunURL(query, end, n)
	if !ok {
		return n.doubt("the payload does not hold one whole l")
	}
	if !isBareHost(url) {
		return n.certain(string(url))
	}
	return n.certain("http://" + string(url))
}

// unzip inflates a zlib stream without looking at its checksum.
func unzip(dst, data []byte) ([]byte, streamEnd) {
	if len(data) < 2 || data[0]&0x0f != 8 || data[1]&0x20 != 0 || (int(data[0])<<8|int(data[1]))%31 != 0 {
		return nil, streamBad
	}
	return inflate(dst, data[2:])
}

// mailgunURL finds l in the query and decodes it in place. If the stream was
// cut, only an l with a parameter behind it is whole.
func mailgunURL(query []byte, end streamEnd, n *notes) (url []byte, ok bool) {
	for more := true; more; {
		var one []byte
		one, query, more = bytes.Cut(query, []byte("&"))
		name, value, _ := bytes.Cut(one, []byte("="))
		n.mailgunField(name, value)
		if string(name) != "l" {
			continue
		}
		if url != nil || !more && end == streamCut {
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
			if len(v)-i < 3 || hexDigit(v[i+1]) > 15 || hexDigit(v[i+2]) > 15 {
				return nil, false
			}
			out = append(out, hexDigit(v[i+1])<<4|hexDigit(v[i+2]))
			i += 2
		default:
			out = append(out, v[i])
		}
	}
	return out, true
}

// isBareHost tells whether a URL begins with a host instead of a scheme. A colon
// there would be a scheme's as well as a port's, so it counts as a scheme's.
func isBareHost(url []byte) bool {
	end := bytes.IndexAny(url, "/?#")
	if end < 0 {
		end = len(url)
	}
	return isHost(string(url[:end]))
}

// mailgunField notes one parameter. Those that are known to name no person are
// the domain (d), the expiry (e), the destination and the version.
func (n *notes) mailgunField(name, value []byte) {
	if n == nil {
		return
	}
	key := string(name)
	n.bytes(key, value, key != "d" && key != "e" && key != "l" && key != "v")
}
