package fastlyapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fastly/go-fastly/v16/fastly"
)

// Options change how a client works; the zero value is right for Fastly's API.
type Options struct {
	// Endpoint is the API's URL without a path; "" is Fastly's own. Plain http
	// is accepted for loopback addresses only.
	Endpoint string
	// Transport sends requests; nil is a copy of net/http's own, which verifies
	// certificates and heeds HTTPS_PROXY.
	Transport http.RoundTripper
	// Tries is how often a request is sent at most; 0 is 4. A request that may
	// have been carried out already is not sent again.
	Tries int
	// Pause waits between tries; nil sleeps. It returns early with ctx's error.
	Pause func(ctx context.Context, d time.Duration) error
	// Trace, if any, is called for every try with one line: method, path,
	// status.
	Trace func(line string)
	// UserAgent is sent along; "" is "clickedge".
	UserAgent string
	// SigningKey is the Ed25519 public key, in base64, that signs client keys;
	// "" is [SigningKey].
	SigningKey string
}

// Client talks to the API with one token. It is safe for use by several
// goroutines.
type Client struct {
	host   string
	opt    Options
	fastly *fastly.Client
}

// New returns a client. It fails where the token or the endpoint cannot be
// used.
func New(token string, opt Options) (*Client, error) {
	opt = opt.orDefaults()
	base, err := endpoint(opt.Endpoint)
	if err != nil {
		return nil, err
	}
	if token == "" || strings.ContainsAny(token, " \r\n\t") || strings.TrimSpace(token) != token {
		return nil, errors.New("the API token is empty or has white space in it")
	}
	f, err := fastly.NewClientForEndpoint(token, base.String())
	if err != nil {
		return nil, err
	}
	// FASTLY_DEBUG_MODE would dump bodies, secrets among them, to standard
	// output.
	f.DebugMode = false
	f.HTTPClient = &http.Client{
		Transport: &transport{token: token, base: base, opt: opt},
		// The token must not go to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Client{host: base.Host, opt: opt, fastly: f}, nil
}

func (o Options) orDefaults() Options {
	o.Endpoint = cmp.Or(o.Endpoint, fastly.DefaultEndpoint)
	o.Tries = cmp.Or(o.Tries, 4)
	o.UserAgent = cmp.Or(o.UserAgent, "clickedge")
	o.SigningKey = cmp.Or(o.SigningKey, SigningKey)
	if o.Transport == nil {
		o.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	if o.Pause == nil {
		o.Pause = sleep
	}
	return o
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

// Fastly returns go-fastly's client, for the calls that this package has no
// method for. Pass its errors through [Cause].
func (c *Client) Fastly() *fastly.Client { return c.fastly }

// Pause waits as the client does between tries.
func (c *Client) Pause(ctx context.Context, d time.Duration) error { return c.opt.Pause(ctx, d) }

// String does not print the token.
func (c *Client) String() string { return "fastlyapi.Client(" + c.host + ")" }

// GoString does not print the token.
func (c *Client) GoString() string { return c.String() }
