package hostsim_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// hand runs a guest written in Go.
func hand(t *testing.T, cfg hostsim.Config, guest func(handGuest)) *hostsim.Host {
	t.Helper()
	cfg.Engine = script(func(g *hostsim.Guest, m flat) (err error) {
		defer func() {
			if over, ok := recover().(error); ok {
				err = over
			}
		}()
		h := handGuest{t, g, m}
		h.call("http_req.body_downstream_get", 16, 20)
		guest(h)
		return nil
	})
	h, err := hostsim.New(context.Background(), []byte("script"), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close(context.Background())) })
	return h
}

// text puts a text into memory and returns it as two arguments.
func (h handGuest) text(at uint64, s string) (uint64, uint64) {
	copy(h.m[at:], s)
	return at, uint64(len(s))
}

// send passes the request on to the backend "origin", and returns the status
// and the tag of the error detail.
func (h handGuest) send() (hostsim.Status, uint64) {
	clear(h.m[512:532])
	binary.LittleEndian.PutUint32(h.m[516:], 0xffffffff)
	at, n := h.text(256, "origin")
	h.call("http_req.new", 40)
	h.call("http_body.new", 44)
	uri, size := h.text(300, "https://host.example.com/x")
	h.call("http_req.uri_set", h.word(40), uri, size)
	st := h.call("http_req.send_v3", h.word(40), h.word(44), at, n, 512, 48, 52)
	return st, h.word(512)
}

func TestProductionProfile(t *testing.T) {
	var sent wire.Header
	origin := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { sent = wire.RawHeader(r) })
	cfg := hostsim.Config{Production: true, Backends: map[string]hostsim.Backend{"origin": {Handler: origin}},
		SecretStores: map[string]map[string][]byte{"keys": {"k": []byte("v")}}, ConfigStores: map[string]map[string]string{"keys": {"k": "v"}}}
	var sends, secrets, settings []hostsim.Status
	var tls hostsim.Status
	var header, uri string
	h := hand(t, cfg, func(h handGuest) {
		sends, secrets, settings = nil, nil, nil
		h.call("http_req.uri_get", 0, 1024, 9000, 0)
		uri = string(h.m[1024 : 1024+h.word(0)])
		tls = h.call("http_downstream.downstream_tls_protocol", 0, 1024, 100, 0)
		name, n := h.text(256, "fastly-client-ip")
		h.call("http_req.header_value_get", 0, name, n, 1024, 100, 0)
		header = string(h.m[1024 : 1024+h.word(0)])
		for range 33 {
			st, _ := h.send()
			sends = append(sends, st)
		}
		store, n := h.text(256, "keys")
		h.call("secret_store.open", store, n, 60)
		key, n := h.text(256, "k")
		for range 6 {
			secrets = append(secrets, h.call("secret_store.get", h.word(60), key, n, 64))
		}
		store, n = h.text(256, "keys")
		h.call("config_store.open", store, n, 60)
		key, n = h.text(256, "k")
		for range 33 {
			settings = append(settings, h.call("config_store.get", h.word(60), key, n, 1024, 100, 64))
		}
	})
	do := func(header wire.Header) {
		_, _, err := h.Do(context.Background(), &hostsim.Request{Target: "/A?b", Host: "HOST.Example.com", Header: header})
		require.NoError(t, err)
	}
	do(nil)
	require.Equal(t, "https://host.example.com/A?b", uri)
	require.Equal(t, hostsim.StatusOK, tls)
	require.Equal(t, "127.0.0.1", header)
	require.Equal(t, hostsim.StatusOK, sends[31])
	require.Equal(t, hostsim.StatusLimitExceeded, sends[32])
	require.Equal(t, hostsim.StatusOK, secrets[4])
	require.Equal(t, hostsim.StatusLimitExceeded, secrets[5])
	require.Equal(t, hostsim.StatusOK, settings[31])
	require.Equal(t, hostsim.StatusLimitExceeded, settings[32])
	loop, _ := sent.Get("CDN-Loop")
	require.Equal(t, "Fastly", loop)
	require.True(t, sent.Has("Fastly-FF"))
	do(wire.NewHeader("Fastly-Client-IP", "192.0.2.66"))
	require.Equal(t, "192.0.2.66", header, "clients may forge it")
	_, _, err := h.Do(context.Background(), &hostsim.Request{Target: "/" + strings.Repeat("x", 8192)})
	require.ErrorContains(t, err, "too long")
	_, _, err = h.Do(context.Background(), &hostsim.Request{Header: wire.NewHeader("X-Long", strings.Repeat("x", 128<<10))})
	require.ErrorContains(t, err, "request field is too long: \"X-Long\"")
	_, _, err = h.Do(context.Background(), &hostsim.Request{Header: wire.NewHeader("CDN-Loop", strings.Repeat("Fastly, ", 19)+"other; a=b, fastly;x=y")})
	require.NoError(t, err, "twenty hops, and one elsewhere")
	_, _, err = h.Do(context.Background(), &hostsim.Request{Header: wire.NewHeader("CDN-Loop", strings.Repeat("Fastly, ", 20)+"x", "cdn-loop", "Fastly")})
	require.ErrorContains(t, err, "21 hops in CDN-Loop")
}

func TestProductionWantsTLS(t *testing.T) {
	h := hand(t, hostsim.Config{Production: true}, func(h handGuest) { h.answer(0) })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &wire.Server{Handler: h}
	go srv.Serve(ln)
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get("http://" + ln.Addr().String() + "/a%2Fb?c")
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, 308, resp.StatusCode)
	require.Equal(t, "https://127.0.0.1/a%2Fb?c", resp.Header.Get("Location"))

	cert := selfSigned(t)
	secure := &wire.Server{Handler: h, TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}}}
	near, far := net.Pipe()
	go secure.ServeConn(far)
	defer secure.Close()
	conn := tls.Client(near, &tls.Config{InsecureSkipVerify: true})
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /"+strings.Repeat("x", 8192)+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(answer), "HTTP/1.1 414 "), "%q", answer)
}

// A guest that works is ended; one that waits for as long is not.
func TestCPULimit(t *testing.T) {
	limits := hostsim.Limits{CPU: 50 * time.Millisecond, Time: time.Minute}
	h := hand(t, hostsim.Config{Limits: limits}, func(h handGuest) {
		for {
			h.call("http_req.new", 40)
			h.call("http_req.close", h.word(40))
		}
	})
	resp, x, err := h.Do(context.Background(), &hostsim.Request{})
	require.NoError(t, err)
	require.Equal(t, 503, resp.Status)
	require.Equal(t, hostsim.TimedOut, x.Ending.Kind)
	require.Contains(t, x.Ending.Message, "CPU time")
	h = hand(t, hostsim.Config{Limits: limits}, func(h handGuest) { h.g.Sleep(150 * time.Millisecond); h.answer(0) })
	_, x, err = h.Do(context.Background(), &hostsim.Request{})
	require.NoError(t, err)
	require.True(t, x.Ending.OK(), x.Ending.Message)
}

func TestFaults(t *testing.T) {
	for kind, tag := range map[hostsim.FaultKind]uint64{hostsim.BackendRefuses: 7, hostsim.BackendTimesOut: 16, hostsim.BackendResets: 8, hostsim.BackendBreakTLS: 11, hostsim.BackendIsSlow: 1} {
		t.Run(string(kind), func(t *testing.T) {
			var st hostsim.Status
			var have uint64
			h := hand(t, hostsim.Config{Faults: []hostsim.Fault{{Kind: kind, Name: "origin", Delay: time.Millisecond}},
				Backends: map[string]hostsim.Backend{"origin": {Handler: http.NotFoundHandler()}}}, func(h handGuest) { st, have = h.send() })
			_, x, err := h.Do(context.Background(), &hostsim.Request{})
			require.NoError(t, err)
			require.Equal(t, tag, have)
			require.Equal(t, kind == hostsim.BackendIsSlow, st == hostsim.StatusOK)
			require.Equal(t, []string{"backend origin " + string(kind)}, x.Faults)
			require.Equal(t, kind != hostsim.BackendIsSlow, x.Sent[0].Err != nil)
		})
	}
	var opened, logged hostsim.Status
	h := hand(t, hostsim.Config{Faults: []hostsim.Fault{{Kind: hostsim.StoreIsMissing, Name: "settings"}, {Kind: hostsim.LogRefuses, Name: "access"}},
		ConfigStores: map[string]map[string]string{"settings": {}}}, func(h handGuest) {
		at, n := h.text(256, "settings")
		opened = h.call("config_store.open", at, n, 40)
		at, n = h.text(256, "access")
		require.Equal(t, hostsim.StatusOK, h.call("log.endpoint_get", at, n, 40))
		logged = h.call("log.write", h.word(40), at, n, 44)
	})
	_, x, err := h.Do(context.Background(), &hostsim.Request{})
	require.NoError(t, err)
	require.Equal(t, hostsim.StatusBadHandle, opened)
	require.Equal(t, hostsim.StatusError, logged)
	require.Empty(t, x.Logs)
	_, err = hostsim.New(context.Background(), []byte("x"), hostsim.Config{Faults: []hostsim.Fault{{Kind: "explodes"}}, Engine: script(nil)})
	require.ErrorContains(t, err, "one of the kinds")
}

// A share of the uses is struck; the same seed strikes the same ones.
func TestFaultsAreSeeded(t *testing.T) {
	var said bytes.Buffer
	draw := func(seed uint64) (pattern string, used uint64) {
		said.Reset()
		h := hand(t, hostsim.Config{Seed: seed, Log: slog.New(slog.NewTextHandler(&said, nil)), Faults: []hostsim.Fault{{Kind: hostsim.BackendRefuses, Name: "origin", Share: 0.5}},
			Backends: map[string]hostsim.Backend{"origin": {Handler: http.NotFoundHandler()}}}, func(h handGuest) { h.send() })
		for range 20 {
			_, x, err := h.Do(context.Background(), &hostsim.Request{})
			require.NoError(t, err)
			pattern += string(rune('0' + len(x.Faults)))
		}
		return pattern, h.Seed()
	}
	first, _ := draw(7)
	again, _ := draw(7)
	require.Equal(t, first, again)
	require.Contains(t, first, "0")
	require.Contains(t, first, "1")
	chosen, seed := draw(0)
	require.NotZero(t, seed)
	require.Contains(t, said.String(), fmt.Sprintf("seed=%d ", seed), "a run can be repeated from what it said")
	again, _ = draw(seed)
	require.Equal(t, chosen, again)
}

// selfSigned makes a certificate that nobody trusts.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
