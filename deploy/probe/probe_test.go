package probe_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/probe"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const branded = "link.example.com"

// server is a server on loopback, with a certificate for the branded host.
type server struct {
	addr  string
	roots *x509.CertPool

	mu   sync.Mutex
	seen []string // request targets
}

func (s *server) targets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

// serve starts a server; secure gives it TLS.
func serve(t *testing.T, secure bool, answer http.HandlerFunc) *server {
	t.Helper()
	fleet, err := origins.Start(nil, origins.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { fleet.Close() })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{addr: ln.Addr().String(), roots: fleet.CA()}
	w := &wire.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r.RequestURI)
		s.mu.Unlock()
		answer(rw, r)
	})}
	if secure {
		cert, err := fleet.Certificate(branded)
		require.NoError(t, err)
		w.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	}
	go w.Serve(ln)
	t.Cleanup(func() { w.Close() })
	return s
}

func (s *server) client() *probe.Client {
	return &probe.Client{Via: map[string]string{"": s.addr}, Roots: s.roots}
}

func TestDo(t *testing.T) {
	s := serve(t, true, func(w http.ResponseWriter, r *http.Request) {
		_ = w.(wire.HeadWriter).WriteHead(302, wire.NewHeader("LOCATION", "https://a/%zz|", "X-Host", r.Host, "Set-Cookie", "a=1", "set-cookie", "b=2", "Content-Length", "2"))
		_, _ = w.Write([]byte("ok"))
	})
	a, err := s.client().Do(t.Context(), probe.Question{TLS: true, Host: branded, Target: `/f/a b|%/%2F%zz?x="`})
	require.NoError(t, err)
	require.Equal(t, []string{`/f/a b|%/%2F%zz?x="`}, s.targets(), "the target is written as it is, once")
	require.Equal(t, 302, a.Status)
	require.Equal(t, wire.Field{Name: "LOCATION", Value: "https://a/%zz|"}, a.Header[0])
	require.Equal(t, []string{"a=1", "b=2"}, a.Header.Values("Set-Cookie"))
	host, _ := a.Header.Get("X-Host")
	require.Equal(t, branded, host)
	require.Equal(t, "ok", string(a.Body))
	require.False(t, a.Cut)
	require.Equal(t, s.addr, a.Addr.String())
	require.Nil(t, a.Addrs, "no name was looked up")
	require.Equal(t, "TLS 1.3", a.TLS.VersionName())
	require.NoError(t, a.TLS.Err)
	require.Equal(t, 29, a.TLS.DaysLeft(time.Now()))
	require.Zero(t, a.Times.DNS)
	for _, took := range []time.Duration{a.Times.Connect, a.Times.TLS, a.Times.FirstByte, a.Times.Total} {
		require.Positive(t, took)
	}
	require.GreaterOrEqual(t, a.Times.Total, a.Times.Connect+a.Times.TLS+a.Times.FirstByte)
}

func TestQuestionIsKept(t *testing.T) {
	heads := make(chan wire.Header, 1)
	s := serve(t, false, func(_ http.ResponseWriter, r *http.Request) { heads <- wire.RawHeader(r).Clone() })
	_, err := s.client().Do(t.Context(), probe.Question{
		Host: "origin.example.net", Port: 8080, Method: "HEAD", Header: wire.NewHeader("user-agent", "mail"),
	})
	require.NoError(t, err)
	require.Equal(t, wire.NewHeader("Host", "origin.example.net:8080", "user-agent", "mail", "Accept", "*/*", "Connection", "close"), <-heads)
	_, err = s.client().Do(t.Context(), probe.Question{Host: "origin.example.net"})
	require.NoError(t, err)
	require.Equal(t, wire.Field{Name: "Host", Value: "origin.example.net"}, (<-heads)[0])
}

// With an untrusted certificate the request is not sent.
func TestTrust(t *testing.T) {
	s := serve(t, true, func(http.ResponseWriter, *http.Request) {})
	other := probe.Question{TLS: true, Host: "other.example.com"}
	a, err := s.client().Do(t.Context(), other)
	require.Equal(t, probe.StageTrust, stageOf(err))
	require.ErrorAs(t, err, new(x509.HostnameError))
	require.ErrorAs(t, a.TLS.Err, new(x509.HostnameError), "what was learnt is there")
	require.Equal(t, []string{branded}, a.TLS.Leaf().DNSNames)
	require.Empty(t, s.targets())

	late := s.client()
	late.Now = func() time.Time { return time.Now().Add(40 * 24 * time.Hour) }
	_, err = late.Do(t.Context(), probe.Question{TLS: true, Host: branded})
	var invalid x509.CertificateInvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, x509.Expired, invalid.Reason)
	require.Equal(t, -11, a.TLS.DaysLeft(late.Now()))

	stranger := s.client()
	stranger.Roots = x509.NewCertPool()
	_, err = stranger.Do(t.Context(), probe.Question{TLS: true, Host: branded})
	require.ErrorAs(t, err, new(x509.UnknownAuthorityError))
}

func TestHandshake(t *testing.T) {
	plain := serve(t, false, func(http.ResponseWriter, *http.Request) {})
	_, err := plain.client().Do(t.Context(), probe.Question{TLS: true, Host: branded})
	require.Equal(t, probe.StageHandshake, stageOf(err))
}

// resolver answers with these addresses.
type resolver []string

func (r resolver) LookupNetIP(_ context.Context, _, host string) (addrs []netip.Addr, err error) {
	if !strings.HasSuffix(host, ".") {
		return nil, errors.New("a search list would be asked")
	}
	for _, a := range r {
		addrs = append(addrs, netip.MustParseAddr(a))
	}
	return addrs, nil
}

// A Location cannot make the client request a private address.
func TestPrivate(t *testing.T) {
	s := serve(t, false, func(http.ResponseWriter, *http.Request) {})
	inside := netip.MustParseAddrPort(s.addr)
	for name, c := range map[string]struct {
		host string
		list resolver
	}{
		"an address":                {"127.0.0.1", nil},
		"one in IPv6 clothes":       {"::ffff:127.0.0.1", nil},
		"a name":                    {"inside.example.com", resolver{"127.0.0.1"}},
		"a public one before it":    {"inside.example.com", resolver{"93.184.215.14", "127.0.0.1"}},
		"the credentials of clouds": {"169.254.169.254", nil},
		"a mapped answer":           {"inside.example.com", resolver{"::ffff:10.0.0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			client := &probe.Client{Resolver: c.list}
			_, err := client.Do(t.Context(), probe.Question{Host: c.host, Port: inside.Port()})
			require.Equal(t, probe.StagePrivate, stageOf(err), "%v", err)
		})
	}
	require.Empty(t, s.targets())

	open := &probe.Client{Resolver: resolver{"127.0.0.1"}, Private: true}
	a, err := open.Do(t.Context(), probe.Question{Host: "inside.example.com", Port: inside.Port()})
	require.NoError(t, err)
	require.Equal(t, []netip.Addr{inside.Addr()}, a.Addrs)
	require.Positive(t, a.Times.DNS)
}

func TestPublic(t *testing.T) {
	for addr, public := range map[string]bool{
		"93.184.215.14": true, "2606:2800:21f:cb07::1": true, "8.8.8.8": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "255.255.255.255": false, "224.0.0.1": false, "192.0.2.1": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fd00::1": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:8.8.8.8": true, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false,
	} {
		require.Equal(t, public, probe.Public(netip.MustParseAddr(addr)), addr)
	}
}

func TestBounds(t *testing.T) {
	s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 5000)) })
	for most, c := range map[int]struct {
		n   int
		cut bool
	}{-1: {0, false}, 0: {5000, false}, 4999: {4999, true}, 5000: {5000, false}} {
		client := s.client()
		client.MaxBody = most
		a, err := client.Do(t.Context(), probe.Question{Host: branded})
		require.NoError(t, err)
		require.Len(t, a.Body, c.n)
		require.Equal(t, c.cut, a.Cut)
	}

	never := make(chan struct{})
	slow := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI == "/body" {
			_ = w.(wire.HeadWriter).WriteHead(200, wire.NewHeader("Content-Length", "10"))
			_, _ = w.Write([]byte("half"))
			w.(http.Flusher).Flush()
		}
		<-never
	})
	t.Cleanup(func() { close(never) }) // before the server is closed, which waits for its handlers
	client := slow.client()
	client.Timeout = 300 * time.Millisecond
	_, err := client.Do(t.Context(), probe.Question{Host: branded})
	require.Equal(t, probe.StageAnswer, stageOf(err))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	a, err := client.Do(t.Context(), probe.Question{Host: branded, Target: "/body"})
	require.NoError(t, err, "the head is there")
	require.Equal(t, "half", string(a.Body))
	require.ErrorIs(t, a.BodyErr, context.DeadlineExceeded)
}

func TestBadAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"no HTTP":           "SSH-2.0-OpenSSH\r\n\r\n",
		"nothing":           "",
		"half a head":       "HTTP/1.1 200 OK\r\nA: b",
		"a control":         "HTTP/1.1 302 Found\r\nLocation: https://a/\x01\r\n\r\n",
		"an endless head":   "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 300),
		"contradicting":     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"HTTP/2 by mistake": "\x00\x00\x00\x04\x00\x00\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer ln.Close()
			go func() {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				_, _ = http.ReadRequest(bufio.NewReader(conn))
				_, _ = conn.Write([]byte(answer))
			}()
			client := &probe.Client{Via: map[string]string{"": ln.Addr().String()}}
			_, err = client.Do(t.Context(), probe.Question{Host: branded})
			require.Equal(t, probe.StageAnswer, stageOf(err), "%v", err)
		})
	}
}

func TestCannotAsk(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ln.Close()
	dead := &probe.Client{Via: map[string]string{"": ln.Addr().String()}}
	_, err = dead.Do(t.Context(), probe.Question{Host: branded})
	require.Equal(t, probe.StageConnect, stageOf(err))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)

	for _, q := range []probe.Question{{}, {Host: "a b"}, {Host: "user@a"}, {Host: "a/b"}} {
		_, err = dead.Do(t.Context(), q)
		require.Equal(t, probe.StageAsk, stageOf(err), "%q", q.Host)
	}
	bad := &probe.Client{Via: map[string]string{"": "host:port"}}
	_, err = bad.Do(t.Context(), probe.Question{Host: branded})
	require.Equal(t, probe.StageAsk, stageOf(err))
	nobody := &probe.Client{Resolver: resolver{}}
	_, err = nobody.Do(t.Context(), probe.Question{Host: branded})
	require.Equal(t, probe.StageDNS, stageOf(err))
}

func TestCheckAddr(t *testing.T) {
	for addr, ok := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:1": true, "[::1]:443": true, "::1": true, "[::1]": true, "edge.example.net": true,
		"edge.example.net:8443": true, "": false, ":443": false, "a:": false, "a:0": false, "a:65536": false, "a:b": false,
		"https://a": false, "[::1": false, "a b": false, "a:1:2": false,
	} {
		if err := probe.CheckAddr(addr); ok {
			require.NoError(t, err, addr)
		} else {
			require.Error(t, err, addr)
		}
	}
}

// stageOf returns the stage of an error of the package, "" for others.
func stageOf(err error) probe.Stage {
	if e := (*probe.Error)(nil); errors.As(err, &e) {
		return e.Stage
	}
	return ""
}
