package server

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// espServer is an origin on loopback, with the certificate of its name, that
// counts its connections.
type espServer struct {
	*wire.Server
	addr  string
	dials atomic.Int64
}

func newESP(t *testing.T, handler http.Handler) (*espServer, *Pool) {
	t.Helper()
	ca, err := origins.NewAuthority("test")
	require.NoError(t, err)
	cert, err := ca.Issue("esp.example.net")
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := newCertificate("", "")
	c.Put(&cert)
	e := &espServer{Server: &wire.Server{Handler: handler, TLSConfig: c.config()}, addr: ln.Addr().String()}
	go e.Serve(ln)
	t.Cleanup(func() { e.Close() })
	p := &Pool{Roots: ca.Pool(), Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		e.dials.Add(1)
		return new(net.Dialer).DialContext(ctx, network, e.addr)
	}}
	t.Cleanup(p.Close)
	return e, p
}

var espOrigin = &core.Origin{Address: "esp.example.net", Port: 443, TLS: true}

func getRequest() *wire.Request {
	return &wire.Request{Method: "GET", Target: "/", Header: wire.NewHeader("Host", "link.example.com")}
}

// ask sends one request and reads the answer.
func ask(t *testing.T, p *Pool, o *core.Origin, req *wire.Request) string {
	t.Helper()
	resp, err := p.Send(t.Context(), o, req)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return string(body)
}

var sayName = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host+" at "+r.TLS.ServerName) })

func TestPoolKeepsConnections(t *testing.T) {
	e, p := newESP(t, sayName)
	for range 5 {
		require.Equal(t, "link.example.com at esp.example.net", ask(t, p, espOrigin, getRequest()))
	}
	require.EqualValues(t, 1, e.dials.Load())
	post := getRequest()
	post.Method = "POST"
	ask(t, p, espOrigin, post)
	require.EqualValues(t, 2, e.dials.Load(), "what must not be sent twice gets a connection that is new")
	require.Len(t, p.origins[place{"esp.example.net", 443, true}].idle, 2)
	p.Close()
	require.Empty(t, p.origins)
	ask(t, p, espOrigin, getRequest())
	require.Empty(t, p.origins, "nothing is kept any more")
}

// What the origin has closed, and what is old, is not used again.
func TestPoolForgetsOldConnections(t *testing.T) {
	e, p := newESP(t, sayName)
	at := place{"esp.example.net", 443, true}
	idle := func() *pooled { return p.origins[at].idle[0] }
	ask(t, p, espOrigin, getRequest())
	idle().made = time.Now().Add(-wholeAge)
	ask(t, p, espOrigin, getRequest())
	require.EqualValues(t, 2, e.dials.Load(), "its name may lead elsewhere by now")
	idle().since = time.Now().Add(-idleTime)
	ask(t, p, espOrigin, getRequest())
	require.EqualValues(t, 3, e.dials.Load())
	idle().since = time.Now().Add(-idleTime)
	p.sweep()
	require.Empty(t, p.origins)
	ask(t, p, espOrigin, getRequest())
	c := idle()
	require.NoError(t, e.Close()) // as a server that is started anew
	require.Eventually(t, func() bool { return !c.Quiet() }, 10*time.Second, time.Millisecond)
	_, err := p.Send(t.Context(), espOrigin, getRequest())
	require.Equal(t, senderror.TagConnectionRefused, tagOf(t, err), "it is not sent on the old one")
}

func tagOf(t *testing.T, err error) senderror.Tag {
	t.Helper()
	e := new(senderror.Error)
	require.ErrorAs(t, err, &e)
	return e.Tag
}

func TestPoolFails(t *testing.T) {
	e, p := newESP(t, sayName)
	_, err := p.Send(t.Context(), &core.Origin{Address: "other.example.net", Port: 443, TLS: true}, getRequest())
	require.Equal(t, senderror.TagTLSCertificateError, tagOf(t, err), "another's certificate")
	_, err = p.Send(t.Context(), &core.Origin{Address: "esp.example.net", Port: 80}, getRequest())
	require.NotZero(t, tagOf(t, err), "http to a port with TLS")
	require.Empty(t, p.origins, "nothing is counted that has ended")
	p.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, &net.DNSError{IsNotFound: true} }
	_, err = p.Send(t.Context(), espOrigin, getRequest())
	require.Equal(t, senderror.TagDNSError, tagOf(t, err))
	require.Empty(t, p.origins)
	_ = e
}

// Beyond the most connections an origin counts as not reached. An idle one makes
// room.
func TestPoolIsBounded(t *testing.T) {
	enter, leave := make(chan struct{}), make(chan struct{})
	_, p := newESP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		enter <- struct{}{}
		<-leave
	}))
	p.Most = 1
	go ask(t, p, espOrigin, getRequest())
	<-enter
	_, err := p.Send(t.Context(), espOrigin, getRequest())
	require.Equal(t, "connection_limit_reached", outcome.Failure(tagOf(t, err)).String())
	require.True(t, outcome.Failure(tagOf(t, err)).Unreached())
	leave <- struct{}{}
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.origins[place{"esp.example.net", 443, true}].idle) == 1
	}, 10*time.Second, time.Millisecond)
	post := getRequest()
	post.Method = "POST"
	go func() { <-enter; leave <- struct{}{} }()
	ask(t, p, espOrigin, post)
}

// An origin that has begun an answer and then stops is given up.
func TestPoolBoundsPauses(t *testing.T) {
	_, p := newESP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "2")
		io.WriteString(w, "a")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	resp, err := p.Send(t.Context(), espOrigin, getRequest())
	require.NoError(t, err)
	_, err = resp.Body.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Empty(t, p.origins, "half an answer ends the connection")
	_, err = resp.Body.Read(make([]byte, 1))
	require.True(t, errors.Is(err, net.ErrClosed), err)
}

// plainOrigins are asked without TLS.
type plainOrigins struct{ *Pool }

func (p plainOrigins) Send(ctx context.Context, o *core.Origin, req *wire.Request) (*wire.Response, error) {
	plain := *o
	plain.TLS = false
	return p.Pool.Send(ctx, &plain, req)
}
