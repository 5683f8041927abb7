package core

import (
	"strconv"

	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/outcome"
)

// Page is what a reader sees who is not redirected.
type Page struct {
	Code outcome.Code
	// Status replaces the code's own status, if it is not 0: an ESP's 503 stays
	// 503.
	Status int
	// RequestID is shown on the page and in the log line, so that a reader can
	// quote it.
	RequestID string
	// Home is the URL of the home page that the page links to; "" for none.
	// core/sitesjson has checked it.
	Home string
	// RetryAfter is the ESP's own Retry-After, in seconds; "" for a minute.
	// Only temporary codes use it.
	RetryAfter string
}

// maxRetryAfter is the longest wait that a page asks for, in seconds.
const maxRetryAfter = 3600

// RetryAfterOf returns the first of an ESP's values of Retry-After, each
// followed by a NUL, if it is a number of seconds from 1 to 3600. A date, or
// another number, gives "".
func RetryAfterOf(values string) string {
	value, _ := header.Next(values)
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil || n < 1 || n > maxRetryAfter || value[0] == '0' {
		return ""
	}
	return value
}

// retryAfter is the value of the page's Retry-After, "" for none.
func (p Page) retryAfter() string {
	switch {
	case !p.Code.Temporary():
		return ""
	case p.RetryAfter != "":
		return p.RetryAfter
	}
	return "60"
}

// Answer returns the page as a response. Its body is written to room if it
// fits: 2 KiB are usually enough.
func (p *Page) Answer(room []byte) Answer {
	a := Answer{Status: p.StatusCode(), Header: [maxFields][2]string{
		{"content-type", "text/html; charset=utf-8"},
		{"cache-control", noStore},
		{"x-robots-tag", "noindex"},
		{"content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"},
		{"x-content-type-options", "nosniff"},
		// The page's URL may hold a recipient, which the home page must not get
		// as Referer.
		{"referrer-policy", "no-referrer"},
	}}
	if wait := p.retryAfter(); wait != "" {
		a.Header[6] = [2]string{"retry-after", wait}
	} else if p.Code == outcome.BadMethod {
		a.Header[6] = [2]string{"allow", "GET, HEAD"}
	}
	a.Body = p.AppendHTML(room[:0])
	return a
}

// StatusCode is the HTTP status of the page.
func (p Page) StatusCode() int {
	if p.Status != 0 {
		return p.Status
	}
	return p.Code.Notice().Status
}

const (
	pageHead = `<!doctype html><html lang="en"><head><meta charset="utf-8">` +
		`<meta name="viewport" content="width=device-width,initial-scale=1">` +
		`<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark"><title>`
	pageStyle = `</title><style>` +
		`body{font:1.05rem/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto 2rem;padding:0 1.25rem}` +
		`h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem}p{margin:0 0 1.25rem}` +
		`a{color:inherit;display:inline-block;padding:.4rem 0}small{display:block;opacity:.65;font-size:.8rem;line-height:1.4;overflow-wrap:anywhere}` +
		`</style></head><body><main><h1>`
)

// AppendHTML appends the page. Of the request it shows only the request id,
// escaped: no destination, no path, no host.
func (p Page) AppendHTML(dst []byte) []byte {
	n := p.Code.Notice()
	dst = append(dst, pageHead...)
	dst = append(dst, n.Title...)
	dst = append(dst, pageStyle...)
	dst = append(dst, n.Title...)
	dst = append(dst, `</h1><p>`...)
	dst = append(dst, n.Text...)
	dst = append(dst, `</p>`...)
	if p.Home != "" {
		dst = append(dst, `<p><a href="`...)
		dst = appendEscaped(dst, p.Home)
		dst = append(dst, `">Go to our home page</a></p>`...)
	}
	dst = append(dst, `<small>`...)
	dst = strconv.AppendInt(dst, int64(p.StatusCode()), 10)
	dst = append(dst, " · "...)
	dst = append(dst, p.Code...)
	if p.RequestID != "" {
		dst = append(dst, " · "...)
		dst = appendEscaped(dst, p.RequestID)
	}
	return append(dst, "</small></main></body></html>\n"...)
}

func appendEscaped(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '&':
			dst = append(dst, "&amp;"...)
		case '"':
			dst = append(dst, "&#34;"...)
		case '\'':
			dst = append(dst, "&#39;"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
