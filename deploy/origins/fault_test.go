package origins

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFaultNames(t *testing.T) {
	for f := Up; f <= Drip; f++ {
		got, err := ParseFault(f.String())
		require.NoError(t, err)
		require.Equal(t, f, got)
	}
	_, err := ParseFault("sulky")
	require.ErrorContains(t, err, `unknown fault "sulky": use one of up, refuse, reset, slow, 500, 429, wrong-location, drip`)
	require.Equal(t, "fault 99", Fault(99).String())
}

func TestSetFaultErrors(t *testing.T) {
	f := start(t, Options{})
	require.ErrorContains(t, f.SetFault("nobody", Slow), `unknown backend "nobody"`)
	require.ErrorContains(t, f.SetFault("mailgun", Fault(99)), "unknown fault 99")
}

func TestStatusFaults(t *testing.T) {
	f := start(t, Options{})
	for fault, status := range map[Fault]int{ServerError: 500, TooMany: 429, Up: 200} {
		require.NoError(t, f.SetFault("mailgun", fault))
		a := call(t, f, "mailgun", ask{target: "/o/x"})
		require.Equal(t, status, a.status)
		require.Equal(t, fault == TooMany, a.header.Has("Retry-After"))
		require.Equal(t, 200, call(t, f, "sendgrid", ask{target: "/wf/open"}).status, "the others are well")
	}
}

func TestWrongLocation(t *testing.T) {
	f := start(t, Options{})
	require.NoError(t, f.SetFault("mailjet", WrongLocation))
	a := call(t, f, "mailjet", ask{target: mailjetLink("https://shop.example.com/")})
	require.Equal(t, 307, a.status)
	require.Equal(t, WrongDestination, a.get("Location"))
	require.Equal(t, 200, call(t, f, "mailjet", ask{target: "/oo/a/b/e.gif"}).status)
}

func TestRefuse(t *testing.T) {
	f := start(t, Options{})
	addr, standing := f.Addr("sendgrid"), dial(t, f, "sendgrid")
	require.NoError(t, standing.(*tls.Conn).Handshake())
	require.NoError(t, f.SetFault("sendgrid", Refuse))
	require.NoError(t, f.SetFault("sendgrid", Refuse), "again")
	_, err := net.Dial("tcp", addr)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	_, err = standing.Read(make([]byte, 1))
	require.Error(t, err, "connections that stood are dropped")
	require.NoError(t, standing.(*tls.Conn).NetConn().Close())

	require.NoError(t, f.SetFault("sendgrid", Up))
	require.Equal(t, addr, f.Addr("sendgrid"))
	require.Equal(t, 200, call(t, f, "sendgrid", ask{target: "/wf/open"}).status)
}

// While an origin refuses, no other listener and no client of the machine gets
// its port.
func TestRefuseKeepsItsPort(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a port cannot be held there")
	}
	f := start(t, Options{})
	require.NoError(t, f.SetFault("sendgrid", Refuse))
	_, err := net.Listen("tcp4", f.Addr("sendgrid"))
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	_, err = net.Dial("tcp", f.Addr("sendgrid"))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.NoError(t, f.SetFault("sendgrid", Up))
	require.Equal(t, 200, call(t, f, "sendgrid", ask{target: "/wf/open"}).status)
}

// Where a port cannot be held and is taken while the origin refuses, SetFault
// says so and the origin still refuses.
func TestRefuseCannotComeBack(t *testing.T) {
	f := start(t, Options{})
	require.NoError(t, f.SetFault("sendgrid", Refuse))
	f.origins["sendgrid"].each(func(p *port) { p.free() })
	thief, err := net.Listen("tcp4", f.Addr("sendgrid"))
	require.NoError(t, err)
	require.ErrorContains(t, f.SetFault("sendgrid", Up), `backend "sendgrid": listen again`)
	fault, _ := f.origins["sendgrid"].fault.get()
	require.Equal(t, Refuse, fault)
	require.NoError(t, thief.Close())
	require.NoError(t, f.SetFault("sendgrid", Up))
}

func TestReset(t *testing.T) {
	f := start(t, Options{})
	for _, backend := range []string{"mailgun", "customerio-eu"} {
		require.NoError(t, f.SetFault(backend, Reset))
		_, err := try(dial(t, f, backend), ask{target: "/o/x"})
		require.True(t, errors.Is(err, syscall.ECONNRESET), "%v", err)
	}
	require.Len(t, f.Seen(), 2, "the request had arrived")
}

func TestSlow(t *testing.T) {
	f := start(t, Options{})
	for _, tc := range []struct {
		then   Fault
		status int
	}{{Up, 200}, {ServerError, 500}} {
		f.Forget()
		require.NoError(t, f.SetFault("mailgun", Slow))
		answered := make(chan answer, 1)
		conn := dial(t, f, "mailgun")
		go func() {
			a, _ := try(conn, ask{target: "/o/x"})
			answered <- a
		}()
		require.Eventually(t, func() bool { return len(f.Seen()) == 1 }, 10*time.Second, time.Millisecond)
		require.NoError(t, f.SetFault("mailgun", Slow), "still slow: the request goes on waiting")
		require.Empty(t, answered)
		require.NoError(t, f.SetFault("mailgun", tc.then))
		require.Equal(t, tc.status, (<-answered).status)
	}
}

// The answer comes byte by byte, and whole.
func TestDrip(t *testing.T) {
	f := start(t, Options{})
	require.NoError(t, f.SetFault("mailjet", Drip))
	a := call(t, f, "mailjet", ask{target: mailjetLink("https://shop.example.com/")})
	require.Equal(t, "https://shop.example.com/", a.get("Location"))
}

// When a client gives up, its request does not wait on.
func TestSlowClientGoes(t *testing.T) {
	f := start(t, Options{})
	require.NoError(t, f.SetFault("mailgun", Slow))
	conn := dial(t, f, "mailgun")
	_, err := io.WriteString(conn, "GET /o/x HTTP/1.1\r\nHost: link.example.com\r\n\r\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(f.Seen()) == 1 }, 10*time.Second, time.Millisecond)
	require.NoError(t, conn.Close())
	p := f.origins["mailgun"].port
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.conns) == 0
	}, 10*time.Second, time.Millisecond)
}

// Over http the same origin answers and fails on a second port.
func TestPlainToo(t *testing.T) {
	f := start(t, Options{PlainToo: true})
	require.Empty(t, start(t, Options{}).PlainAddr("ses"))
	require.Empty(t, f.PlainAddr("nobody"))
	require.Equal(t, f.Addr("mailgun"), f.PlainAddr("mailgun"))
	overHTTP := func() (answer, error) {
		conn, err := net.Dial("tcp", f.PlainAddr("ses"))
		require.NoError(t, err)
		return try(conn, ask{method: "HEAD", target: "/favicon.ico"})
	}
	a, err := overHTTP()
	require.NoError(t, err)
	require.Equal(t, "http", a.get("x-amz-ses-request-protocol"))
	require.NoError(t, f.SetFault("ses", Reset))
	_, err = overHTTP()
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.NoError(t, f.SetFault("ses", Refuse))
	_, err = net.Dial("tcp", f.PlainAddr("ses"))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.NoError(t, f.SetFault("ses", Up))
	_, err = overHTTP()
	require.NoError(t, err)
}
