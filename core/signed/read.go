package signed

import (
	"strings"

	"github.com/clickedge/clickedge/core/base64url"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/word"
)

// linkParts are the fields of a link whose structure is right. All strings but
// the destination are parts of the path.
type linkParts struct {
	pixel  bool
	kid    string
	expiry int64  // 0: none
	id     string // "": none
	url    string // the destination
	signed string // the path up to its last dot
	tag    [tagBytes]byte
}

// linkBounds checks the length and the host.
func linkBounds(host, path string) outcome.Code {
	switch {
	case len(path) > contract.MaxTarget:
		return outcome.TooLong
	case !isLinkHost(host):
		return outcome.WrongHost
	}
	return outcome.OK
}

// parse checks the structure of a link: the order of the fields first, then
// each field from left to right. The destination is decoded into room, see
// [base64url.Decode].
func (t *linkParts) parse(path string, room []byte) outcome.Code {
	end := len(path) - tagText - 1
	whole := end >= 0 && path[end] == '.' && t.readTag(path[end+1:])
	if !whole { // the last dot may be another one
		end = strings.LastIndexByte(path, '.')
	}
	t.pixel = word.HasPrefix(path, PixelPrefix)
	if end < len(LinkPrefix) || !t.pixel && !word.HasPrefix(path, LinkPrefix) {
		return outcome.Malformed
	}
	t.signed = path[:end]
	code := t.readFields(t.signed[len(LinkPrefix):], room, whole) // both prefixes have four bytes
	if code == outcome.OK && !whole {
		return outcome.BadEncoding
	}
	return code
}

func (t *linkParts) readTag(text string) bool {
	_, ok := base64url.Decode(t.tag[:], text)
	return ok
}

// readFields reads "kid[.e…][.i…][.u…]". No field holds a dot, so each ends at
// the next one. The destination is decoded only if the link is whole.
func (t *linkParts) readFields(s string, room []byte, whole bool) outcome.Code {
	dot := word.Index(s, '.')
	if dot < 0 {
		return outcome.Malformed
	}
	t.kid = s[:dot]
	expiry, s, hasExpiry := cutLinkField(s[dot:], 'e')
	id, s, hasID := cutLinkField(s, 'i')
	hasDest, destOK := len(s) >= 2 && s[0] == '.' && s[1] == 'u', true
	if hasDest {
		dest := s[2:]
		if whole {
			t.url, destOK = base64url.Decode(room, dest)
		} else {
			destOK = base64url.Is(dest)
		}
		if destOK || word.Index(dest, '.') < 0 {
			s = ""
		}
	}
	t.id = id
	switch {
	case s != "", // unknown, repeated or out of order
		hasDest == t.pixel,
		t.pixel && !hasID:
		return outcome.Malformed
	case !IsKeyID(t.kid):
		return outcome.BadKeyID
	case hasExpiry && !t.readExpiry(expiry):
		return outcome.BadExpiry
	case hasID && !isLinkID(id):
		return outcome.BadID
	case !destOK:
		return outcome.BadEncoding
	}
	return outcome.OK
}

// cutLinkField cuts ".<marker><value>" off the front of s, if it is there.
func cutLinkField(s string, marker byte) (value, rest string, found bool) {
	if len(s) < 2 || s[0] != '.' || s[1] != marker {
		return "", s, false
	}
	s = s[2:]
	if i := word.Index(s, '.'); i >= 0 {
		return s[:i], s[i:], true
	}
	return s, "", true
}

// link returns the parts that parse has accepted, as a Link.
func (t *linkParts) link(host string) Link {
	return Link{Host: host, KeyID: t.kid, Expiry: t.expiry, ID: t.id, Destination: t.url, Pixel: t.pixel}
}

// IsKeyID reports whether s is 1 to 8 of a-z 0-9.
func IsKeyID(s string) bool {
	if s == "" || len(s) > maxKeyID {
		return false
	}
	for i := 0; i < len(s); i++ {
		if linkDigit(s[i]) < 0 {
			return false
		}
	}
	return true
}

// readExpiry reads 1 to 6 digits of base 36, lower case, the first not 0. Six
// digits fit 32 bits, and end in the year 6108.
func (t *linkParts) readExpiry(s string) bool {
	if s == "" || len(s) > 6 || s[0] == '0' {
		return false
	}
	for i := 0; i < len(s); i++ {
		d := linkDigit(s[i])
		if d < 0 {
			return false
		}
		t.expiry = t.expiry*36 + int64(d)
	}
	return true
}

// linkDigit is the value of a digit of base 36 in lower case, -1 for another
// byte.
func linkDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 10
	}
	return -1
}

// isLinkID reports whether s is the base64url of 1 to 64 bytes.
func isLinkID(s string) bool { return s != "" && len(s) <= maxIDText && base64url.Is(s) }
