package esp

import (
	"strings"

	"github.com/clickedge/clickedge/core/base64url"
	"github.com/clickedge/clickedge/core/word"
)

// CL0 and CI0 are the paths on a custom domain, L0 and I0 those on SES's own.
func sesShape(i int) shape {
	switch i {
	case 0:
		return shape{"/CL0/", under, KindClick, asSES}
	case 1:
		return shape{"/L0/", under, KindClick, asSES}
	case 2:
		return shape{"/CI0/", under, KindOpen, asSESOpen}
	case 3:
		return shape{"/I0/", under, KindOpen, asSESOpen}
	case 4:
		return shape{"/favicon.ico", whole, KindHealth, asNothing}
	}
	return shape{}
}

// sesLink is an SES click link. It is split from the right:
//
//	<url, percent-encoded> / <number> / <message id> / <signature> = <digits>
//
// SES writes every slash of the url as %2F, "=" and ":" as they are.
type sesLink struct {
	url, number, id, signature string
	// quoted: "=" is written in quoted-printable, as "=3D", here and in the
	// url.
	quoted bool
	// cut: the signature is missing, too short, or without its digits. The url
	// is still whole.
	cut bool
	// left is what mail software added after the link; see [residue].
	left string
}

// shortSignature is the length of the shortest signature: 20 bytes in
// base64url.
const shortSignature = 27

func readSES(rest string, n *Notes) (string, Grade) {
	p, asked := rest, false
	if i := word.Index(rest, '?'); i >= 0 {
		p, asked = rest[:i], true
	}
	l, ok := splitSES(p)
	switch {
	case ok && asked:
		n.repair("parameters added after the link")
	case asked:
		// The "?" is before the signature, so it belongs to the url.
		if _, ok = splitSES(rest); ok {
			return n.doubt(sesDecoded)
		}
	}
	if !ok {
		return n.doubt("the link does not end in a message id and a signature")
	}
	n.field("number", l.number, false)
	n.messageID(l.id)
	n.field("signature", l.signature, false)
	n.repair(l.left)
	if l.cut {
		n.repair("the signature is cut")
	}
	return l.destination(n)
}

// splitSES splits a link into its parts. The message id is 60 bytes of fixed
// form, so the url before it is whole even if the signature is damaged.
func splitSES(s string) (l sesLink, ok bool) {
	head, last := cutLast(s)
	if isMessageID(last) {
		l.id, l.cut = last, true
	} else {
		head, l.id = cutLast(head)
		if !l.readSignature(last) {
			return l, false
		}
	}
	l.url, l.number = cutLast(head)
	return l, isMessageID(l.id) && l.number != "" && word.IsDigits(l.number) && l.url != ""
}

// cutLast splits at the last slash.
func cutLast(s string) (before, after string) {
	i := word.LastIndex(s, '/')
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}

const equalSigns = "=3D\x00=\x00%3D\x00%3d\x00%253D\x00%253d\x00"

// readSignature reads <base64url>=<digits> and what mail software added after
// it. A signature without "=" is accepted only if it is too short, that is,
// cut. A whole one has lost its "=" to a quoted-printable decoder, which has
// changed the url as well.
func (l *sesLink) readSignature(s string) bool {
	k := base64url.Digits(s)
	if k == len(s) {
		l.signature, l.cut = s, true
		return k < shortSignature
	}
	e := anyOf(s[k:], equalSigns)
	l.quoted = e == 3 && s[k] == '='
	end := k + e
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	var ok bool
	l.signature = s[:end]
	l.left, ok = residue(s[end:])
	// "=" and "=3" may be the start of "=3D452".
	l.cut = end-k-e < 2
	return e > 0 && ok
}

// sesDecoded is why a url with bytes that SES escapes is not read: a gateway
// has decoded it, once, twice or in part. After two decodings "%252F" is "/",
// which is another path.
const sesDecoded = "the url was percent-decoded on its way, perhaps more than once"

// destination decodes the url once, as SES does, or twice: see [decodeWeb].
func (l *sesLink) destination(n *Notes) (string, Grade) {
	if l.hasRaw() {
		if why := l.rawDoubt(); why != "" {
			return n.doubt(why)
		}
	}
	switch {
	case l.url[0] == 'H' && !hasBothCases(l.signature):
		return n.doubt("the link may have been upper-cased, and the signature that would tell is lost")
	case l.quoted:
		return l.unquoted(n)
	case l.cut:
		return l.unsigned(n)
	case len(l.signature)-word.LastIndex(l.signature, '=') > len("=439") && strings.Contains(l.url, "=3D"):
		return n.doubt(`"=3D" may be quoted-printable, and a letter of the signature's own lost`)
	}
	url, g := decodeWeb(l.url, n, Certain)
	return url, cleartext(url, g)
}

// hasRaw reports whether the url has "/", "+" or "?", which SES escapes, or a
// ";", which may end HTML's "&amp;".
//
// Plain: +1,925 instructions a click (decoded) byte by byte, +3,572 by
// strings.ContainsAny.
func (l *sesLink) hasRaw() bool {
	s, found, i := l.url, uint64(0), 0
	for ; i+8 <= len(s); i += 8 {
		found |= rawBytes(word.At(s, i))
	}
	if len(s) < 8 {
		return strings.ContainsAny(s, "+/;?")
	}
	return (found|rawBytes(word.At(s, len(s)-8)))&word.Highs != 0
}

// rawBytes sets the highest bit of some byte if one of eight is "+", "/", ";"
// or "?" (0x2b, 0x2f, 0x3b and 0x3f), and of no byte if none is.
func rawBytes(w uint64) uint64 {
	w = (w | 0x14*word.Ones) ^ '?'*word.Ones
	return (w - word.Ones) &^ w
}

// rawDoubt says why such a byte makes the url unreadable; "" if only a ";" of
// the url itself was found.
func (l *sesLink) rawDoubt() string {
	switch {
	case strings.Contains(l.url, "/"):
		return sesDecoded
	case strings.Contains(l.url, "+"):
		return `the url has a "+", which SES escapes: it may have been a space`
	case strings.Contains(l.url, "&amp;"):
		return `the link was escaped as HTML: it has "&amp;"`
	}
	return ""
}

// unquoted decodes quoted-printable, which the signature has shown. Every "="
// must be "=3D" then, or the url has been changed in some other way.
func (l *sesLink) unquoted(n *Notes) (string, Grade) {
	if strings.Count(l.url, "=") != strings.Count(l.url, "=3D") {
		return n.doubt("quoted-printable in part")
	}
	n.repair(`"=" came encoded`)
	url, g := decodeWeb(strings.ReplaceAll(l.url, "=3D", "="), n, Certain)
	if strings.Contains(l.url, "=") { // or a part of "%3D3D" was decoded
		return atMostLikely(url, g, n)
	}
	return url, cleartext(url, g)
}

// atMostLikely grades a URL that was read without the proof that a whole
// signature gives.
func atMostLikely(url string, g Grade, n *Notes) (string, Grade) {
	if g != Unread && !isRegular(url) {
		return n.doubt(`the url may have lost or gained a "="`)
	}
	return url, min(g, Likely)
}

// unsigned decodes the url of a link whose signature is cut. The "=" and digits
// of a whole signature prove that no software has decoded "=XX" as
// quoted-printable; here that proof is missing.
func (l *sesLink) unsigned(n *Notes) (string, Grade) {
	if strings.Contains(l.url, "=3D") {
		return n.doubt(`"=3D" may be quoted-printable, and the signature that would tell is lost`)
	}
	url, g := decodeWeb(l.url, n, Likely)
	return atMostLikely(url, g, n)
}

// readSESOpen records an open's message id: <message id>/<signature>=<digits>.
func readSESOpen(rest string, n *Notes) (string, Grade) {
	id, _, _ := strings.Cut(rest, "/")
	if isMessageID(id) {
		n.messageID(id)
	}
	return n.doubt("an open leads nowhere")
}

// isMessageID reports whether s is an SES message id: 16 hexadecimal digits,
// "-", a UUID, "-", 6 digits; letters in lower case.
//
// Plain: +3,515 instructions a click (decoded).
func isMessageID(s string) bool {
	const form = "xxxxxxxxxxxxxxxx-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx-dddddd"
	if len(s) != len(form) || s[16] != '-' || s[25] != '-' || s[30] != '-' || s[35] != '-' || s[40] != '-' || s[53] != '-' {
		return false
	}
	const (
		all     = uint64(word.Highs)
		fifth   = all &^ (0x80 << 32)         // a hyphen at 30
		second  = all &^ (0x80<<8 | 0x80<<48) // at 35 and 40
		decimal = all &^ 0xffff               // behind the hyphen at 53
	)
	words := hexBytes(word.At(s, 0)) & hexBytes(word.At(s, 8)) & hexBytes(word.At(s, 17)) & hexBytes(word.At(s, 41)) & hexBytes(word.At(s, 45))
	return words == all && hexBytes(word.At(s, 26)) == fifth && hexBytes(word.At(s, 34)) == second && digitBytes(word.At(s, 52))|0xffff == decimal|0xffff
}

// hexBytes sets the highest bit of each byte of w that is a hexadecimal digit
// in lower case. If a byte is 0x80 or above, some of those bits are not set.
func hexBytes(w uint64) uint64 {
	letters := ((w | word.Highs) - 'a'*word.Ones) &^ (w + (0x7f-'f')*word.Ones)
	return (letters | decimals(w)) &^ w & word.Highs
}

// digitBytes is hexBytes for decimal digits.
func digitBytes(w uint64) uint64 { return decimals(w) &^ w & word.Highs }

func decimals(w uint64) uint64 {
	return ((w | word.Highs) - '0'*word.Ones) &^ (w + (0x7f-'9')*word.Ones)
}

// messageID records a message id and the region that its first digits name.
func (n *Notes) messageID(id string) {
	if !n.taken() {
		return
	}
	n.field("message_id", id, true)
	n.region = regionOfDigits(id[:4])
}
