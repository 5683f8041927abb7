package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/spool"
)

const (
	wait30 = 30 * time.Second
	tick   = 5 * time.Millisecond
)

func listener(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// All sockets of a name are served, as for IPv4 and IPv6.
func TestSockets(t *testing.T) {
	r := newRunning(t, uncounted)
	o := r.options()
	one, two, inside := listener(t), listener(t), listener(t)
	o.HTTP, o.Metrics = Systemd, Systemd
	o.Sockets = map[string][]net.Listener{"http": {one, two}, "metrics": {inside}}
	r.start(o)
	for _, ln := range []net.Listener{one, two} {
		require.Contains(t, r.err.String(), "listening on http://"+ln.Addr().String()+"\n")
		conn, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: link.example.com\r\n\r\n", sesClick)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, 302, resp.StatusCode)
		require.NoError(t, resp.Body.Close())
		require.NoError(t, conn.Close())
	}
	status, _ := r.inside("/healthz")
	require.Equal(t, 200, status)
	r.end()
}

// A socket that nobody would answer at is refused, and so is one that is
// missing.
func TestSocketsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(o *Options)
		want   string
	}{
		"none":        {func(o *Options) { o.HTTP = Systemd }, `no socket with the name "http"`},
		"no metrics":  {func(o *Options) { o.Metrics = Systemd }, `no socket with the name "metrics"`},
		"another":     {func(o *Options) { o.Sockets = map[string][]net.Listener{"clickedge.socket": nil} }, `"clickedge.socket", which nothing here takes`},
		"not asked":   {func(o *Options) { o.Sockets = map[string][]net.Listener{"http": nil} }, `"http", which nothing here takes`},
		"https alone": {func(o *Options) { o.HTTP, o.HTTPS = "", Systemd }, "needs a certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunning(t, uncounted)
			o := r.options()
			c.change(&o)
			err := Run(t.Context(), o)
			require.ErrorContains(t, err, c.want)
			require.True(t, failure.Is(err))
		})
	}
}

// childVariable says that this process is a server that another one has started.
const childVariable = "CLICKEDGE_TEST_CHILD"

// TestChild is no test of its own: it is the process of TestActivation.
func TestChild(t *testing.T) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		t.Skip("not started by another test")
	}
	r := newRunning(t, uncounted)
	o := r.options()
	o.Sites, o.Log, o.HTTP, o.Out, o.Err = filepath.Join(dir, "sites.json"), os.Getenv("CLICKEDGE_TEST_LOG"), Systemd, os.Stdout, os.Stderr
	o.Hangups = interrupt.Hangups()
	if spool.IsURL(o.Log) {
		o.Delivery = Delivery{Spool: filepath.Join(dir, "spool"), Roots: filepath.Join(dir, "roots.pem")}
	}
	var err error
	o.Sockets, err = Sockets()
	require.NoError(t, err)
	require.Empty(t, os.Getenv("LISTEN_FDS"), "nothing is left for further processes")
	ctx, stop := context.WithCancel(t.Context())
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); stop() }() // until the parent closes it
	require.NoError(t, Run(ctx, o))
}

// child is a process with a server that gets its socket as from systemd.
func child(t *testing.T, dir, log string, socket *os.File) *exec.Cmd {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sites.json"), []byte(strings.Replace(uncounted, "shop.example.com", "*.example.com", 1)), 0o600))
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http exec "$0" -test.run '^TestChild$'`, os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+dir, "CLICKEDGE_TEST_LOG="+log)
	cmd.ExtraFiles = []*os.File{socket}
	return cmd
}

// A program that read the click log and has ended takes neither the server with
// it nor a line: they go to the operator.
func TestBrokenPipe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no systemd")
	}
	ln := listener(t)
	file, err := ln.(*net.TCPListener).File()
	require.NoError(t, err)
	defer file.Close()
	cmd := child(t, t.TempDir(), files.Std, file)
	log, out, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, log.Close()) // nobody reads
	var errs said
	cmd.Stdout, cmd.Stderr = out, &errs
	stop, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { _ = stop.Close(); _ = cmd.Wait() }()
	for range 2 {
		conn, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(wait30)))
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: link.example.com\r\nConnection: close\r\n\r\n", sesClick)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, "%s", &errs)
		require.Equal(t, 302, resp.StatusCode)
		require.NoError(t, conn.Close())
	}
	require.Eventually(t, func() bool { return strings.Count(errs.String(), `"code":"ok"`) == 2 }, wait30, tick)
}

// As systemd does it: the socket is open before the server is started, and a
// click that comes before it waits. The server says when it is ready.
func TestActivation(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no systemd")
	}
	dir := t.TempDir()
	ln := listener(t)
	file, err := ln.(*net.TCPListener).File()
	require.NoError(t, err)
	defer file.Close()
	states, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	require.NoError(t, err)
	defer states.Close()
	require.NoError(t, states.SetReadDeadline(time.Now().Add(wait30)))

	early, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	defer early.Close()
	fmt.Fprintf(early, "GET %s HTTP/1.1\r\nHost: link.example.com\r\nConnection: close\r\n\r\n", sesClick)

	cmd := child(t, dir, filepath.Join(dir, "clicks"), file)
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+filepath.Join(dir, "notify"))
	var errs said
	cmd.Stderr, cmd.Stdout = &errs, &errs
	stop, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { _ = stop.Close(); _ = cmd.Wait() }()

	require.NoError(t, early.SetReadDeadline(time.Now().Add(wait30)))
	resp, err := http.ReadResponse(bufio.NewReader(early), nil)
	require.NoError(t, err, "%s", &errs)
	require.Equal(t, 302, resp.StatusCode)
	require.NoError(t, resp.Body.Close())
	state := make([]byte, 64)
	n, err := states.Read(state)
	require.NoError(t, err)
	require.Equal(t, "READY=1", string(state[:n]))
	require.NoError(t, stop.Close())
	n, err = states.Read(state)
	require.NoError(t, err)
	require.Equal(t, "STOPPING=1", string(state[:n]))
	require.NoError(t, cmd.Wait(), "%s", &errs)
	log, err := os.ReadFile(filepath.Join(dir, "clicks"))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(log), "\n"))
}

// Secrets come from systemd's credential too; without it nothing is missed.
func TestCredentials(t *testing.T) {
	r := newRunning(t, `{"sites": {"link.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["example.com"]}}}`)
	o := r.options()
	o.Credentials = t.TempDir()
	const secret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
	require.NoError(t, os.WriteFile(filepath.Join(o.Credentials, KeysCredential), []byte("k1="+secret+"\n"), 0o400))
	r.start(o)
	require.Contains(t, r.err.String(), "key k1, fingerprint ")
	require.NotContains(t, r.err.String(), secret)
	r.end()

	r = newRunning(t, uncounted)
	o = r.options()
	o.Credentials = t.TempDir()
	r.start(o)
	r.end()

	name := filepath.Join(o.Credentials, KeysCredential) // as the unit sets it where there is no file of keys
	require.NoError(t, os.WriteFile(name, []byte("{}"), 0o400))
	r = newRunning(t, uncounted)
	none := r.options()
	none.Credentials = o.Credentials
	r.start(none)
	r.end()
	require.NoError(t, os.Remove(name))
	require.NoError(t, os.WriteFile(name, []byte("k1="+secret[:9]), 0o400))
	err := Run(t.Context(), o)
	require.Error(t, err)
	require.NotContains(t, err.Error()+r.err.String(), secret[:9])
}
