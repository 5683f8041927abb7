package hostsim

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// authority makes a CA pool and a certificate for name.
func authority(t testing.TB, name string) (*x509.CertPool, tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// tlsOrigin answers with the SNI it was given and the exact target.
func tlsOrigin(t testing.TB, config *tls.Config) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &wire.Server{TLSConfig: config, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "sni="+r.TLS.ServerName+" host="+r.Host+" target="+r.RequestURI)
	})}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return "https://" + ln.Addr().String()
}

func TestTLSBackends(t *testing.T) {
	pool, cert := authority(t, "cert.example.net")
	url := tlsOrigin(t, &tls.Config{Certificates: []tls.Certificate{cert}})
	clientPool, clientCert := authority(t, "client")
	mutual := tlsOrigin(t, &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: clientPool, ClientAuth: tls.RequireAndVerifyClientCert})
	cases := []struct {
		name    string
		backend Backend
		want    string
	}{
		{"sni differs from host and certificate", Backend{URL: url, CA: pool, CertHost: "cert.example.net", SNI: "sni.example.net", Host: "host.example.net"},
			"sni=sni.example.net host=host.example.net target=/%zz//x|y"},
		{"sni is the certificate's name", Backend{URL: url, CA: pool, CertHost: "cert.example.net"}, "sni=cert.example.net host=example.com target=/%zz//x|y"},
		{"no sni", Backend{URL: url, CA: pool, CertHost: "cert.example.net", NoSNI: true}, "sni= host=example.com target=/%zz//x|y"},
		{"unverified", Backend{URL: url, SkipVerify: true}, "sni= host=example.com target=/%zz//x|y"},
		{"client certificate", Backend{URL: mutual, CA: pool, CertHost: "cert.example.net", ClientCert: &clientCert}, "sni=cert.example.net host=example.com target=/%zz//x|y"},
		{"wrong name", Backend{URL: url, CA: pool, CertHost: "other.example.net"}, "status 1 tag 11 alert 0"},
		{"unknown authority", Backend{URL: url, CertHost: "cert.example.net"}, "status 1 tag 11 alert 0"},
		{"client certificate missing", Backend{URL: mutual, CA: pool, CertHost: "cert.example.net"}, "status 1 tag 23 alert 116"},
		{"plain to a tls port", Backend{URL: strings.Replace(url, "https", "http", 1)}, "status 9 tag 8 alert 0"},
		{"tls to a plain port", Backend{URL: strings.Replace(misbehave(t, "HTTP/1.1 400 Bad Request\r\n\r\n", false), "http", "https", 1)}, "status 1 tag 24 alert 0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": c.backend}})
			resp, x := do(t, h, &Request{Target: "/%zz//x|y"})
			require.Equal(t, c.want, string(resp.Body), "%v", x.Sent)
		})
	}
}

// misbehave answers each connection with fixed bytes, or not at all, and then
// closes it.
func misbehave(t testing.TB, answer string, silent bool) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				br := bufio.NewReader(conn)
				if !silent || answer != "" {
					http.ReadRequest(br)
				}
				io.WriteString(conn, answer)
				if silent {
					io.Copy(io.Discard, br) // until the other side closes
				}
			}()
		}
	}()
	return "http://" + ln.Addr().String()
}

func closedPort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ln.Close()
	return "http://" + ln.Addr().String()
}

func TestSendErrors(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	silentTLS := strings.Replace(misbehave(t, "", true), "http:", "https:", 1)
	cases := []struct {
		name    string
		backend Backend
		status  Status
		tag     senderror.Tag
	}{
		{"refused", Backend{URL: closedPort(t)}, StatusError, senderror.TagConnectionRefused},
		{"connect timeout", Backend{URL: silentTLS, ConnectTimeout: 50 * time.Millisecond}, StatusError, senderror.TagConnectionTimeout},
		{"first byte timeout", Backend{URL: misbehave(t, "", true), FirstByteTimeout: 50 * time.Millisecond}, StatusError, senderror.TagHTTPResponseTimeout},
		{"no dns", Backend{URL: "http://does-not-exist.invalid"}, StatusError, senderror.TagDNSError},
		{"closed at once", Backend{URL: misbehave(t, "", false)}, StatusHTTPIncomplete, senderror.TagConnectionTerminated},
		{"half a head", Backend{URL: misbehave(t, head+"A: b\r\n", false)}, StatusHTTPIncomplete, senderror.TagHTTPIncompleteResponse},
		{"not http", Backend{URL: misbehave(t, "SSH-2.0-x\r\n\r\n", false)}, StatusHTTPInvalid, senderror.TagHTTPProtocolError},
		{"status", Backend{URL: misbehave(t, "HTTP/1.1 099 X\r\n\r\n", false)}, StatusHTTPInvalid, senderror.TagHTTPStatusInvalid},
		{"both lengths", Backend{URL: misbehave(t, head+"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", false)}, StatusHTTPInvalid, senderror.TagHTTPProtocolError},
		{"huge head", Backend{URL: misbehave(t, head+"A: "+strings.Repeat("x", 200_000)+"\r\n\r\n", false)}, StatusHTTPInvalid, senderror.TagHTTPHeadTooLarge},
		{"unknown backend", Backend{}, StatusInval, senderror.TagDestinationNotFound},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := Config{Backends: map[string]Backend{"origin": c.backend}}
			if c.backend.URL == "" {
				cfg.Backends = nil
			}
			h := newHost(t, "raw", cfg)
			resp, x := do(t, h, &Request{})
			if c.tag == senderror.TagDNSError && strings.Contains(string(resp.Body), "tag 2 ") {
				t.Skip("the resolver here does not answer")
			}
			require.Equal(t, "status "+strconv.Itoa(int(c.status))+" tag "+strconv.Itoa(int(c.tag))+" alert 0", string(resp.Body), "%v", x.Sent)
			if cfg.Backends != nil {
				require.ErrorContains(t, x.Sent[0].Err, c.tag.String())
			}
		})
	}
}

func TestBodiesThatBreakOff(t *testing.T) {
	cases := map[string]Backend{
		"short":   {URL: misbehave(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false)},
		"chunked": {URL: misbehave(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", false)},
		"silent":  {URL: misbehave(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", true), BetweenBytesTimeout: 50 * time.Millisecond},
	}
	for name, backend := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": backend}})
			resp, x, err := h.Do(context.Background(), &Request{})
			require.Error(t, err)
			require.Equal(t, "half", string(resp.Body))
			require.Equal(t, 200, x.Sent[0].Status)
		})
	}
}

// The time limit holds for a body that nobody but the client waits for any
// more.
func TestTimeLimitOnBody(t *testing.T) {
	backend := Backend{URL: misbehave(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", true), BetweenBytesTimeout: -1}
	h := newHost(t, "raw", Config{Limits: Limits{Time: 300 * time.Millisecond}, Backends: map[string]Backend{"origin": backend}})
	resp, x, err := h.Do(context.Background(), &Request{})
	require.ErrorIs(t, err, errTimeLimit)
	require.Equal(t, "half", string(resp.Body))
	require.True(t, x.Ending.OK(), "the guest had ended before")
}

// A request that the guest starts and does not wait for still goes out, and the
// exchange has its outcome.
func TestForgottenRequest(t *testing.T) {
	hit := make(chan string, 1)
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hit <- r.Host + r.RequestURI
		w.WriteHeader(204)
	})}}})
	resp, x := do(t, h, &Request{Target: "/forget/beacon"})
	require.Equal(t, "forgotten", string(resp.Body))
	require.Equal(t, "origin.example/beacon", <-hit)
	require.Equal(t, 204, x.Sent[0].Status)
}

func TestPendingHandedOver(t *testing.T) {
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(418)
	})}}})
	resp, _ := do(t, h, &Request{Target: "/pending"})
	require.Equal(t, 418, resp.Status)
	h = newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {URL: closedPort(t)}}})
	resp, _ = do(t, h, &Request{Target: "/pending"})
	require.Equal(t, 502, resp.Status)
	h = newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {URL: misbehave(t, "", true), FirstByteTimeout: 50 * time.Millisecond}}})
	resp, _ = do(t, h, &Request{Target: "/pending"})
	require.Equal(t, 504, resp.Status)
}
