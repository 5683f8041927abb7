package doctortest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// Wrap is a mistake in front of a proxy.
type Wrap func(http.Handler) http.Handler

// SendHost overrides the Host that the ESP gets, as a proxy does by default.
func SendHost(host string) Change {
	return func(r *wire.Request) { r.Header.Set("Host", host) }
}

// SendField sets a field towards the ESP.
func SendField(name, value string) Change {
	return func(r *wire.Request) { r.Header.Set(name, value) }
}

// DropField leaves a field out towards the ESP.
func DropField(name string) Change {
	return func(r *wire.Request) { r.Header.Del(name) }
}

// DropQuery cuts the target at its "?".
func DropQuery(r *wire.Request) { r.Target, _, _ = strings.Cut(r.Target, "?") }

// DropPath asks the origin for "/" whatever was asked for.
var DropPath = onPath(func(string) string { return "/" })

// DecodePath decodes the path once and encodes what must not stand in it, as a
// proxy does that rebuilds the URL.
var DecodePath = onPath(func(path string) string {
	if plain, err := url.PathUnescape(path); err == nil {
		return strings.NewReplacer(" ", "%20", "?", "%3F", "#", "%23").Replace(plain)
	}
	return path
})

// MergeSlashes turns "//" into "/", as nginx does by default.
var MergeSlashes = onPath(func(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
})

// onPath edits the path and leaves the query.
func onPath(edit func(path string) string) Change {
	return func(r *wire.Request) {
		path, query, ok := strings.Cut(r.Target, "?")
		if r.Target = edit(path); ok {
			r.Target += "?" + query
		}
	}
}

// When answers in the proxy's place what the condition holds for.
func When(condition func(*http.Request) bool, answer http.HandlerFunc) Wrap {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if condition(r) {
				answer(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Always holds for every request.
func Always(*http.Request) bool { return true }

// Method holds for a method.
func Method(name string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == name }
}

// Agent holds where the user agent matches.
func Agent(pattern string) func(*http.Request) bool {
	re := regexp.MustCompile(pattern)
	return func(r *http.Request) bool { return re.MatchString(r.UserAgent()) }
}

// Target holds where the raw target matches.
func Target(pattern string) func(*http.Request) bool {
	re := regexp.MustCompile(pattern)
	return func(r *http.Request) bool { return re.MatchString(r.RequestURI) }
}

// Answer is a whole answer; fields are names and values in turn.
func Answer(status int, body string, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		setFields(w.Header(), fields)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // a client that has gone needs no answer
	}
}

// RedirectTo redirects to a URL; "{host}" and "{target}" are those of the
// request.
func RedirectTo(status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if bare, _, err := net.SplitHostPort(host); err == nil {
			host = bare
		}
		location := strings.NewReplacer("{host}", host, "{target}", r.RequestURI).Replace(to)
		Answer(status, "", "Location", location)(w, r)
	}
}

// setFields sets names and values in turn.
func setFields(header http.Header, fields []string) {
	for i := 0; i+1 < len(fields); i += 2 {
		header.Set(fields[i], fields[i+1])
	}
}

// onHead edits the head of every answer when it goes out; edit returns the
// status.
func onHead(edit func(header http.Header, status int) int) Wrap {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&editing{ResponseWriter: w, edit: edit}, r)
		})
	}
}

type editing struct {
	http.ResponseWriter
	edit func(http.Header, int) int
	sent bool
}

func (w *editing) WriteHeader(status int) {
	if !w.sent {
		w.sent, status = true, w.edit(w.Header(), status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *editing) Write(b []byte) (int, error) {
	if !w.sent {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Say adds fields to every answer, in place of those of the same name.
func Say(fields ...string) Wrap {
	return onHead(func(header http.Header, status int) int {
		setFields(header, fields)
		return status
	})
}

// Without takes a field out of every answer.
func Without(name string) Wrap {
	return onHead(func(header http.Header, status int) int {
		header.Del(name)
		return status
	})
}

// Permanent turns 302 into 301.
var Permanent = onHead(func(_ http.Header, status int) int {
	if status == http.StatusFound {
		return http.StatusMovedPermanently
	}
	return status
})

// editLocation changes the ESP's redirects on their way back.
func editLocation(edit func(string) string) Wrap {
	return onHead(func(header http.Header, status int) int {
		if to := header.Get("Location"); to != "" {
			header.Set("Location", edit(to))
		}
		return status
	})
}

// Gzip compresses every body, whether or not the reader said that it may be.
func Gzip(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		var body bytes.Buffer
		if r.Method != http.MethodHead {
			z := gzip.NewWriter(&body)
			_, _ = z.Write(kept.Body.Bytes()) // into memory
			_ = z.Close()
		}
		maps.Copy(w.Header(), kept.Header())
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
		w.WriteHeader(kept.Code)
		_, _ = w.Write(body.Bytes())
	})
}

// Cache answers from memory what has been asked before with GET. key makes one
// text of a request; mark sets the fields that a CDN adds to a hit or a miss.
func Cache(key func(*http.Request) string, mark func(header http.Header, hit bool)) Wrap {
	return func(next http.Handler) http.Handler {
		return &cache{next: next, key: key, mark: mark, kept: map[string]*httptest.ResponseRecorder{}}
	}
}

type cache struct {
	next http.Handler
	key  func(*http.Request) string
	mark func(http.Header, bool)

	mu   sync.Mutex
	kept map[string]*httptest.ResponseRecorder
}

func (c *cache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		c.next.ServeHTTP(w, r)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := r.Method + " " + c.key(r)
	answer, hit := c.kept[key]
	if !hit {
		answer = httptest.NewRecorder()
		c.next.ServeHTTP(answer, r)
		c.kept[key] = answer
	}
	maps.Copy(w.Header(), answer.Header().Clone())
	c.mark(w.Header(), hit)
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// ByTarget keeps one answer for each path and query.
func ByTarget(r *http.Request) string { return r.RequestURI }

// ByPath keeps one answer for each path, whatever the query says.
func ByPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return path
}

// CloudflareMark is CF-Cache-Status, as Cloudflare's documentation of default
// cache behaviour has it.
func CloudflareMark(header http.Header, hit bool) {
	header.Set("CF-Cache-Status", map[bool]string{true: "HIT", false: "MISS"}[hit])
	AgeMark(42)(header, hit)
}

// CloudFrontMark is X-Cache, as CloudFront sends it.
func CloudFrontMark(header http.Header, hit bool) {
	header.Set("X-Cache", map[bool]string{true: "Hit from cloudfront", false: "Miss from cloudfront"}[hit])
	AgeMark(42)(header, hit)
}

// AgeMark says the age in seconds of what was kept, and nothing else.
func AgeMark(seconds int) func(http.Header, bool) {
	return func(header http.Header, hit bool) {
		if hit {
			header.Set("Age", fmt.Sprint(seconds))
		}
	}
}
