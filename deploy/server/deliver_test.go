package server

import (
	"bufio"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/spool"
)

// collector is the receiver of a click log. It counts a batch once.
type collector struct {
	*httptest.Server
	token   atomic.Pointer[string] // that it asks for; nil for any
	down    atomic.Bool
	moody   bool // it fails in several ways
	mu      sync.Mutex
	batches map[string]string
	asked   int
}

func newCollector(t *testing.T) *collector {
	c := &collector{batches: map[string]string{}}
	c.Server = httptest.NewTLSServer(c)
	t.Cleanup(c.Server.Close)
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	text, err := io.ReadAll(q.Body)
	token := c.token.Load()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	switch {
	case err != nil, c.down.Load(), c.moody && c.asked%3 == 1:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case token != nil && q.Header.Get("X-Token") != *token:
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	c.batches[q.Header.Get(spool.KeyField)] = string(text)
	if c.moody && c.asked%3 == 2 { // it has the batch, and its answer is lost
		panic(http.ErrAbortHandler)
	}
}

// text is every line that was received.
func (c *collector) text() (text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.batches {
		text += b
	}
	return text
}

// root writes the certificate that the collector is trusted by.
func (c *collector) root(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "roots.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate().Raw}), 0o600))
	return file
}

func (r *running) deliverTo(c *collector) Options {
	o := r.options()
	o.Log = c.URL + "/clicks"
	o.Delivery = Delivery{Spool: r.file("spool"), Roots: c.root(r.t, r.dir), age: tick}
	return o
}

// A receiver that is down gets the lines when it is there again, and the
// metrics show both. A token that was wrong is read again.
func TestDelivery(t *testing.T) {
	c := newCollector(t)
	right := "hunter2-right"
	c.token.Store(&right)
	r := newRunning(t, uncounted)
	o := r.deliverTo(c)
	o.Metrics = "127.0.0.1:0"
	o.Delivery.Token, o.Delivery.Field = r.write("token", "hunter2-wrong\n"), "X-Token"
	c.down.Store(true)
	r.start(o)
	r.click("link.example.com", sesClick)
	r.until("it answers 503")
	_, text := r.inside("/metrics")
	require.Regexp(t, `clickedge_log_batches_total\{result="503"\} [1-9]`, text)
	require.Contains(t, text, "clickedge_log_spool_batches 1\n")
	require.Regexp(t, `clickedge_log_spool_bytes [1-9]\d\d\n`, text)
	require.Contains(t, text, "\nclickedge_log_spool_age_seconds ")

	c.down.Store(false)
	r.hangups <- struct{}{}
	r.until("it answers 401 (Unauthorized); is its token right?")
	r.write("token", "\n")
	r.until("the file of --log-token is empty")
	r.until("what was in service before stays")
	r.write("token", "hunter2-right\n")
	require.Eventually(t, func() bool { return strings.Count(c.text(), "\n") == 1 }, wait30, tick)
	r.until("is delivered to " + c.Listener.Addr().String() + " again")
	r.click("link.example.com", sesClick)
	r.end() // and what waits is sent at the end
	require.Equal(t, 2, strings.Count(c.text(), `"code":"ok"`))
	require.NotContains(t, r.err.String()+r.out.String(), "hunter2")
	require.NotContains(t, r.err.String(), "stay in the spool")
}

// What the receiver has not got when the server ends is sent after the next
// start.
func TestDeliveryAfterRestart(t *testing.T) {
	c := newCollector(t)
	c.down.Store(true)
	r := newRunning(t, uncounted)
	o := r.deliverTo(c)
	r.start(o)
	r.click("link.example.com", sesClick)
	r.end()
	require.Contains(t, r.err.String(), "1 batch of the click log")
	require.Contains(t, r.err.String(), "are delivered after the next start")
	c.down.Store(false)
	again := &running{t: t, dir: r.dir, hangups: make(chan struct{}), done: make(chan error, 1)}
	o.Out, o.Err = &again.out, &again.err
	o.In.Err = &again.err
	again.start(o)
	require.Eventually(t, func() bool { return strings.Count(c.text(), `"code":"ok"`) == 1 }, wait30, tick)
	again.end()
}

// A spool that is full is said, and its lines follow on standard error; readers
// are answered.
func TestSpoolIsFull(t *testing.T) {
	c := newCollector(t)
	c.down.Store(true)
	r := newRunning(t, numberedSite)
	o := r.deliverTo(c)
	o.Delivery.MiB = 1
	o.Metrics = "127.0.0.1:0"
	r.start(o)
	stop := r.load(4, nil)
	r.until("the click log takes no lines, and they follow here: the spool is full")
	answered := stop()
	require.Eventually(t, func() bool { return strings.Contains(r.err.String(), `"code":"ok"`) }, wait30, tick)
	c.down.Store(false)
	r.hangups <- struct{}{}
	require.Eventually(t, func() bool {
		r.click("link.example.com", sesClick)
		return strings.Contains(r.err.String(), "the click log takes lines again")
	}, wait30, tick)
	_, text := r.inside("/metrics")
	require.Regexp(t, `clickedge_log_failures_total [1-9]`, text)
	r.end()
	requireLines(t, answered, c.text()+r.err.String())
	require.Equal(t, 1, strings.Count(r.err.String(), "the spool is full"))
}

// numbered is a click with a destination of its own, which the log names.
func numbered(n int64) string {
	return strings.Replace(sesClick, "shop.", "c"+strconv.FormatInt(n, 10)+".", 1)
}

// load clicks on several connections at once until the function that it returns
// is called, which returns the numbers of the clicks that were answered. between,
// if not nil, is called after each.
func (r *running) load(connections int, between func()) (stop func() []int64) {
	return loaded(r.t, r.addr("http"), connections, between)
}

var clickCount atomic.Int64

func loaded(t *testing.T, addr string, connections int, between func()) (stop func() []int64) {
	t.Helper()
	done := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	var answered []int64
	for range connections {
		wg.Go(func() {
			for {
				conn, err := net.Dial("tcp", addr)
				if err != nil {
					return
				}
				_, _, _ = clicksOn(conn, done, func(n int64) {
					mu.Lock()
					answered = append(answered, n)
					mu.Unlock()
					if between != nil {
						between()
					}
				})
				conn.Close()
				select {
				case <-done:
					return
				default: // the server was killed, or closes the connection
				}
			}
		})
	}
	return func() []int64 { close(done); wg.Wait(); return answered }
}

// clicksOn clicks until done is closed or the connection ends.
func clicksOn(conn net.Conn, done <-chan struct{}, answered func(n int64)) (int64, int, error) {
	b := bufio.NewReader(conn)
	for {
		select {
		case <-done:
			return 0, 0, nil
		default:
		}
		n := clickCount.Add(1)
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: link.example.com\r\n\r\n", numbered(n))
		resp, err := http.ReadResponse(b, nil)
		if err != nil {
			return n, 0, err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if err != nil || resp.StatusCode != 302 {
			return n, resp.StatusCode, err
		}
		answered(n)
	}
}

var destination = regexp.MustCompile(`"destination":"c(\d+)\.example\.com"`)

// requireLines requires that each click has exactly one line.
func requireLines(t *testing.T, answered []int64, log string) {
	t.Helper()
	count := map[int64]int{}
	for _, m := range destination.FindAllStringSubmatch(log, -1) {
		n, err := strconv.ParseInt(m[1], 10, 64)
		require.NoError(t, err)
		count[n]++
	}
	require.NotEmpty(t, answered)
	for _, n := range answered {
		require.Equal(t, 1, count[n], "click %d", n)
	}
}

const numberedSite = `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "count": false, "destinations": ["*.example.com"]}}}`

// The process is killed under load, several times, while the receiver fails in
// several ways: each click that was answered has its line there afterwards, and
// once, if the receiver counts a batch once.
func TestKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("sockets are not handed to processes")
	}
	c := newCollector(t)
	c.moody = true
	dir := t.TempDir()
	c.root(t, dir)
	ln := listener(t)
	file, err := ln.(*net.TCPListener).File()
	require.NoError(t, err)
	defer file.Close()
	var answered []int64
	for life := range 4 {
		cmd := child(t, dir, c.URL+"/clicks", file)
		var errs said
		cmd.Stdout, cmd.Stderr = &errs, &errs
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		var count atomic.Int64
		stop := loaded(t, ln.Addr().String(), 8, func() { count.Add(1) })
		require.Eventually(t, func() bool { return count.Load() > 1000 }, wait30, tick, "%s", &errs)
		if life < 3 {
			require.NoError(t, cmd.Process.Kill())
			require.Error(t, cmd.Wait())
			// Connections wait at the socket for the next process.
			next := child(t, dir, c.URL+"/clicks", file)
			next.Stdout, next.Stderr = &errs, &errs
			in, err := next.StdinPipe()
			require.NoError(t, err)
			require.NoError(t, next.Start())
			require.Eventually(t, func() bool { return strings.Count(errs.String(), "in service with") == 2 }, wait30, tick, "%s", &errs)
			answered = append(answered, stop()...)
			require.NoError(t, next.Process.Kill())
			require.Error(t, next.Wait())
			_ = in.Close()
			continue
		}
		answered = append(answered, stop()...)
		c.mu.Lock()
		c.moody = false
		c.mu.Unlock()
		require.NoError(t, stdin.Close())
		require.NoError(t, cmd.Wait(), "%s", &errs)
		require.NotContains(t, errs.String(), "stay in the spool")
	}
	requireLines(t, answered, c.text())
	t.Logf("%d clicks in %d batches, sent in %d attempts", len(answered), len(c.batches), c.asked)
}

// The log's file is moved away and SIGHUP sent, again and again under load: each
// click has one line in one of the files.
func TestRotationUnderLoad(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files that are open cannot be renamed")
	}
	r := newRunning(t, numberedSite)
	o := r.options()
	o.Log = r.file("clicks.0")
	r.start(o)
	var count atomic.Int64
	stop := r.load(8, func() { count.Add(1) })
	for i := 1; i <= 20; i++ {
		enough := count.Load() + 50
		require.Eventually(t, func() bool { return count.Load() > enough }, wait30, tick)
		require.NoError(t, os.Rename(r.file("clicks.0"), r.file("clicks."+strconv.Itoa(i))))
		r.hangups <- struct{}{}
		require.Eventually(t, func() bool { _, err := os.Stat(r.file("clicks.0")); return err == nil }, wait30, tick)
	}
	answered := stop()
	r.end()
	var text strings.Builder
	for i := range 21 {
		text.WriteString(r.read("clicks." + strconv.Itoa(i)))
	}
	requireLines(t, answered, text.String())
	require.Empty(t, r.out.String())
}

// What is wrong with the receiver is said before anybody is answered, and
// nothing of its secrets.
func TestDeliveryRefused(t *testing.T) {
	c := newCollector(t)
	for name, d := range map[string]struct {
		change func(r *running, o *Options)
		want   string
	}{
		"no spool":            {func(_ *running, o *Options) { o.Delivery.Spool = "" }, "needs a folder"},
		"http":                {func(_ *running, o *Options) { o.Log = "http://logs.example.com/" }, "only sent over https"},
		"a password":          {func(_ *running, o *Options) { o.Log = "https://me:hunter2@logs.example.com/" }, "user's name"},
		"a token in the URL":  {func(_ *running, o *Options) { o.Log += "?token=hunter2" }, "looks like a secret"},
		"no token":            {func(_ *running, o *Options) { o.Delivery.Field = "X-Token" }, "there is none"},
		"no token file":       {func(_ *running, o *Options) { o.Delivery.Token = "hunter2" }, "is not there"},
		"an empty token":      {func(r *running, o *Options) { o.Delivery.Token = r.write("token", "") }, "is empty"},
		"too small":           {func(_ *running, o *Options) { o.Delivery.MiB = -1 }, "too small"},
		"spool is a file":     {func(r *running, o *Options) { o.Delivery.Spool = r.write("spool", "") }, "is a file"},
		"spool in no folder":  {func(r *running, o *Options) { o.Delivery.Spool = r.file("none/spool") }, "cannot be made"},
		"no authorities":      {func(r *running, o *Options) { o.Delivery.Roots = r.file("none") }, "certificate authorities"},
		"a spool, and a file": {func(r *running, o *Options) { o.Log = r.file("clicks") }, "--log-spool is for a log that is sent over https"},
		"gzip, and a file":    {func(_ *running, o *Options) { o.Log, o.Delivery = files.Std, Delivery{Gzip: true} }, "--log-gzip is for"},
		"a token, no URL":     {func(_ *running, o *Options) { o.Log, o.Delivery = files.Std, Delivery{Token: "x"} }, "--log-token is for"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunning(t, uncounted)
			o := r.deliverTo(c)
			d.change(r, &o)
			err := Run(t.Context(), o)
			require.ErrorContains(t, err, d.want)
			require.True(t, failure.Is(err))
			require.NotContains(t, err.Error()+failure.Of(err).Hint+r.err.String(), "hunter2")
			require.NotContains(t, r.err.String(), "in service")
		})
	}
	require.Zero(t, c.asked)
}

// Systemd's credential has the token; two tokens are refused.
func TestDeliveryCredential(t *testing.T) {
	c := newCollector(t)
	right := "Bearer hunter2"
	c.token.Store(&right)
	r := newRunning(t, uncounted)
	o := r.deliverTo(c)
	o.Delivery.Field = "X-Token"
	o.Credentials = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(o.Credentials, spool.TokenCredential), []byte(right+"\n"), 0o400))
	r.start(o)
	r.click("link.example.com", sesClick)
	r.end()
	require.Equal(t, 1, strings.Count(c.text(), "\n"), "%s", &r.err)

	o.Source.LookupEnv = func(name string) (string, bool) { return "hunter2", name == spool.TokenVariable }
	err := Run(t.Context(), o)
	require.ErrorContains(t, err, "more than once")
	require.NotContains(t, err.Error()+failure.Of(err).Hint+r.err.String(), "hunter2")
}
