package origins

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// gif is a transparent picture of one pixel (GIF89a).
const gif = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// write sends one whole answer, always with its length, to HEAD too.
func write(w http.ResponseWriter, status int, kind, body string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // the client may have gone
}

func text(w http.ResponseWriter, status int, body string) {
	write(w, status, "text/plain; charset=utf-8", body+"\n")
}

const pageHead = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"><style>
body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
label{display:block;padding:.3rem 0}
button{font:inherit;min-height:2.75rem;padding:.4rem 1.2rem}
</style><title>`

// htmlPage has its icon and its style inside, so that a browser requests nothing
// else.
func htmlPage(w http.ResponseWriter, title, body string) {
	title = html.EscapeString(title)
	write(w, http.StatusOK, "text/html; charset=utf-8", pageHead+title+"</title></head>\n<body><main><h1>"+title+"</h1>\n"+body+"\n</main></body></html>\n")
}

func pixel(w http.ResponseWriter, _ *request) {
	w.Header().Set("Cache-Control", "no-store")
	write(w, http.StatusOK, "image/gif", gif)
}

func emptyJSON(w http.ResponseWriter, _ *request) {
	write(w, http.StatusOK, "application/json", "{}")
}

// answerClick redirects, or refuses a link that is damaged.
func answerClick(w http.ResponseWriter, q *request, destination string, ok bool) {
	if ok {
		redirect(w, q, destination)
	} else {
		damaged(w)
	}
}

func redirect(w http.ResponseWriter, q *request, destination string) {
	redirectAs(w, q, cmp.Or(q.origin.family.status, http.StatusFound), destination, "")
}

// redirectAs is redirect with another status, and with a body.
func redirectAs(w http.ResponseWriter, q *request, status int, destination, body string) {
	if fault, _ := q.origin.fault.get(); fault == WrongLocation {
		destination = WrongDestination
	}
	header, family := w.Header(), q.origin.family
	header.Set("Location", location(destination))
	if family.cache != "" {
		header.Set("Cache-Control", family.cache)
	}
	if family.cookie != "" {
		header.Add("Set-Cookie", family.cookie)
	}
	write(w, status, "text/html; charset=utf-8", body)
}

// opaque answers a click on a link whose destination is not in it.
func opaque(w http.ResponseWriter, q *request) { redirect(w, q, q.options().Opaque) }

// damaged answers a click on a link that cannot be read.
func damaged(w http.ResponseWriter) { text(w, http.StatusBadRequest, "Bad Request") }

// hasHost matches an http or https URL whose host has no escape.
var hasHost = regexp.MustCompile(`(?s)^(?i:https?)://[^/?#%\s]+(?:[/?#].*)?$`)

// location is a destination for a Location field: controls and spaces are
// percent-encoded, all other bytes are kept.
func location(destination string) string {
	var b strings.Builder
	for i := range len(destination) {
		if c := destination[i]; c <= ' ' || c == 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// decode64 reads base64 as in links: in either alphabet, with "=", "~" or no
// padding, and percent-encoded once more if a gateway did that.
func decode64(s string) ([]byte, error) {
	if plain, err := url.PathUnescape(s); err == nil {
		s = plain
	}
	s = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(s, "=~"))
	return base64.RawURLEncoding.DecodeString(s)
}
