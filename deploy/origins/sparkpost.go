package origins

import (
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
)

var sparkPost = &family{
	server:   "msys-http",
	cookie:   meaninglessCookie,
	cache:    "no-store",
	needsSNI: true,
	refuse:   sparkPostForeign,
	routes: []route{
		get(`/f/[^/?]+/[^/?]+/[^/?]+/([^/?]+)`, sparkPostClick),
		get(`/q/[^/?]+/[^/?]+/[^/?]+`, pixel),
	},
	samples: sparkPostSamples,
}

// sparkPostHealth is answered without a tracking domain, as it is not a link.
const sparkPostHealth = "/f/a/b/c/d"

// sparkPostForeign refuses a request that names no tracking domain in either
// field.
func sparkPostForeign(w http.ResponseWriter, q *request) bool {
	forwarded, _ := q.Header.Get("X-Forwarded-Host")
	if q.Target == sparkPostHealth || q.branded(q.host) || q.branded(bareHost(forwarded)) {
		return false
	}
	text(w, http.StatusNotFound, "Not Found")
	return true
}

func sparkPostClick(w http.ResponseWriter, q *request) {
	destination, ok := readSparkPost(q.match[1])
	if !ok {
		destination, ok = sparkPostTarget(q.param("target"))
	}
	if !ok {
		destination = q.options().Opaque
	}
	redirect(w, q, destination)
}

var httpURL = regexp.MustCompile(`^(?i:https?)://.`)

// sparkPostTarget reads ?target=. A "+" stays one: the value is
// percent-encoded, not a form.
func sparkPostTarget(raw string) (string, bool) {
	target, err := url.PathUnescape(raw)
	return target, err == nil && httpURL.MatchString(target)
}

// readSparkPost returns the destination in a tag stream. Encrypted data is not
// one.
func readSparkPost(payload string) (string, bool) {
	raw, err := decode64(payload)
	if err != nil {
		return "", false
	}
	destination := ""
	for len(raw) > 0 {
		var tag sparkPostTag
		var ok bool
		if tag, raw, ok = nextTag(raw); !ok {
			return "", false
		}
		if tag.kind == tagDestination {
			destination = tag.value
		}
	}
	return destination, httpURL.MatchString(destination)
}

// sparkPostTag is one entry of the stream: a byte whose low six bits are the
// kind and whose top two say how the value's length follows (0 no value, 1 in
// one byte, 2 in two, little-endian).
type sparkPostTag struct {
	kind  byte
	value string
}

// The kinds that samples hold.
const (
	tagMessageID   = 0x02
	tagDestination = 0x04
	tagExpiry      = 0x06
	tagRecipient   = 0x12
	tagTenant      = 0x17
	tagClick       = 0x3f
)

// nextTag cuts off the first tag; ok is false for a payload that is not a tag
// stream, usually because it is encrypted.
func nextTag(b []byte) (tag sparkPostTag, rest []byte, ok bool) {
	tag.kind = b[0] & 0x3f
	form, b, length := b[0]>>6, b[1:], 0
	switch {
	case form == 0:
	case form == 1 && len(b) >= 1:
		length, b = int(b[0]), b[1:]
	case form == 2 && len(b) >= 2:
		length, b = int(binary.LittleEndian.Uint16(b)), b[2:]
	default:
		return tag, nil, false
	}
	if length > len(b) {
		return tag, nil, false
	}
	tag.value = string(b[:length])
	return tag, b[length:], true
}

func appendTag(b []byte, kind byte, value string) []byte {
	switch {
	case value == "":
		return append(b, kind)
	case len(value) < 0x100:
		b = append(b, kind|1<<6, byte(len(value)))
	default:
		b = append(b, kind|2<<6)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	}
	return append(b, value...)
}

// sparkPostPayload is the last segment of a click; without a destination it
// refers to ?target=. Destinations over 65,535 bytes do not fit.
func sparkPostPayload(destination string) string {
	b := appendTag(nil, tagExpiry, "\x70\xdb\xd8\x80")
	b = appendTag(b, tagClick, "")
	b = appendTag(b, tagDestination, destination)
	b = appendTag(b, tagTenant, "spc")
	b = appendTag(b, tagMessageID, strings.Repeat("\x00", 10))
	b = appendTag(b, tagRecipient, "user@example.test")
	return tilde64(b)
}

func tilde64(b []byte) string {
	return strings.ReplaceAll(base64.URLEncoding.EncodeToString(b), "=", "~")
}

const (
	sparkPostMAC       = "EREREREREREREREREREREQ~~/AAAAAQA~/"
	sparkPostEncrypted = "CzBVep_E6Q4zWH2ix-wRNluApcrvFDleg6jN8hc8YYar0PUaP2SJrtP4HUJnjLHW-yBFao-02f4jSG2St9wBJg~~"
)

func sparkPostSamples(s *sampler) []SampleLink {
	link := func(destination string) string { return "/f/a/" + sparkPostMAC + sparkPostPayload(destination) }
	plain := s.shop + plainPath
	long := s.shop + "/?" + strings.Repeat("x", 400)
	app := readable("app link", "/f/open-in-app/"+sparkPostMAC+sparkPostPayload(plain), plain)
	app.Kind = esp.KindApp
	return append(s.clicks(link),
		readable("click whose length takes two bytes", link(long), long),
		readable("click with the destination in ?target=", link("")+"?target="+escapeAll(plain), plain),
		readable("click that lost its padding", strings.TrimRight(link(plain), "~"), plain),
		readable("encrypted click with ?target=", "/f/a/"+sparkPostMAC+sparkPostEncrypted+"?target="+escapeAll(plain), plain),
		s.unreadable("encrypted click", esp.KindClick, "/f/a/"+sparkPostMAC+sparkPostEncrypted),
		app,
		sample("open", esp.KindOpen, "/q/"+sparkPostMAC+sparkPostPayload("")),
		s.unreadable("health", esp.KindHealth, sparkPostHealth))
}
