package doctortest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/hostsim/wire"
)

func ask(t *testing.T, network, addr, name string, kind uint16) *dns.Msg {
	t.Helper()
	client := dns.Client{Net: network, Timeout: 10 * time.Second}
	reply, _, err := client.Exchange(new(dns.Msg).SetQuestion(name, kind), addr)
	require.NoError(t, err)
	return reply
}

func TestNameServer(t *testing.T) {
	s := StartNameServer(t, `
		link.example.com.  CNAME edge.example.net.
		edge.example.net.  A 198.51.100.10
		edge.example.net.  AAAA 2001:db8::10
		loop.example.com.  CNAME pool.example.com.
		pool.example.com.  CNAME loop.example.com.
		lost.example.com.  CNAME gone.example.net.
		ill.example.com.   CNAME bad.example.net.
		!servfail bad.example.net
		!refused no.example.com
		!servfail link.example.com CAA
		!truncate long.example.com
		long.example.com. A 198.51.100.11
	`)
	for name, tc := range map[string]struct {
		ask     string
		kind    uint16
		rcode   int
		answers int
	}{
		"the whole chain":               {"LINK.example.com.", dns.TypeA, dns.RcodeSuccess, 2},
		"over IPv6":                     {"link.example.com.", dns.TypeAAAA, dns.RcodeSuccess, 2},
		"the alias itself":              {"link.example.com.", dns.TypeCNAME, dns.RcodeSuccess, 1},
		"no record of the type":         {"edge.example.net.", dns.TypeMX, dns.RcodeSuccess, 0},
		"no such name":                  {"other.example.com.", dns.TypeA, dns.RcodeNameError, 0},
		"names below it only":           {"example.com.", dns.TypeA, dns.RcodeSuccess, 0},
		"alias to nothing":              {"lost.example.com.", dns.TypeA, dns.RcodeNameError, 1},
		"aliases in a circle":           {"loop.example.com.", dns.TypeA, dns.RcodeServerFailure, 0},
		"alias to what fails":           {"ill.example.com.", dns.TypeA, dns.RcodeServerFailure, 0},
		"refused":                       {"no.example.com.", dns.TypeA, dns.RcodeRefused, 0},
		"fails for one type":            {"link.example.com.", dns.TypeCAA, dns.RcodeServerFailure, 0},
		"over TCP what is cut over UDP": {"long.example.com.", dns.TypeA, dns.RcodeSuccess, 1},
	} {
		t.Run(name, func(t *testing.T) {
			reply := ask(t, "tcp", s.Addr, tc.ask, tc.kind)
			require.Equal(t, tc.rcode, reply.Rcode)
			require.Len(t, reply.Answer, tc.answers)
		})
	}
	cut := ask(t, "udp", s.Addr, "long.example.com.", dns.TypeA)
	require.True(t, cut.Truncated)
	require.Empty(t, cut.Answer)
	require.Contains(t, s.Asked(), "link.example.com CAA")
}

func TestNameServerSilent(t *testing.T) {
	s := StartNameServer(t, "!silent link.example.com")
	client := dns.Client{Timeout: 50 * time.Millisecond}
	_, _, err := client.Exchange(new(dns.Msg).SetQuestion("link.example.com.", dns.TypeA), s.Addr)
	var timeout net.Error
	require.True(t, errors.As(err, &timeout) && timeout.Timeout(), "%v", err)
	require.Equal(t, []string{"link.example.com A"}, s.Asked())
}

func TestRecordsWithMistakes(t *testing.T) {
	for _, text := range []string{"!sulk link.example.com", "!silent", "!silent a.example b.example c.example", "!silent a.example NOTATYPE", "link.example.com. A nothing"} {
		_, err := parseZone(text)
		require.Error(t, err, text)
	}
}

// verify holds a certificate as a browser would, at the authority's time.
func verify(a *Authority, cert tls.Certificate, name string) error {
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return err
	}
	between := x509.NewCertPool()
	for _, der := range cert.Certificate[1:] {
		more, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		between.AddCert(more)
	}
	_, err = leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: a.Roots(), Intermediates: between, CurrentTime: a.now})
	return err
}

func TestCertificates(t *testing.T) {
	a := NewAuthority(t)
	const host = "link.example.com"
	own := []string{host}
	for name, tc := range map[string]struct {
		cert Cert
		want any // nil, or what errors.As finds
	}{
		"good":               {Cert{Names: own}, nil},
		"good, P-384":        {Cert{Names: own, Key: "p384"}, nil},
		"good, P-521":        {Cert{Names: own, Key: "p521"}, nil},
		"good, RSA":          {Cert{Names: own, Key: "rsa2048"}, nil},
		"good, Ed25519":      {Cert{Names: own, Key: "ed25519"}, nil},
		"good for five days": {Cert{Names: own, Left: 5 * Day}, nil},
		"wildcard":           {Cert{Names: []string{"*.example.com"}}, nil},
		"other name":         {Cert{Names: []string{"www.example.com"}}, new(x509.HostnameError)},
		"expired":            {Cert{Names: own, Left: -Day}, new(x509.CertificateInvalidError)},
		"not yet":            {Cert{Names: own, Starts: Day}, new(x509.CertificateInvalidError)},
		"alone":              {Cert{Names: own, Alone: true}, new(x509.UnknownAuthorityError)},
		"self-signed":        {Cert{Names: own, Issuer: "self"}, new(x509.UnknownAuthorityError)},
		"stranger":           {Cert{Names: own, Issuer: "stranger"}, new(x509.UnknownAuthorityError)},
		"for clients":        {Cert{Names: own, ClientOnly: true}, new(x509.CertificateInvalidError)},
	} {
		t.Run(name, func(t *testing.T) {
			err := verify(a, a.Issue(t, tc.cert), host)
			if tc.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorAs(t, err, tc.want)
		})
	}
}

func TestStaples(t *testing.T) {
	a := NewAuthority(t)
	for status, want := range map[string]int{"good": ocsp.Good, "revoked": ocsp.Revoked, "unknown": ocsp.Unknown, "old": ocsp.Good} {
		cert := a.Issue(t, Cert{Names: []string{"link.example.com"}, Staple: status, SCT: true})
		answer, err := ocsp.ParseResponse(cert.OCSPStaple, a.intermediate.cert)
		require.NoError(t, err)
		require.Equal(t, want, answer.Status)
		require.Equal(t, status == "old", answer.NextUpdate.Before(a.now))
		require.Len(t, cert.SignedCertificateTimestamps, 1)
	}
}

// The look-alikes answer as what they look like, over HTTP/2 as well.
func TestFrontOverHTTP2(t *testing.T) {
	s, ok := Find("cloudflare")
	require.True(t, ok)
	r := s.Start(t)
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return r.Dial(ctx, network, FrontAddr+":443")
		},
		TLSClientConfig:   &tls.Config{RootCAs: r.Roots},
		ForceAttemptHTTP2: true,
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequest(http.MethodGet, "https://"+r.Host+r.Sample(esp.KindClick), nil)
	require.NoError(t, err)
	resp, err := transport.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, 2, resp.ProtoMajor)
	require.Equal(t, http.StatusFound, resp.StatusCode)
	require.Equal(t, "https://shop.example.com/a?b=1&c=2", resp.Header.Get("Location"))
	require.Equal(t, "cloudflare", resp.Header.Get("Server"))
	require.Equal(t, r.Host, r.Seen()[0].Host())
}

func TestDialKnowsTheLabOnly(t *testing.T) {
	s := Setup{Change: func(w *World) {
		w.Refused, w.Dropped = []string{FrontAddr + ":80"}, []string{ParentAddr + ":443"}
	}}
	r := s.Start(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	for at, want := range map[string]error{
		FrontAddr + ":80":     syscall.ECONNREFUSED,
		FrontAddr + ":8443":   syscall.ECONNREFUSED,
		ParentAddr + ":443":   context.DeadlineExceeded,
		"192.0.2.1:443":       syscall.ECONNREFUSED,
		"www.example.org:443": syscall.ECONNREFUSED,
	} {
		_, err := r.Dial(ctx, "tcp", at)
		require.ErrorIs(t, err, want, at)
	}
	require.ElementsMatch(t, []string{"192.0.2.1:443", "www.example.org:443"}, r.Strange())
	require.Len(t, r.Dialled(), 5)
	require.Empty(t, r.Asked())
}

// Every mistake of a proxy, by what becomes of one request.
func TestChanges(t *testing.T) {
	const target = "/CL0/https:%2F%2Fshop.example.com%2Fa%3Fb//1?c=%2F"
	for name, tc := range map[string]struct {
		change Change
		want   string
	}{
		"query dropped":  {DropQuery, "/CL0/https:%2F%2Fshop.example.com%2Fa%3Fb//1"},
		"path dropped":   {DropPath, "/?c=%2F"},
		"path decoded":   {DecodePath, "/CL0/https://shop.example.com/a%3Fb//1?c=%2F"},
		"slashes merged": {MergeSlashes, "/CL0/https:%2F%2Fshop.example.com%2Fa%3Fb/1?c=%2F"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &wire.Request{Target: target}
			tc.change(r)
			require.Equal(t, tc.want, r.Target)
		})
	}
}

func TestWraps(t *testing.T) {
	calls := 0
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		Answer(http.StatusFound, r.RequestURI, "Location", "https://shop.example.com/", "Set-Cookie", "a=b", "Cache-Control", "no-store")(w, r)
	})
	get := func(h http.Handler, target string) *http.Response {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, target, nil)
		r.Host = "link.example.com:8080"
		h.ServeHTTP(w, r)
		return w.Result()
	}
	cached := Cache(ByPath, CloudFrontMark)(echo)
	require.Equal(t, "Miss from cloudfront", get(cached, "/a?b").Header.Get("X-Cache"))
	again := get(cached, "/a?c")
	body, err := io.ReadAll(again.Body)
	require.NoError(t, err)
	require.Equal(t, "Hit from cloudfront", again.Header.Get("X-Cache"))
	require.Equal(t, "/a?b", string(body), "the answer to the first")
	require.Equal(t, 1, calls)
	require.Equal(t, http.StatusMovedPermanently, get(Permanent(echo), "/").StatusCode)
	require.Empty(t, get(Without("Set-Cookie")(echo), "/").Header.Get("Set-Cookie"))
	require.Equal(t, "public", get(Say("Cache-Control", "public")(echo), "/").Header.Get("Cache-Control"))
	require.Equal(t, "gzip", get(Gzip(echo), "/").Header.Get("Content-Encoding"))
	require.Equal(t, "https://link.example.com/x?y", get(When(Always, RedirectTo(301, "https://{host}{target}"))(echo), "/x?y").Header.Get("Location"))
}

// Two names behind one port, each with the certificate of its own.
func TestLoopback(t *testing.T) {
	s, ok := Find("second-record-kept")
	require.True(t, ok)
	r := s.Start(t)
	l := r.Loopback(t)
	pem, err := os.ReadFile(l.CAFile)
	require.NoError(t, err)
	require.Equal(t, string(r.RootsPEM()), string(pem))
	for _, name := range []string{r.Host, "example.com", "sendgrid.net"} {
		conn, err := tls.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(l.HTTPSPort)), &tls.Config{RootCAs: r.Roots, ServerName: name})
		require.NoError(t, err, name)
		require.NoError(t, conn.Close())
	}
	for _, rr := range ask(t, "udp", l.Resolvers[0], r.Host+".", dns.TypeA).Answer {
		if a, ok := rr.(*dns.A); ok {
			require.Equal(t, "127.0.0.1", a.A.String())
		}
	}
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(l.HTTPPort)))
	require.NoError(t, err)
	resp, err := wire.RoundTrip(context.Background(), conn, &wire.Request{
		Method: "GET", Target: r.Sample(esp.KindClick), Header: wire.NewHeader("Host", r.Host+":"+strconv.Itoa(l.HTTPPort)), Body: strings.NewReader(""),
	}, wire.Limits{})
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 302, resp.Status, "old mail's links work over http")
}

// What is refused in the lab is refused on loopback.
func TestLoopbackRefuses(t *testing.T) {
	s, ok := Find("https-refused")
	require.True(t, ok)
	l := s.Start(t).Loopback(t)
	_, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(l.HTTPSPort)))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

// nginx that does not come up is a failure with nginx's own words, and none is
// left behind.
func TestNginxFails(t *testing.T) {
	nginx := realServers[Nginx]
	findServer(t, &nginx)
	failed := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := Setup{Front: Nginx, Secure: "no_such_directive on;"}
		conn, err := s.Start(failed).Dial(context.Background(), "tcp", FrontAddr+":443")
		if err == nil {
			_, _ = conn.Read(make([]byte, 1)) // ends when nginx has
			conn.Close()
		}
		failed.end()
	}()
	<-done
	require.Contains(t, failed.said, `unknown directive "no_such_directive"`)
}

// failing is a test that fails within another: it keeps what Errorf says, and
// runs its clean-ups when told.
type failing struct {
	testing.TB
	said    string
	cleanup []func()
}

func (f *failing) Cleanup(do func()) { f.cleanup = append(f.cleanup, do) }

func (f *failing) Errorf(format string, args ...any) {
	for _, a := range args {
		if s, ok := a.(string); ok {
			f.said += s
		}
	}
}

func (f *failing) end() {
	for i := len(f.cleanup) - 1; i >= 0; i-- {
		f.cleanup[i]()
	}
}
