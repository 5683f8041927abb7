package core

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/word"
)

// Where signed links live on a branded host.
const (
	LinkPrefix  = "/to/" // a click
	PixelPrefix = "/px/" // an open
)

// Limits of format 1. A link that is out in mail lives for ever: they are never
// made narrower.
const (
	MinSecret = 32            // bytes of a secret, at least
	MaxExpiry = 2_176_782_335 // minutes, "zzzzzz" in base 36: a day in the year 6108
	maxKeyID  = 8             // bytes
	maxID     = 64            // bytes decoded
	maxIDText = 86            // the same in base64url
	tagBytes  = 16            // of the 32 that HMAC-SHA256 gives
	tagText   = 22            // the same in base64url
)

const signedScheme = "https://"

// Link is a signed link, in the format of spec/links.md:
//
//	https://link.example.com/to/k1.ehuk80.iMTIzNDU.uaHR0cHM6Ly93d3cuZXhhbXBsZS5jb20v.P-IG5M1G1C6x4DesyUhfSA
//	└──────────────────────────── signed ──────────────────────────────────────────┘ └──────── tag ───────┘
//	        └ host           │  │  │      │        └ destination, after "u"
//	                         │  │  │      └ id, after "i"; may be absent
//	                         │  │  └ expiry, after "e"; may be absent
//	                         │  └ key id
//	                         └ "/to/": a click
//
// A pixel has the prefix /px/, must have an id, and has no destination.
type Link struct {
	// Host is canonical: lower case, no port, at least two labels. It is signed.
	Host string
	// KeyID names the secret: 1 to 8 of a-z 0-9.
	KeyID string
	// Expiry is the Unix minute (seconds / 60) from whose first second on the
	// link is refused: 1 to MaxExpiry, or 0 for a link that never expires.
	Expiry int64
	// ID is what the click log shows, as it stands in the link: the base64url
	// of 1 to 64 bytes (see [EncodeID]), or "" for none. Everybody can read it.
	ID string
	// Destination is an absolute URL that [destination.Parse] takes; "" in a pixel.
	Destination string
	// Pixel makes it the open pixel.
	Pixel bool
}

// Keyring gives the secret of a key id. An error means that the secret cannot
// be had now or does not exist; its text must not hold the secret.
type Keyring interface {
	Secret(kid string) ([]byte, error)
}

// LinkError says why a link cannot be minted. It never holds a secret.
type LinkError struct {
	Code   Code   // what Verify would say of such a link
	Reason string // lower case, with the value that is wrong
}

// Error returns "link: code: reason".
func (e *LinkError) Error() string { return "link: " + string(e.Code) + ": " + e.Reason }

var _ error = (*LinkError)(nil)

// Mint returns the full URL of a link, "https://host/to/…". It fails with a
// [*LinkError] for whatever [Verify] would refuse for ever: a host that is not
// canonical, a field out of its range, a destination outside the grammar, a
// secret under [MinSecret] bytes, a path over [contract.MaxTarget] bytes. It has no clock
// and no site: an expiry in the past and a destination that the site does not
// list are the caller's to check ([Site.AllowsSigned]).
func Mint(l Link, secret []byte) (string, error) {
	b, err := AppendMint(nil, l, secret)
	if err != nil {
		return "", err
	}
	return string(b), nil
}

// AppendMint is [Mint] that appends to dst. With an error it returns dst as it
// came. With room in dst it allocates six times, which is HMAC's own.
func AppendMint(dst []byte, l Link, secret []byte) ([]byte, error) {
	if why := l.refusal(secret); why != nil {
		return dst, why
	}
	start := len(dst)
	dst = appendSigned(dst, &l)
	dst = appendTag(dst, start, secret)
	if len(dst)-start-len(signedScheme)-len(l.Host) > contract.MaxTarget {
		return dst[:start], &LinkError{TooLong, "its path is over " + strconv.Itoa(contract.MaxTarget) + " bytes: shorten the destination"}
	}
	return dst, nil
}

// refusal says what Verify would refuse in a link of these fields, in the order
// in which Verify would come to it.
func (l *Link) refusal(secret []byte) *LinkError {
	switch {
	case !isLinkHost(l.Host):
		return &LinkError{WrongHost, "host " + linkQuote(l.Host) + " is not a host name in lower case without port"}
	case l.Pixel && l.ID == "":
		return &LinkError{Malformed, "a pixel needs an id"}
	case l.Pixel && l.Destination != "":
		return &LinkError{Malformed, "a pixel has no destination: leave " + linkQuote(l.Destination) + " out"}
	case !isLinkKeyID(l.KeyID):
		return &LinkError{BadKeyID, "key id " + linkQuote(l.KeyID) + " is not 1 to 8 of a-z 0-9"}
	case l.Expiry < 0 || l.Expiry > MaxExpiry:
		return &LinkError{BadExpiry, "expiry " + strconv.FormatInt(l.Expiry, 10) + " is not 1 to " + strconv.Itoa(MaxExpiry) + " minutes, or 0 for none"}
	case l.ID != "" && !isLinkID(l.ID):
		return &LinkError{BadID, "id " + linkQuote(l.ID) + " is not the base64url of 1 to 64 bytes"}
	case len(secret) < MinSecret:
		return &LinkError{KeyUnavailable, "the secret of key id " + linkQuote(l.KeyID) + " is under " + strconv.Itoa(MinSecret) + " bytes"}
	case !l.Pixel && !isLinkDestination(l.Destination):
		return &LinkError{BadDestination, "destination " + linkQuote(l.Destination) + " is not an absolute URL that every browser reads the same way"}
	}
	return nil
}

// appendSigned appends the text that is signed: the link up to its last dot.
func appendSigned(dst []byte, l *Link) []byte {
	dst = append(append(dst, signedScheme...), l.Host...)
	if l.Pixel {
		dst = append(dst, PixelPrefix...)
	} else {
		dst = append(dst, LinkPrefix...)
	}
	dst = append(dst, l.KeyID...)
	if l.Expiry != 0 {
		dst = strconv.AppendInt(append(dst, ".e"...), l.Expiry, 36)
	}
	if l.ID != "" {
		dst = append(append(dst, ".i"...), l.ID...)
	}
	if !l.Pixel {
		dst = base64.RawURLEncoding.AppendEncode(append(dst, ".u"...), []byte(l.Destination))
	}
	return dst
}

// appendTag appends "." and the tag of what stands in dst from start on.
func appendTag(dst []byte, start int, secret []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write(dst[start:])
	sum := mac.Sum(nil)
	return base64.RawURLEncoding.AppendEncode(append(dst, '.'), sum[:tagBytes])
}

// Verify checks a signed link. Host is canonical, path is the raw request
// target up to its query, keys are the key ids that the site lists, ring has
// their secrets, and now is compared by the second. The first of these that
// does not hold is the code:
//
//	TooLong, WrongHost                     the path's length, the host's form
//	Malformed, BadKeyID, BadExpiry,
//	BadID, BadEncoding                     the structure, see Inspect
//	UnknownKey                             the site lists the key id
//	KeyUnavailable                         its secret can be had and has MinSecret bytes
//	BadTag                                 the tag is right, compared in constant time
//	BadDestination                         the destination has the grammar of destination.Parse
//	Expired                                now is before the expiry
//
// Whether the destination's host is allowed is the site's business and not
// checked here: see [Site.AllowsSigned].
//
// The link that is returned is signed in all that it holds: before the tag is
// known to be right it holds nothing but the host. Destination is set with OK only.
//
// A link that verifies costs one allocation, the destination. A damaged one costs
// none.
func Verify(host, path string, keys []string, ring Keyring, now time.Time) (Link, Code) {
	if code := linkBounds(host, path); code != OK {
		return Link{Host: host}, code
	}
	l, _, code := verify(host, path, keys, ring, now, nil)
	return l, code
}

// verify is Verify for a host that is known to be canonical and a path that is
// not too long. It returns the destination taken apart as well. The destination is
// decoded into room, see decodeLinkText.
func verify(host, path string, keys []string, ring Keyring, now time.Time, room []byte) (Link, destination.Destination, Code) {
	var t linkParts
	unsigned := Link{Host: host}
	if code := t.cut(path, room); code != OK {
		return unsigned, destination.Destination{}, code
	}
	if !lists(keys, t.kid) {
		return unsigned, destination.Destination{}, UnknownKey
	}
	secret, ok := linkSecret(ring, t.kid)
	if !ok {
		return unsigned, destination.Destination{}, KeyUnavailable
	}
	if sum := linkMAC(secret, host, t.signed); !sameTag(t.tag[:], sum[:]) {
		return unsigned, destination.Destination{}, BadTag
	}
	l := t.link(host)
	to, code := l.judge(now)
	if code != OK {
		l.Destination = ""
	}
	return l, to, code
}

func lists(keys []string, kid string) bool {
	for _, k := range keys {
		if word.Equal(k, kid) {
			return true
		}
	}
	return false
}

// Inspect takes a link apart without any key, for commands that explain one:
// OK means that Verify would go on to look for the key. Nothing in what is
// returned can be trusted, and its destination may hold any byte at all. With
// another code (TooLong, WrongHost, Malformed, BadKeyID, BadExpiry, BadID,
// BadEncoding) only the host is set.
func Inspect(host, path string) (Link, Code) {
	t, code := readLink(host, path)
	if code != OK {
		return Link{Host: host}, code
	}
	return t.link(host), OK
}

// linkSecret gets a secret that may be used. Why it cannot be had is dropped: a
// store's error is not ours to vouch for, and it might quote the secret.
func linkSecret(ring Keyring, kid string) ([]byte, bool) {
	if ring == nil {
		return nil, false
	}
	secret, err := ring.Secret(kid)
	return secret, err == nil && len(secret) >= MinSecret
}

// judge says what is wrong with a link that was signed as it is, and takes its
// destination apart.
func (l *Link) judge(now time.Time) (to destination.Destination, code Code) {
	ok := l.Pixel
	if !ok {
		to, ok = destination.Parse(l.Destination)
	}
	switch {
	case !ok:
		return to, BadDestination
	case l.Expiry != 0 && (now.IsZero() || now.Unix() >= l.Expiry*60): // no clock: do not fail open
		return to, Expired
	}
	return to, OK
}

// EncodeID returns the id of a link: the base64url of 1 to 64 bytes. Everybody
// who has the link can read them. It fails with a [*LinkError] of BadID.
func EncodeID(raw []byte) (string, error) {
	if len(raw) == 0 || len(raw) > maxID {
		return "", &LinkError{BadID, "an id of " + strconv.Itoa(len(raw)) + " bytes is not 1 to " + strconv.Itoa(maxID)}
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// isLinkHost tells whether a host is canonical. Another spelling of a host would
// be another text to sign, and one link has one text.
func isLinkHost(host string) bool { return destination.IsHost(host) && host == destination.Lower(host) }

func isLinkDestination(url string) bool {
	_, ok := destination.Parse(url)
	return ok
}

// linkQuote quotes a foreign value for an error, cut where it gets long.
func linkQuote(s string) string { return clean.Quote(s, 80) }
