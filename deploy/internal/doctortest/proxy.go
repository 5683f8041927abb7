package doctortest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Proxy is a reverse proxy that hands every byte on as it came, and does with
// cookies and X-Forwarded-Host what the ESP asks for. It is the healthy
// stranger in front of an ESP, until a mistake is put before or behind it.
type Proxy struct {
	Origin *core.Origin
	// Dial connects to the origin, TLS not yet begun.
	Dial func() (net.Conn, error)
	// Config is the TLS towards the origin; nil is http.
	Config *tls.Config
	// Change alters what goes to the ESP; see [Change].
	Change []Change
	// TrustForwardedHost passes on what the reader's own X-Forwarded-Host says.
	TrustForwardedHost bool
	// Fail answers where the origin could not be asked; nil is 502.
	Fail func(http.ResponseWriter, error)
}

// Change is a mistake on the way to the ESP.
type Change func(*wire.Request)

// perHop are the fields that end at a proxy (RFC 9110, section 7.6.1).
var perHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Upgrade"}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := &sentBody{ReadCloser: r.Body, sent: make(chan struct{})}
	defer body.wait() // an early answer may come while the body is still being sent
	resp, err := p.ask(r, body)
	if err != nil {
		p.fail(w, err)
		return
	}
	defer resp.Body.Close()
	for _, f := range resp.Header {
		if !slices.ContainsFunc(perHop, func(name string) bool { return strings.EqualFold(name, f.Name) }) && !strings.EqualFold(f.Name, "Transfer-Encoding") {
			w.Header().Add(f.Name, f.Value)
		}
	}
	w.WriteHeader(resp.Status)
	_, _ = io.Copy(w, resp.Body) // a client that has gone needs no answer
}

// sentBody is a request's body that reports when its sender is done with it
// of it: a handler's body must not be read once the handler has returned.
type sentBody struct {
	io.ReadCloser
	given bool // to somebody who sends it
	once  sync.Once
	sent  chan struct{}
}

func (b *sentBody) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(func() { close(b.sent) })
	return err
}

func (b *sentBody) wait() {
	if !b.given {
		return
	}
	select {
	case <-b.sent:
	default:
		b.ReadCloser.Close() // ends a read that is under way
		<-b.sent
	}
}

func (p *Proxy) ask(r *http.Request, body *sentBody) (*wire.Response, error) {
	conn, err := p.Dial()
	if err != nil {
		return nil, err
	}
	if p.Config != nil {
		secured := tls.Client(conn, p.Config)
		if err := secured.HandshakeContext(r.Context()); err != nil {
			conn.Close()
			return nil, &handshakeError{err}
		}
		conn = secured
	}
	out := p.forward(r)
	out.Body, body.given = body, true
	return wire.RoundTrip(context.WithoutCancel(r.Context()), conn, out, wire.Limits{})
}

// handshakeError separates a CDN's 525 from its 521.
type handshakeError struct{ error }

func (e *handshakeError) Unwrap() error { return e.error }

func (p *Proxy) forward(r *http.Request) *wire.Request {
	out := &wire.Request{Method: r.Method, Target: r.RequestURI, Header: wire.RawHeader(r).Clone()}
	for _, name := range perHop {
		out.Header.Del(name)
	}
	if r.ProtoMajor == 2 && r.ContentLength > 0 {
		out.Header.Set("Content-Length", fmt.Sprint(r.ContentLength))
	}
	if p.Origin.Cookies == core.CookiesStrip {
		out.Header.Del("Cookie")
	}
	if !p.TrustForwardedHost {
		out.Header.Del("X-Forwarded-Host")
	}
	if p.Origin.ForwardedHost && !out.Header.Has("X-Forwarded-Host") {
		host, _ := out.Header.Get("Host")
		out.Header.Set("X-Forwarded-Host", host)
	}
	for _, change := range p.Change {
		change(out)
	}
	return out
}

func (p *Proxy) fail(w http.ResponseWriter, err error) {
	if p.Fail != nil {
		p.Fail(w, err)
		return
	}
	http.Error(w, "Bad Gateway", http.StatusBadGateway)
}
