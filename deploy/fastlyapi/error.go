package fastlyapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/fastly/go-fastly/v16/fastly"

	"github.com/clickedge/clickedge/core/clean"
)

// Error says which call failed and how. Neither the token nor a secret is in
// it.
type Error struct {
	Method, Path string
	// Status of the answer; 0 where there was none.
	Status int
	// Said is the message of the API or the network, cut to a readable length.
	Said string
	// Tries is how many times the call was sent.
	Tries int

	notSent bool          // no connection was made
	after   time.Duration // that the API asks to wait
}

// Error returns "PUT /path: 403 Forbidden: what it said (4 tries)".
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: ", e.Method, e.Path)
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d %s", e.Status, http.StatusText(e.Status))
	}
	if e.Status != 0 && e.Said != "" {
		b.WriteString(": ")
	}
	b.WriteString(e.Said)
	if e.Tries > 1 {
		fmt.Fprintf(&b, " (%d tries)", e.Tries)
	}
	return b.String()
}

// Hint says what to do about it; "" where the error says it all.
func (e *Error) Hint() string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return "the token is wrong, expired or revoked; FASTLY_API_TOKEN must hold one of https://manage.fastly.com/account/personal/tokens"
	case e.Status == http.StatusForbidden:
		return "the token's user needs the role engineer or superuser, and the token the scope global"
	case e.Status == http.StatusNotFound:
		return "check the id of the service or store; another account has others"
	case e.Status == http.StatusTooManyRequests:
		return "the API takes 1,000 changes an hour; wait and try again"
	case e.Status >= 500:
		return "https://www.fastlystatus.com says whether Fastly knows of it; try again"
	case e.notSent:
		return "check the connection, HTTPS_PROXY and the name server"
	}
	return ""
}

// retry reports whether another try may help and does no harm. A call that may
// have been carried out is repeated only where that changes nothing.
func (e *Error) retry(repeatable bool) bool {
	switch {
	case e.Status == http.StatusTooManyRequests, e.notSent:
		return true
	case e.Status == 0, e.Status >= 500:
		return repeatable
	}
	return false
}

// wait is how long to wait before the next try: what the API asks for, up to a
// minute, or else 1, 2, 4 … seconds.
func (e *Error) wait(try int) time.Duration {
	if e.after > 0 {
		return min(e.after, time.Minute)
	}
	return min(time.Second<<(try-1), 30*time.Second)
}

// failed returns the error of a call without a usable answer.
func (t *transport) failed(k *call, err error) *Error {
	e := &Error{Method: k.req.Method, Path: k.req.URL.Path}
	var op *net.OpError
	var dns *net.DNSError
	e.notSent = errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner // the innermost: the layers around repeat the URL
	}
	e.Said = cut(t.redact(k, err.Error()))
	t.trace(k, e.Said)
	return e
}

// problem is an error of the API: in older parts with msg and detail, in newer
// parts as in RFC 9457, or as in JSON:API, in a list.
type problem struct {
	Msg    string    `json:"msg"`
	Title  string    `json:"title"`
	Detail string    `json:"detail"`
	Errors []problem `json:"errors"`
}

func (p problem) said() (said []string) {
	for _, s := range []string{p.Msg, p.Title, p.Detail} {
		if s != "" && (len(said) == 0 || said[len(said)-1] != s) {
			said = append(said, s)
		}
	}
	for _, inner := range p.Errors {
		said = append(said, inner.said()...)
	}
	return said
}

func (t *transport) refused(k *call, resp *http.Response, text []byte) *Error {
	e := &Error{Method: k.req.Method, Path: k.req.URL.Path, Status: resp.StatusCode, after: seconds(resp.Header, "Retry-After")}
	var p problem
	if json.Unmarshal(text, &p) == nil { // else a page of something in between
		e.Said = cut(t.redact(k, strings.Join(p.said(), ": ")))
	}
	return e
}

// Cause returns the cause of an error of go-fastly, safe to print: an [*Error]
// if a call failed, or why there was no call. Messages of its decoders are left
// out, as they quote the answer.
func Cause(err error) error {
	var e *Error
	var field *fastly.FieldError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	case errors.As(err, &field):
		return fmt.Errorf("internal error: %w", err)
	}
	return errors.New("the API's answer is not what go-fastly expects")
}

// IsNotFound reports whether an error has the status 404.
func IsNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// cut keeps foreign text on one line and short.
func cut(s string) string {
	return clean.Text(clean.Cut(strings.Join(strings.Fields(s), " "), 600))
}
