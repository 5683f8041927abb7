package hostsim

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/internal/wattest"
)

// assembled runs a module in the text format.
func assembled(t testing.TB, text string, cfg Config) *Host {
	t.Helper()
	module, err := wattest.Assemble(text)
	require.NoError(t, err)
	h, err := New(context.Background(), module, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close(context.Background())) })
	return h
}

// servers are the ways in which a host is put on a socket.
var servers = map[string]func(testing.TB, *Host) string{
	"Host.Serve": func(t testing.TB, h *Host) string {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		served := make(chan error, 1)
		go func() { served <- h.Serve(ctx, ln) }()
		t.Cleanup(func() { cancel(); require.NoError(t, <-served) })
		return ln.Addr().String()
	},
	"wire.Server": func(t testing.TB, h *Host) string { return listen(t, h) },
	"net/http":    func(t testing.TB, h *Host) string { return listenNetHTTP(t, h) },
}

// patience bounds what a client waits for. It passes only where something is
// broken.
const patience = 30 * time.Second

// call sends raw request bytes and returns the head of the answer, with its
// body still to be read.
func call(t testing.TB, addr, request string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	return resp
}

// headThen streams a response with a status, and then does something else.
func headThen(what string) string {
	return `(module
  (import "fastly_http_resp" "new" (func $resp (param i32) (result i32)))
  (import "fastly_http_resp" "status_set" (func $set (param i32 i32) (result i32)))
  (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
  (import "fastly_http_body" "append" (func $append (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $resp (i32.const 0)))
    (drop (call $set (i32.load (i32.const 0)) (i32.const 201)))
    (drop (call $body (i32.const 4)))
    (drop (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 1)))
    ` + what + `))`
}

// The head of a response goes out when the guest sends it, not with its first
// byte of body.
func TestHeadComesAtOnce(t *testing.T) {
	cases := map[string]string{
		"nothing follows":       `(loop $again (br $again))`,
		"a body that waits":     `(drop (call $append (i32.load (i32.const 4)) (i32.const 0))) (loop $again (br $again))`,
		"the guest is at fault": `(call $exit (i32.const 1))`,
		"the guest traps":       `(unreachable)`,
	}
	for name, serve := range servers {
		for what, then := range cases {
			t.Run(name+"/"+what, func(t *testing.T) {
				h := assembled(t, headThen(then), Config{Limits: Limits{AfterDisconnect: time.Millisecond}})
				request := "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
				if what == "a body that waits" { // it is announced and does not come
					request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
				}
				resp := call(t, serve(t, h), request)
				require.Equal(t, 201, resp.StatusCode)
				if !strings.Contains(then, "loop") {
					_, err := io.ReadAll(resp.Body)
					require.ErrorIs(t, err, io.ErrUnexpectedEOF, "the body must not look whole")
				}
			})
		}
	}
}

// So does the head of what a backend answers, and that of what it is sent.
func TestHeadsComeAtOnceThroughBackends(t *testing.T) {
	read := make(chan struct{})
	origin := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		w.WriteHeader(202)
		http.NewResponseController(w).Flush()
		select {
		case <-read:
		case <-r.Context().Done():
		}
		fmt.Fprint(w, "whole")
	}))
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {URL: "http://" + origin}}})
	for name, serve := range servers {
		resp := call(t, serve(t, h), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
		require.Equal(t, 202, resp.StatusCode, name)
		read <- struct{}{}
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, "whole", string(body))
	}
}
