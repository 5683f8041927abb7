package spool

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
)

// ContentType is that of a batch, as Fastly's HTTPS log endpoint has it for
// NDJSON.
const ContentType = "application/x-ndjson"

// KeyField is the name of the field that has the id of a batch, which is a
// quoted string there. A receiver that has a batch of that id has these lines.
const KeyField = "Idempotency-Key"

// postTimeout is how long the receiver may take for one batch.
const postTimeout = 30 * time.Second

// Receiver is where batches are sent to.
type Receiver struct {
	url    string
	field  string
	gzip   bool
	token  atomic.Pointer[string]
	client *http.Client
}

// ReceiverOptions say where a receiver is.
type ReceiverOptions struct {
	URL   string
	Field string         // the header field that has the token; "" is Authorization
	Gzip  bool           // compress batches
	Roots *x509.CertPool // authorities that are trusted; nil for the system's
}

var (
	fieldName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	// secretName is that of a parameter whose value nobody should see.
	secretName = regexp.MustCompile(`(?i)token|key|secret|passw|auth|sig|credential`)
)

// ownFields are those that a batch has itself, or the connection.
var ownFields = []string{"Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Connection", "Host", KeyField}

// IsURL reports whether a name is meant for a receiver's URL.
func IsURL(name string) bool {
	scheme, _, ok := strings.Cut(name, "://")
	return ok && !strings.ContainsAny(scheme, `/\`)
}

// NewReceiver checks where batches go. Nothing of the URL's query is ever shown.
func NewReceiver(o ReceiverOptions) (*Receiver, error) {
	if err := checkURL(o.URL); err != nil {
		return nil, err
	}
	o.Field = cmp.Or(o.Field, "Authorization")
	if err := CheckField(o.Field); err != nil {
		return nil, err
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute, MaxConnsPerHost: 1,
		TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12}}
	return &Receiver{url: o.URL, field: o.Field, gzip: o.Gzip, client: &http.Client{Transport: transport, Timeout: postTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil // a POST would become a GET, and the token go elsewhere
}

// CheckField refuses a name that no header field with a token can have.
func CheckField(name string) error {
	if !fieldName.MatchString(name) {
		return failure.Usage(fmt.Errorf("%q is not the name of a header field", clean.Cut(name, 60)), "name the field that the receiver reads the token from, such as Authorization")
	}
	for _, own := range ownFields {
		if strings.EqualFold(own, name) {
			return failure.Usage(fmt.Errorf("the field %s is written with each batch, so it cannot have the token", own), "name the field that the receiver reads the token from, such as Authorization")
		}
	}
	return nil
}

func checkURL(text string) error {
	const hint = "the log's receiver is an https:// URL, without a user's name and password; its token comes from the environment, a file or a credential"
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Hostname() == "", u.Opaque != "":
		return failure.Usage(errors.New("the log's receiver is not a URL with a host"), hint)
	case u.Scheme != "https":
		return failure.Usage(fmt.Errorf("the log's receiver has the scheme %q: lines are only sent over https", clean.Cut(u.Scheme, 20)), hint)
	case u.User != nil:
		return failure.Usage(errors.New("the log's receiver has a user's name in its URL, which other programs can read in the list of processes"), hint)
	case strings.Contains(text, "#"):
		return failure.Usage(errors.New("the log's receiver has a fragment (#) in its URL, which is never sent"), hint)
	}
	for name := range u.Query() {
		if secretName.MatchString(name) {
			return failure.Usage(fmt.Errorf("the parameter %q in the URL of the log's receiver looks like a secret, which other programs can read in the list of processes", clean.Cut(name, 40)), hint)
		}
	}
	return nil
}

// Host names the receiver, without anything that could be a secret.
func (r *Receiver) Host() string {
	u, err := url.Parse(r.url)
	if err != nil {
		return ""
	}
	return u.Host
}

// SetToken sets what the receiver gets in its field from the next batch on; ""
// for nothing.
func (r *Receiver) SetToken(token string) { r.token.Store(&token) }

// refusal is an answer that is not 2xx.
type refusal struct {
	status int
	wait   time.Duration // that the receiver asks for; 0 for none
}

// Error implements error. What the receiver writes is not repeated: it may have
// the token in it.
func (r *refusal) Error() string {
	text := fmt.Sprintf("it answers %d", r.status)
	if name := http.StatusText(r.status); name != "" {
		text += " (" + name + ")"
	}
	switch {
	case r.status == http.StatusUnauthorized || r.status == http.StatusForbidden:
		text += "; is its token right?"
	case r.status == http.StatusRequestEntityTooLarge:
		text += "; let it take bodies of 1 MiB"
	case r.status >= 300 && r.status < 400:
		text += "; redirects are not followed: name the URL it leads to"
	}
	return text
}

// permanent reports whether the same batch would get the same answer, as far as
// one can know, while others may not.
func (r *refusal) permanent() bool {
	switch r.status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return r.status >= 400 && r.status < 500
}

// post sends one batch.
func (r *Receiver) post(ctx context.Context, id string, lines []byte) error {
	body, encoding := lines, ""
	if r.gzip {
		body, encoding = packed(lines), "gzip"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL cannot be asked") // the error repeats it
	}
	req.Header.Set("Content-Type", ContentType)
	req.Header.Set("User-Agent", "clickedge")
	req.Header.Set(KeyField, strconv.Quote(id))
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	if token := r.token.Load(); token != nil && *token != "" {
		req.Header.Set(r.field, *token)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return bare(err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection is used again
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	return &refusal{resp.StatusCode, waitOf(resp.Header.Get("Retry-After"), time.Now())}
}

// bare is an error without the URL, whose query may have what nobody should see.
func bare(err error) error {
	if e := new(url.Error); errors.As(err, &e) {
		if e.Timeout() {
			return errors.New("it gives no answer in time")
		}
		return e.Err
	}
	return err
}

func packed(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(text) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// mostWait bounds what a receiver may ask for.
const mostWait = time.Hour

// waitOf reads Retry-After: seconds or a date.
func waitOf(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	var wait time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), mostWait)
}

// close ends idle connections.
func (r *Receiver) close() { r.client.CloseIdleConnections() }
