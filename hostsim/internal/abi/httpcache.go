package abi

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// What the HTTP cache suggests, by RFC 9111 and by Fastly's documentation,
// "HTTP caching semantics".

// defaultFresh is how long a response is fresh that does not say how long.
const defaultFresh = 2 * time.Minute

// maxSeconds is as much as a directive can say: 68 years (RFC 9111, section
// 1.2.2).
const maxSeconds = 1<<31 - 1

// storedResponse is the head of a response in the cache.
type storedResponse struct {
	version Version
	status  int
	header  wire.Header
}

// suggestedKey is the key of a request in the HTTP cache: host and target.
func suggestedKey(r *request) [32]byte {
	host := r.uri.Authority
	if own, ok := r.header.Get("Host"); ok {
		host = own
	}
	return sha256.Sum256([]byte(strings.ToLower(host) + " " + r.uri.Target))
}

// urlSurrogate is the surrogate key of everything under a cache key.
func urlSurrogate(key string) string { return fmt.Sprintf("%X", strings.TrimPrefix(key, httpKey)) }

func cacheableMethod(method string) bool {
	return method == http.MethodGet || method == http.MethodHead
}

// directives are those of a Cache-Control or Surrogate-Control field. Names are
// in lower case; of several of one name, the first counts.
type directives map[string]string

// parseDirectives reads names, with a value or without: a token or a quoted
// string. What is neither is passed over up to the next comma.
func parseDirectives(lines []string) directives {
	d := directives{}
	for rest := strings.Join(lines, ","); rest != ""; {
		var name, value string
		name, rest = cutToken(rest)
		if strings.HasPrefix(rest, "=") {
			value, rest = cutValue(rest[1:])
		}
		if _, twice := d[name]; name != "" && !twice {
			d[name] = value
		}
		_, rest, _ = strings.Cut(rest, ",")
	}
	return d
}

// cutToken takes a token, in lower case, and the white space around it.
func cutToken(text string) (token, rest string) {
	text = strings.TrimLeft(text, " \t")
	end := strings.IndexAny(text, " \t,=\"")
	if end < 0 {
		end = len(text)
	}
	return strings.ToLower(text[:end]), strings.TrimLeft(text[end:], " \t")
}

// cutValue takes a token or a quoted string.
func cutValue(text string) (value, rest string) {
	text = strings.TrimLeft(text, " \t")
	if !strings.HasPrefix(text, `"`) {
		return cutToken(text)
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}

// seconds is the value of a directive; one that is no number counts as 0, which
// is what a cache should assume (RFC 9111, section 4.2.1).
func (d directives) seconds(name string) (time.Duration, bool) {
	text, ok := d[name]
	return parseSeconds(text), ok
}

func parseSeconds(text string) time.Duration {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > maxSeconds {
		n = maxSeconds
	}
	return time.Duration(n) * time.Second
}

// controls are the fields that say how long a response may be kept.
type controls struct {
	surrogate, cache directives
	hasSurrogate     bool
}

func controlsOf(h wire.Header) controls {
	return controls{surrogate: parseDirectives(h.Values("Surrogate-Control")), cache: parseDirectives(h.Values("Cache-Control")),
		hasSurrogate: h.Has("Surrogate-Control")}
}

// seconds prefers Surrogate-Control.
func (c controls) seconds(name string) time.Duration {
	if d, ok := c.surrogate.seconds(name); ok {
		return d
	}
	d, _ := c.cache.seconds(name)
	return d
}

// forbidden: the field that counts says private or no-store. no-cache has no
// effect, as on the platform.
func (c controls) forbidden() bool {
	relevant := c.cache
	if c.hasSurrogate {
		relevant = c.surrogate
	}
	_, private := relevant["private"]
	_, noStore := relevant["no-store"]
	return private || noStore
}

// freshness is how long a response is fresh, and how old it is already.
func (c controls) freshness(h wire.Header, now time.Time) (maxAge, age time.Duration) {
	text, _ := h.Get("Age")
	age = parseSeconds(text)
	if d, ok := c.surrogate.seconds("max-age"); ok {
		return d, age
	}
	for _, name := range []string{"s-maxage", "max-age"} {
		if d, ok := c.cache.seconds(name); ok {
			return d, age
		}
	}
	if h.Has("Expires") {
		return untilExpires(h, now), 0
	}
	return defaultFresh, age
}

// untilExpires counts from Date. A date that is none has passed.
func untilExpires(h wire.Header, now time.Time) time.Duration {
	text, _ := h.Get("Expires")
	expires, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if text, ok := h.Get("Date"); ok {
		if date, err := http.ParseTime(text); err == nil {
			now = date
		}
	}
	return min(max(expires.Sub(now), 0), maxSeconds*time.Second)
}

// suggestedOptions are those under which a response should be stored.
func suggestedOptions(h wire.Header, key string, now time.Time) cacheOptions {
	c := controlsOf(h)
	o := cacheOptions{length: -1, staleFor: c.seconds("stale-while-revalidate"), staleIfError: c.seconds("stale-if-error"),
		surrogates: []string{urlSurrogate(key)}}
	o.maxAge, o.initialAge = c.freshness(h, now)
	o.vary = varyOf(h)
	o.varyText = strings.Join(o.vary, " ")
	return o
}

// varyOf is the rule that the Vary fields make.
func varyOf(h wire.Header) (rule varyRule) {
	for _, name := range strings.Split(strings.ToLower(strings.Join(h.Values("Vary"), ",")), ",") {
		if name = strings.Trim(name, " \t"); name != "" && wire.ValidName(name) {
			rule = append(rule, name)
		}
	}
	slices.Sort(rule)
	return slices.Compact(rule)
}

// storageAction is http_storage_action.
type storageAction uint32

const (
	storeInsert storageAction = iota
	storeUpdate
	storeNothing
	storeUncacheable
)

var cacheableStatus = map[int]bool{200: true, 203: true, 300: true, 301: true, 302: true, 404: true, 410: true}

// suggestedAction: an unusual status may be gone with the next request, so
// others go on waiting; what says that it must not be stored will say so again.
func suggestedAction(status int, h wire.Header) storageAction {
	switch {
	case !cacheableStatus[status]:
		return storeNothing
	case controlsOf(h).forbidden(), slices.Contains(varyOf(h), "*"):
		return storeUncacheable
	}
	return storeInsert
}

// perConnection are the fields that are not stored: they are about one
// connection, or frame one body.
var perConnection = []string{"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
	"Transfer-Encoding", "Upgrade", "Content-Length"}

// forStorage is a header without what belongs to one connection.
func forStorage(h wire.Header) wire.Header {
	h = h.Clone()
	for _, name := range strings.Split(strings.Join(h.Values("Connection"), ","), ",") {
		h.Del(strings.Trim(name, " \t"))
	}
	for _, name := range perConnection {
		h.Del(name)
	}
	return h
}

// refreshed is what a 304 makes of a stored header (RFC 9111, section 3.2).
func refreshed(stored, from wire.Header) wire.Header {
	h := stored.Clone()
	h.Del("Age")
	for _, f := range forStorage(from) {
		switch strings.ToLower(f.Name) {
		case "content-encoding", "content-type", "content-range":
		default:
			h.Set(f.Name, from.Values(f.Name)...)
		}
	}
	return h
}

// conditions are the fields of a request that ask for less than the whole
// response.
var conditions = []string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range"}

// backendRequest asks for the whole response, or whether the stored one still
// holds. HEAD becomes GET, whose response answers both.
func backendRequest(r *request, stored *cacheObject) *request {
	req := *r
	req.method, req.header = http.MethodGet, r.header.Clone()
	for _, name := range conditions {
		req.header.Del(name)
	}
	if stored == nil || stored.response == nil {
		return &req
	}
	if tag, ok := stored.response.header.Get("ETag"); ok {
		req.header.Set("If-None-Match", tag)
	}
	if date, ok := stored.response.header.Get("Last-Modified"); ok {
		req.header.Set("If-Modified-Since", date)
	}
	return &req
}
