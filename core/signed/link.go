// Package signed has the signed links, in the format of core/spec/links.md:
// [Mint] makes one, [Verify] checks one, [Inspect] takes one apart without a
// key.
package signed

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/word"
)

// Where signed links live on a branded host.
const (
	LinkPrefix  = "/to/" // a click
	PixelPrefix = "/px/" // an open
)

// Limits of format 1. Links in sent mail live for ever, so the limits are never
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
	// Host is canonical: lower case, no port, at least two labels. It is
	// signed.
	Host string
	// KeyID names the secret: 1 to 8 of a-z 0-9.
	KeyID string
	// Expiry is a Unix minute (seconds / 60), 1 to MaxExpiry: the link is
	// refused from its first second on. 0 is a link that never expires.
	Expiry int64
	// ID is what the click log shows, as it stands in the link: the base64url
	// of 1 to 64 bytes (see [EncodeID]), or "" for none. Everybody can read it.
	ID string
	// Destination is an absolute URL that [destination.Parse] accepts; "" in a
	// pixel.
	Destination string
	// Pixel makes the link an open pixel.
	Pixel bool
}

// Keyring returns the secret of a key id. An error means that the secret cannot
// be read or does not exist. Its text must not hold the secret.
type Keyring interface {
	Secret(kid string) ([]byte, error)
}

// Secrets is [Keyring.Secret] as a function, which stands on the caller's stack:
// a click would pay for the page of memory that has an interface's methods.
type Secrets func(kid string) ([]byte, error)

// LinkError says why a link cannot be minted. It never holds a secret.
type LinkError struct {
	Code   outcome.Code // what Verify would say of such a link
	Reason string       // lower case, with the value that is wrong
}

// Error returns "link: code: reason".
func (e *LinkError) Error() string { return "link: " + string(e.Code) + ": " + e.Reason }

var _ error = (*LinkError)(nil)

// Mint returns the full URL of a link, "https://host/to/…". It fails with a
// [*LinkError] for every link that [Verify] would refuse at any time: a host
// that is not canonical, a field out of its range, a destination outside the
// grammar, a secret under [MinSecret] bytes, a path over [contract.MaxTarget]
// bytes. It knows neither the time nor the site. The caller checks that the
// expiry is not in the past, and that the site allows the destination
// (core.Site.AllowsSigned).
func Mint(l Link, secret []byte) (string, error) {
	b, err := AppendMint(nil, l, secret)
	if err != nil {
		return "", err
	}
	return string(b), nil
}

// AppendMint is [Mint] that appends to dst. With an error it returns dst
// unchanged. If dst has room, only HMAC allocates, six times.
func AppendMint(dst []byte, l Link, secret []byte) ([]byte, error) {
	if why := l.refusal(secret); why != nil {
		return dst, why
	}
	start := len(dst)
	dst = appendSigned(dst, &l)
	dst = appendTag(dst, start, secret)
	if len(dst)-start-len(signedScheme)-len(l.Host) > contract.MaxTarget {
		return dst[:start], &LinkError{outcome.TooLong, "its path is over " + strconv.Itoa(contract.MaxTarget) + " bytes: shorten the destination"}
	}
	return dst, nil
}

// refusal returns the error for which Verify would refuse a link of these
// fields, the one that Verify would find first.
func (l *Link) refusal(secret []byte) *LinkError {
	switch {
	case !isLinkHost(l.Host):
		return &LinkError{outcome.WrongHost, "host " + linkQuote(l.Host) + " is not a host name in lower case without port"}
	case l.Pixel && l.ID == "":
		return &LinkError{outcome.Malformed, "a pixel needs an id"}
	case l.Pixel && l.Destination != "":
		return &LinkError{outcome.Malformed, "a pixel has no destination: leave " + linkQuote(l.Destination) + " out"}
	case !IsKeyID(l.KeyID):
		return &LinkError{outcome.BadKeyID, "key id " + linkQuote(l.KeyID) + " is not 1 to 8 of a-z 0-9"}
	case l.Expiry < 0 || l.Expiry > MaxExpiry:
		return &LinkError{outcome.BadExpiry, "expiry " + strconv.FormatInt(l.Expiry, 10) + " is not 1 to " + strconv.Itoa(MaxExpiry) + " minutes, or 0 for none"}
	case l.ID != "" && !isLinkID(l.ID):
		return &LinkError{outcome.BadID, "id " + linkQuote(l.ID) + " is not the base64url of 1 to 64 bytes"}
	case len(secret) < MinSecret:
		return &LinkError{outcome.KeyUnavailable, "the secret of key id " + linkQuote(l.KeyID) + " is under " + strconv.Itoa(MinSecret) + " bytes"}
	case !l.Pixel && !isLinkDestination(l.Destination):
		return &LinkError{outcome.BadDestination, "destination " + linkQuote(l.Destination) + " is not an absolute URL that every browser reads the same way"}
	}
	return nil
}

// appendSigned appends the signed text: the link up to its last dot.
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

// appendTag appends "." and the tag of dst[start:].
func appendTag(dst []byte, start int, secret []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write(dst[start:])
	sum := mac.Sum(nil)
	return base64.RawURLEncoding.AppendEncode(append(dst, '.'), sum[:tagBytes])
}

// Verify checks a signed link. host is canonical, path is the raw request
// target up to its query, keys are the key ids that the site lists, and ring
// has their secrets. The code is that of the first check that fails:
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
// Whether the site allows the destination's host is not checked here: see
// core.Site.AllowsSigned.
//
// The returned link has only fields that are signed: until the tag has been
// checked it has nothing but the host. Destination is set with OK only.
//
// A link that verifies allocates once, for the destination. A damaged one does
// not allocate.
func Verify(host, path string, keys []string, ring Keyring, now time.Time) (Link, outcome.Code) {
	if code := linkBounds(host, path); code != outcome.OK {
		return Link{Host: host}, code
	}
	var secrets Secrets
	if ring != nil {
		secrets = ring.Secret
	}
	l, _, code := VerifyIn(host, path, keys, secrets, now, nil, nil)
	return l, code
}

// VerifyIn is [Verify] for a host that is known to be canonical and a path that
// is known to be not too long: neither is checked. It also returns the parsed
// destination. The destination is decoded into room, see [base64url.Decode].
//
// raw is nil, or memory that ends with path and may be written to: if some 90
// bytes and the host's length are in front of path, the tag is computed in
// there, however long the path is, and what was there is put back.
func VerifyIn(host, path string, keys []string, secrets Secrets, now time.Time, room, raw []byte) (Link, destination.Destination, outcome.Code) {
	var t linkParts
	unsigned := Link{Host: host}
	if code := t.parse(path, room); code != outcome.OK {
		return unsigned, destination.Destination{}, code
	}
	if !listsKey(keys, t.kid) {
		return unsigned, destination.Destination{}, outcome.UnknownKey
	}
	secret, ok := linkSecret(secrets, t.kid)
	if !ok {
		return unsigned, destination.Destination{}, outcome.KeyUnavailable
	}
	if sum := linkMAC(secret, host, t.signed, raw[:max(0, len(raw)-len(path)+len(t.signed))]); !sameTag(t.tag[:], sum[:]) {
		return unsigned, destination.Destination{}, outcome.BadTag
	}
	l := t.link(host)
	to, code := l.validate(now)
	if code != outcome.OK {
		l.Destination = ""
	}
	return l, to, code
}

func listsKey(keys []string, kid string) bool {
	for _, k := range keys {
		if word.Equal(k, kid) {
			return true
		}
	}
	return false
}

// Inspect reads a link without any key, for commands that explain one. OK means
// that the structure is right: Verify would look for the key next. Nothing in
// the returned link can be trusted, and its destination may hold any byte. With
// another code (TooLong, WrongHost, Malformed, BadKeyID, BadExpiry, BadID,
// BadEncoding) only the host is set.
func Inspect(host, path string) (Link, outcome.Code) {
	var t linkParts
	code := linkBounds(host, path)
	if code == outcome.OK {
		code = t.parse(path, nil)
	}
	if code != outcome.OK {
		return Link{Host: host}, code
	}
	return t.link(host), outcome.OK
}

// linkSecret returns the secret of a key id, if it is long enough. The store's
// error is dropped: it might quote the secret.
func linkSecret(secrets Secrets, kid string) ([]byte, bool) {
	if secrets == nil {
		return nil, false
	}
	secret, err := secrets(kid)
	return secret, err == nil && len(secret) >= MinSecret
}

// validate checks the destination and the expiry of a link whose tag is right,
// and returns the parsed destination.
func (l *Link) validate(now time.Time) (to destination.Destination, code outcome.Code) {
	ok := l.Pixel
	if !ok {
		to, ok = destination.Parse(l.Destination)
	}
	switch {
	case !ok:
		return to, outcome.BadDestination
	case l.Expiry != 0 && (now.IsZero() || now.Unix() >= l.Expiry*60): // no clock: do not fail open
		return to, outcome.Expired
	}
	return to, outcome.OK
}

// EncodeID returns the id of a link: the base64url of 1 to 64 bytes. Everybody
// who has the link can read it. It fails with a [*LinkError] of BadID.
func EncodeID(raw []byte) (string, error) {
	if len(raw) == 0 || len(raw) > maxID {
		return "", &LinkError{outcome.BadID, "an id of " + strconv.Itoa(len(raw)) + " bytes is not 1 to " + strconv.Itoa(maxID)}
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// isLinkHost reports whether a host is canonical. The host is signed, so only
// one spelling of it is accepted.
func isLinkHost(host string) bool { return destination.IsHost(host) && host == destination.Lower(host) }

func isLinkDestination(url string) bool {
	_, ok := destination.Parse(url)
	return ok
}

// linkQuote quotes a value from outside for an error, cut to 80 bytes.
func linkQuote(s string) string { return clean.Quote(s, 80) }
