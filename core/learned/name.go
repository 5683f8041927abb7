package learned

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"unsafe"

	"github.com/clickedge/clickedge/core/base64url"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/word"
)

// NameLength is the length of a name in bytes: 18 bytes in base64url.
const NameLength = 24

// Name is what a link is known by: the beginning of SHA-256 over the host, the
// family and the constant part of the link, as base64url. The zero value is no
// name. Names stand in stores, so what they are made of never changes.
type Name [NameLength]byte

// nameVersion is the first byte of what is hashed.
const nameVersion = 1

// String returns the name as text.
func (n *Name) String() string { return string(n[:]) }

// ParseName returns the name that a text is.
func ParseName(s string) (n Name, ok bool) {
	if len(s) != NameLength || !base64url.Is(s) {
		return n, false
	}
	copy(n[:], s)
	return n, true
}

// Can reports whether links of a family can be learned: whether their constant
// part names the destination. Iterable's cannot: its "_t" names a template,
// "_m" a message, and "_e" has the rest encrypted.
func Can(f esp.Family) bool { return f == esp.FamilySendGrid }

// Link is a link that has a name.
type Link struct {
	Name Name
	// message is what tells the link's message from others, as it stands in the
	// link. named: it names the message, and not the link alone.
	message string
	named   bool
}

// blockSize is that of the cipher: the constant part has whole blocks.
const blockSize = 16

// Read returns the name of a click's link, given its raw target. SendGrid has
// two forms, both also behind /uni:
//
//	/ss/c/u001.<X>/<day>/<message>/h<n>/h001.<mac>
//	/ls/click?upn=u001.<X><4 characters>_<Y>
//
// X is the constant part, in base64url in the first, and in base64 with -2B,
// -2F and -3D for + / = in the second. It has the same bytes in both. ok is
// false for any other text, and for one with anything added to it: a link that
// was changed on its way says nothing for certain.
func Read(host string, family esp.Family, target string) (l Link, ok bool) {
	if !Can(family) || len(target) > contract.MaxTarget {
		return l, false
	}
	if word.HasPrefix(target, "/uni/") {
		target = target[len("/uni"):]
	}
	var room [2 << 10]byte
	text := append(room[:0], nameVersion)
	text = append(append(text, host...), 0)
	text = append(append(text, family.String()...), 0)
	switch {
	case word.HasPrefix(target, shortPrefix):
		text, ok = l.readShort(text, target[len(shortPrefix):])
	case word.HasPrefix(target, longPrefix):
		text, ok = l.readLong(text, target[len(longPrefix):])
	}
	if !ok {
		return Link{}, false
	}
	sum := sha256.Sum256(text)
	base64url.EncodeWhole(l.Name[:], sum[:18])
	return l, true
}

const (
	shortPrefix = "/ss/c/u001."
	longPrefix  = "/ls/click?upn=u001."
)

// readShort reads <X>/<day>/<message>/h<n>/h001.<mac> and appends the bytes of
// X.
func (l *Link) readShort(dst []byte, rest string) ([]byte, bool) {
	x, rest, _ := strings.Cut(rest, "/")
	day, rest, _ := strings.Cut(rest, "/")
	message, rest, _ := strings.Cut(rest, "/")
	n, mac, _ := strings.Cut(rest, "/")
	if !isDay(day) || !isBytes(message, 16) || len(n) < 2 || n[0] != 'h' || len(n) > 6 || !word.IsDigits(n[1:]) ||
		!strings.HasPrefix(mac, "h001.") || !isBytes(mac[len("h001."):], sha256.Size) {
		return dst, false
	}
	l.message, l.named = message, true
	return appendX(dst, x)
}

// isDay reports whether s is a short number in base 36.
func isDay(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != "" && len(s) <= 6
}

// isBytes reports whether s is n bytes in canonical base64url.
func isBytes(s string, n int) bool { return len(s) == (n*8+5)/6 && base64url.Is(s) }

// readLong reads <X><4 characters>_<Y> and appends the bytes of X.
func (l *Link) readLong(dst []byte, rest string) ([]byte, bool) {
	head, y, found := strings.Cut(rest, "_")
	cut := len(head) - 4
	if !found || cut <= 0 || !isAlphanumeric(head[cut:]) {
		return dst, false
	}
	var room [2 << 10]byte
	if text, ok := unescape(room[:0], y); !ok || !isBlocks(view(text)) {
		return dst, false
	}
	text, ok := unescape(room[:0], head[:cut])
	if !ok {
		return dst, false
	}
	l.message = y
	return appendX(dst, view(text))
}

// isBlocks reports whether s is whole blocks in canonical base64url.
func isBlocks(s string) bool {
	n := len(s) * 3 / 4
	return n > 0 && n%blockSize == 0 && base64url.Is(s)
}

// view returns bytes as text, without a copy: they must not be written to while
// it is used.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func isAlphanumeric(s string) bool {
	for i := 0; i < len(s); i++ {
		if base64url.Value(s[i]) > 61 { // the two digits after that are "-" and "_"
			return false
		}
	}
	return true
}

// unescape turns padded base64 with -2B, -2F and -3D for + / = into base64url,
// which has no padding. Nothing else than padding may follow the first -3D, and
// it must be that of the text's length.
func unescape(dst []byte, s string) ([]byte, bool) {
	padding := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '-' {
			if len(s)-i < 3 {
				return dst, false
			}
			switch s[i+1 : i+3] {
			case "2B":
				c = '-'
			case "2F":
				c = '_'
			case "3D":
				padding++
			default:
				return dst, false
			}
			i += 2
			if padding > 0 {
				continue
			}
		}
		if padding > 0 || c == '_' && s[i] == '_' {
			return dst, false
		}
		dst = append(dst, c)
	}
	return dst, (len(dst)+padding)%4 == 0 && padding < 3
}

// appendX appends the bytes of the constant part, given in base64url.
func appendX(dst []byte, x string) ([]byte, bool) {
	n := len(x) * 3 / 4
	if n == 0 || n%blockSize != 0 {
		return dst, false
	}
	bytes, ok := base64url.Decode(dst[len(dst):cap(dst)], x)
	if !ok {
		return dst, false
	}
	return append(dst, bytes...), true
}

// Mark tells the message of a link from others. Its lowest bit is set if the
// link names its message.
//
// In the form /ss/c/ it does. In /ls/click nothing names it: what is behind X is
// another for each link, also of one message. Two such links may be of one
// message that leads to a destination twice, so [Next] asks for more of them if
// the destination looks personal.
type Mark uint64

// Mark returns the mark of the link's message: 63 bits of a hash, from which
// the message cannot be read.
func (l *Link) Mark() Mark {
	var room [1 << 10]byte
	sum := sha256.Sum256(append(append(room[:0], l.Name[:]...), l.message...))
	mark := Mark(binary.LittleEndian.Uint64(sum[:8])) &^ 1
	if l.named {
		mark |= 1
	}
	return mark
}

// named reports whether the link named its message.
func (m Mark) named() bool { return m&1 != 0 }
