package fastlyapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Endpoint is where Fastly's API is.
const Endpoint = "https://api.fastly.com"

// maxAnswer is the most bytes of an answer that are read.
const maxAnswer = 4 << 20

// Options change how a client works; the zero value is right for Fastly's API.
type Options struct {
	// Endpoint is the API's URL without a path; "" is [Endpoint]. Plain http is
	// taken for loopback addresses only.
	Endpoint string
	// Transport sends requests; nil is a copy of net/http's own, which verifies
	// certificates and heeds HTTPS_PROXY.
	Transport http.RoundTripper
	// Tries is the most times that a request is sent; 0 is 4. What may have been
	// done already is not sent again.
	Tries int
	// Pause waits between tries; nil sleeps. It returns early with ctx's error.
	Pause func(ctx context.Context, d time.Duration) error
	// Trace, if any, is told of every try in one line: method, path, status.
	Trace func(line string)
	// UserAgent is sent along; "" is "clickedge".
	UserAgent string
	// SigningKey is the Ed25519 public key, in base64, that signs client keys; ""
	// is [SigningKey].
	SigningKey string
}

// Client talks to the API with one token. It is safe for use by several goroutines.
type Client struct {
	token string
	opt   Options
	base  *url.URL
	http  *http.Client
}

// New returns a client. It fails where the token or the endpoint cannot be used.
func New(token string, opt Options) (*Client, error) {
	if opt.Endpoint == "" {
		opt.Endpoint = Endpoint
	}
	base, err := endpoint(opt.Endpoint)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(token) != token || token == "" || strings.ContainsAny(token, " \r\n\t") {
		return nil, errors.New("the API token is empty or has white space in it")
	}
	if opt.Transport == nil {
		opt.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	if opt.Tries == 0 {
		opt.Tries = 4
	}
	if opt.Pause == nil {
		opt.Pause = sleep
	}
	if opt.UserAgent == "" {
		opt.UserAgent = "clickedge"
	}
	if opt.SigningKey == "" {
		opt.SigningKey = SigningKey
	}
	return &Client{token: token, opt: opt, base: base, http: &http.Client{
		Transport: opt.Transport,
		Timeout:   30 * time.Second,
		// Elsewhere the token has no business.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// endpoint lets a token leave the machine over TLS only.
func endpoint(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is not the URL of an API: scheme and host are wanted", s)
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%q would send the token in the clear: https is wanted", s)
	}
	u.Path = ""
	return u, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// String tells nobody the token.
func (c *Client) String() string { return "fastlyapi.Client(" + c.base.Host + ")" }

// GoString tells nobody the token.
func (c *Client) GoString() string { return c.String() }

// call is one request.
type call struct {
	method, path string
	query        url.Values
	body         any      // JSON; nil for none
	repeatable   bool     // doing it twice does no harm
	hide         []string // what an error must not quote, beside the token
	out          any      // where the answer's JSON goes; nil for nowhere
}

// do sends a call, again where that may help, and reads the answer.
func (c *Client) do(ctx context.Context, k call) error {
	var body []byte
	if k.body != nil {
		var err error
		if body, err = json.Marshal(k.body); err != nil {
			return fmt.Errorf("internal error: %w", err)
		}
	}
	for try := 1; ; try++ {
		e := c.try(ctx, &k, body)
		if e == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if try >= c.opt.Tries || !e.again(k.repeatable) {
			e.Tries = try
			return e
		}
		if err := c.opt.Pause(ctx, e.wait(try)); err != nil {
			return err
		}
	}
}

func (c *Client) try(ctx context.Context, k *call, body []byte) *Error {
	u := *c.base
	u.Path, u.RawQuery = k.path, k.query.Encode()
	req, err := http.NewRequestWithContext(ctx, k.method, u.String(), bytes.NewReader(body))
	if err != nil {
		return c.failed(k, err)
	}
	req.Header.Set("Fastly-Key", c.token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.opt.UserAgent)
	if k.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.failed(k, err)
	}
	defer resp.Body.Close()
	c.trace(k, resp.Status)
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return c.failed(k, err)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return c.refused(k, resp, text)
	case k.out == nil:
		return nil
	}
	if err := json.Unmarshal(text, k.out); err != nil {
		return c.failed(k, errors.New("its answer is not the JSON that was expected"))
	}
	return nil
}

func (c *Client) trace(k *call, what string) {
	if c.opt.Trace != nil {
		c.opt.Trace(c.redact(k, fmt.Sprintf("%s %s%s: %s", k.method, c.base.Host, k.path, what)))
	}
}

// redact takes out what nobody may read.
func (c *Client) redact(k *call, s string) string {
	for _, secret := range append([]string{c.token}, k.hide...) {
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
