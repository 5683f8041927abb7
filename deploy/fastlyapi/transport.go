package fastlyapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxAnswer is the most bytes of an answer that are read.
	maxAnswer = 16 << 20
	// tryTime is how long one try may take; a megabyte of the request adds as
	// much.
	tryTime = 30 * time.Second
)

// transport sends what go-fastly asks for. For an answer with an error status
// it returns an [*Error] instead of a response. That breaks the contract of
// [http.RoundTripper], but go-fastly would put the answer's text, with whatever
// it quotes, into an error of its own.
type transport struct {
	token string
	base  *url.URL
	opt   Options
}

// call is one request of go-fastly.
type call struct {
	req  *http.Request
	body []byte
	hide []string // what an error must not quote, beside the token
}

type hideKey struct{}

// Hide returns a context for calls that carry secrets: they are removed from
// errors and the trace, whatever the API answers, and in whatever form.
func Hide(ctx context.Context, secrets ...[]byte) context.Context {
	var hide []string
	for _, v := range secrets {
		hide = append(hide, string(v), base64.StdEncoding.EncodeToString(v), base64.RawStdEncoding.EncodeToString(v), base64.RawURLEncoding.EncodeToString(v))
	}
	before, _ := ctx.Value(hideKey{}).([]string)
	return context.WithValue(ctx, hideKey{}, append(hide, before...))
}

// RoundTrip sends a request, repeats it where that may help, and reads the
// answer.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	k := &call{req: req}
	k.hide, _ = req.Context().Value(hideKey{}).([]string)
	if req.Body != nil {
		defer req.Body.Close()
		var err error
		if k.body, err = io.ReadAll(req.Body); err != nil {
			return nil, t.failed(k, err)
		}
	}
	if req.URL.Host != t.base.Host || req.URL.Scheme != t.base.Scheme {
		return nil, t.failed(k, errors.New("it leads away from the API"))
	}
	ctx := req.Context()
	for try := 1; ; try++ {
		resp, e := t.try(ctx, k)
		if e == nil {
			return resp, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if e.Tries = try; try >= t.opt.Tries || !e.retry(repeatable(req)) {
			return nil, e
		}
		if err := t.opt.Pause(ctx, e.wait(try)); err != nil {
			return nil, err
		}
	}
}

// repeatable reports whether repeating a request does no harm. Cloning a
// version twice would make two drafts; creating a client key twice is harmless.
func repeatable(req *http.Request) bool {
	switch req.Method {
	case http.MethodPost:
		return strings.HasSuffix(req.URL.Path, "/client-key")
	case http.MethodPut:
		return !strings.HasSuffix(req.URL.Path, "/clone")
	}
	return true
}

func (t *transport) try(ctx context.Context, k *call) (*http.Response, *Error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime*time.Duration(1+len(k.body)>>20))
	defer cancel()
	req := k.req.Clone(ctx)
	req.Body, req.ContentLength, req.GetBody = io.NopCloser(bytes.NewReader(k.body)), int64(len(k.body)), nil
	if len(k.body) == 0 {
		req.Body = nil
	}
	req.Header.Set("User-Agent", t.opt.UserAgent)
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	resp, err := t.opt.Transport.RoundTrip(req)
	if err != nil {
		return nil, t.failed(k, err)
	}
	defer resp.Body.Close()
	t.trace(k, resp.Status)
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, t.failed(k, err)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, t.refused(k, resp, text)
	case len(text) > maxAnswer:
		return nil, t.failed(k, fmt.Errorf("its answer has more than %d bytes", maxAnswer))
	case len(text) > 0 && !json.Valid(text) && !isValue(k.req):
		return nil, t.failed(k, errors.New("its answer is not the JSON that was expected"))
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	return resp, nil
}

// isValue reports whether a request's answer is a value of a KV store, which may
// be anything.
func isValue(req *http.Request) bool {
	return req.Method == http.MethodGet && strings.HasPrefix(req.URL.Path, "/resources/stores/kv/") && strings.Contains(req.URL.Path, "/keys/")
}

func (t *transport) trace(k *call, what string) {
	if t.opt.Trace != nil {
		t.opt.Trace(t.redact(k, fmt.Sprintf("%s %s%s: %s", k.req.Method, t.base.Host, k.req.URL.Path, what)))
	}
}

// redact removes the token and secrets.
func (t *transport) redact(k *call, s string) string {
	for _, secret := range append([]string{t.token}, k.hide...) {
		if secret == "" {
			continue
		}
		s = strings.ReplaceAll(s, secret, "[hidden]")
		s = strings.ReplaceAll(s, url.QueryEscape(secret), "[hidden]")
	}
	return s
}

// seconds reads a header that has a number of seconds; 0 where it has none.
func seconds(h http.Header, name string) time.Duration {
	n, err := strconv.ParseUint(h.Get(name), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}
