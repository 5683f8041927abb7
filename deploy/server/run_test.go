package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/archive"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// said collects what is printed, and is read while it is written.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// running is a server that runs.
type running struct {
	t        *testing.T
	dir      string
	out, err said
	hangups  chan struct{}
	stop     context.CancelFunc
	done     chan error
}

func (r *running) file(name string) string { return filepath.Join(r.dir, name) }

func (r *running) write(name, text string) string {
	r.t.Helper()
	require.NoError(r.t, files.Replace(r.file(name), []byte(text), 0o600))
	return r.file(name)
}

// tempDir is t.TempDir for servers that fetch certificates: CertMagic goes on
// with a renewal in the background after its server has ended, and may write
// while the folder is removed.
func tempDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "server-")
	require.NoError(t, err)
	t.Cleanup(func() {
		require.Eventually(t, func() bool { return os.RemoveAll(dir) == nil }, time.Minute, 10*time.Millisecond)
	})
	return dir
}

func newRunning(t *testing.T, sites string) *running {
	r := &running{t: t, dir: tempDir(t), hangups: make(chan struct{}), done: make(chan error, 1)}
	r.write("sites.json", sites)
	return r
}

// options are those of the smallest server.
func (r *running) options() Options {
	in := &input.Input{Ctx: r.t.Context(), Err: &r.err}
	none := func(string) (string, bool) { return "", false }
	return Options{Sites: r.file("sites.json"), HTTP: "127.0.0.1:0", Log: "-", Out: &r.out, Err: &r.err, In: in,
		Source: keyring.NewSource(in, none, nil), Hangups: r.hangups}
}

func (r *running) start(o Options) {
	r.t.Helper()
	ctx, stop := context.WithCancel(r.t.Context())
	r.stop = stop
	go func() { r.done <- Run(ctx, o) }()
	r.t.Cleanup(func() { stop(); <-r.done })
	r.until("in service with")
}

// until waits until a text is printed.
func (r *running) until(text string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return strings.Contains(r.err.String(), text) }, 30*time.Second, 5*time.Millisecond, "%s", &r.err)
}

// end stops the server.
func (r *running) end() {
	r.t.Helper()
	r.stop()
	err := <-r.done
	r.done <- nil
	require.NoError(r.t, err)
}

// addr is where it listens.
func (r *running) addr(scheme string) string {
	r.t.Helper()
	m := regexp.MustCompile(`listening on ` + scheme + `://(\S+)\n`).FindStringSubmatch(r.err.String())
	require.NotNil(r.t, m, "%s", &r.err)
	return m[1]
}

// health is what the page for checks says on a link domain.
func (r *running) health(host string) string {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr("http"))
	require.NoError(r.t, err)
	defer conn.Close()
	fmt.Fprintf(conn, "GET /.well-known/clickedge HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
	answer, err := io.ReadAll(conn)
	require.NoError(r.t, err)
	return string(answer)
}

// click sends one request and returns status and Location.
func (r *running) click(host, target string) (int, string) {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr("http"))
	require.NoError(r.t, err)
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", target, host)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(r.t, err)
	_, err = io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	return resp.StatusCode, resp.Header.Get("Location")
}

const uncounted = `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "count": false, "destinations": ["shop.example.com"]}}}`

func TestRun(t *testing.T) {
	r := newRunning(t, uncounted)
	o := r.options()
	o.Log = r.file("clicks")
	r.start(o)
	status, location := r.click("link.example.com", sesClick)
	require.Equal(t, 302, status)
	require.Equal(t, "https://shop.example.com/a?b=1", location)

	// The log is moved away and opened anew; SIGHUP loses no line.
	require.NoError(t, os.Rename(r.file("clicks"), r.file("clicks.1")))
	r.click("link.example.com", sesClick)
	r.hangups <- struct{}{}
	r.until("in service now: 1 site")
	r.click("link.example.com", sesClick)
	require.Equal(t, 2, strings.Count(r.read("clicks.1"), "\n"))
	require.Eventually(t, func() bool { return strings.Count(r.read("clicks"), "\n") == 1 }, wait30, tick)

	// A changed file is in service soon, and a broken one changes nothing.
	r.write("sites.json", strings.Replace(uncounted, "{\"link", `{"new.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["example.com"]}, "link`, 1))
	r.until("in service now: 2 sites")
	require.Contains(t, r.err.String(), `no secret of key "k1"`)
	status, _ = r.click("new.example.com", "/x")
	require.Equal(t, 404, status)
	r.write("sites.json", `{"sites": {"link.example.com": {"esp": "sendgird"}}}`)
	r.until("what was in service before stays")
	require.Contains(t, r.err.String(), "sendgird")
	status, _ = r.click("new.example.com", "/x")
	require.Equal(t, 404, status)
	r.end()
	require.Contains(t, r.err.String(), "stopped\n")
	require.Empty(t, r.out.String())
}

func (r *running) read(name string) string {
	r.t.Helper()
	text, err := os.ReadFile(r.file(name))
	require.NoError(r.t, err)
	return string(text)
}

// certificateFor writes a certificate and its key for these names.
func (r *running) certificateFor(ca *origins.Authority, names ...string) {
	r.t.Helper()
	cert, err := ca.Issue(names...)
	require.NoError(r.t, err)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	require.NoError(r.t, err)
	r.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	r.write("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})))
}

func TestRunWithACertificate(t *testing.T) {
	ca, err := origins.NewAuthority("test")
	require.NoError(t, err)
	r := newRunning(t, uncounted)
	r.certificateFor(ca, "other.example.com")
	o := r.options()
	o.HTTP, o.HTTPS, o.Cert, o.Key = "", "127.0.0.1:0", r.file("cert.pem"), r.file("key.pem")
	r.start(o)
	require.Contains(t, r.err.String(), "is not for link.example.com: browsers refuse it there")
	dial := func(config *tls.Config) (*tls.Conn, error) {
		config.RootCAs, config.ServerName = ca.Pool(), "link.example.com"
		return tls.Dial("tcp", r.addr("https"), config)
	}
	_, err = dial(&tls.Config{})
	require.ErrorContains(t, err, "other.example.com")

	r.certificateFor(ca, "link.example.com", "*.example.com")
	require.Eventually(t, func() bool {
		conn, err := dial(&tls.Config{})
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, 30*time.Second, 10*time.Millisecond, "a renewed certificate is used")
	_, err = dial(&tls.Config{MaxVersion: tls.VersionTLS11})
	require.Error(t, err)
	conn, err := dial(&tls.Config{NextProtos: []string{"h2", "http/1.1"}})
	require.NoError(t, err)
	require.Equal(t, "http/1.1", conn.ConnectionState().NegotiatedProtocol)
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: link.example.com\r\nConnection: close\r\n\r\n", sesClick)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(answer), "HTTP/1.1 302 "), "%s", answer)
	r.end()
	require.Contains(t, r.out.String(), `"code":"ok"`)
}

// A click that is under way when the server is asked to stop gets its answer and
// its line, and the ESP is told of it.
func TestStopLosesNoClick(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	slow := &esps{to: &order{}, answer: func(*wire.Request) (*wire.Response, error) {
		asked <- struct{}{}
		<-answer
		return redirectTo("https://shop.example.com/a?b=1"), nil
	}}
	r := newRunning(t, `{"sites": {"link.example.com": {"esp": "ses-us-east-1"}, "told.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "destinations": ["shop.example.com"]}}}`)
	o := r.options()
	o.Origins = slow
	r.start(o)
	status, _ := r.click("told.example.com", sesClick)
	require.Equal(t, 302, status, "the reader does not wait for the ESP")
	<-asked
	got := make(chan int, 1)
	go func() {
		status, _ := r.click("link.example.com", sesClick)
		got <- status
	}()
	<-asked
	r.stop()
	close(answer)
	require.Equal(t, 302, <-got)
	r.end()
	require.Equal(t, 2, strings.Count(r.out.String(), `"origin_status":302`), "%s", &r.out)
}

// On the wire: a body whose length is too long is refused before it is sent, and
// one without a length where it becomes too long. Each has one line.
func TestBodyTooLongOnTheWire(t *testing.T) {
	r := newRunning(t, proxied)
	o := r.options()
	o.Origins = &esps{to: &order{}, answer: func(req *wire.Request) (*wire.Response, error) {
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return nil, &senderror.Error{Tag: senderror.TagConnectionTerminated, Err: fmt.Errorf("%w: %w", wire.ErrRequestBody, err)}
		}
		return redirectTo("https://shop.example.com/"), nil
	}}
	r.start(o)
	post := func(fields string, body io.Reader) *http.Response {
		conn, err := net.Dial("tcp", r.addr("http"))
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
		fmt.Fprintf(conn, "POST /unsubscribe HTTP/1.1\r\nHost: link.example.com\r\n%s\r\n\r\n", fields)
		sent := make(chan struct{})
		go func() { defer close(sent); _, _ = io.Copy(conn, body) }() // until it is refused
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		<-sent
		return resp
	}
	chunks := func(n int) io.Reader {
		return strings.NewReader(strings.Repeat("10000\r\n"+strings.Repeat("x", 1<<16)+"\r\n", n) + "0\r\n\r\n")
	}
	none := strings.NewReader("")
	require.Equal(t, 413, post(fmt.Sprintf("Content-Length: %d", MostBody+1), none).StatusCode)
	require.Equal(t, 413, post(fmt.Sprintf("Content-Length: %d\r\nExpect: 100-continue", MostBody+1), none).StatusCode, "and no 100 before")
	require.Equal(t, 302, post("Transfer-Encoding: chunked", chunks(MostBody>>16)).StatusCode)
	require.Equal(t, 413, post("Transfer-Encoding: chunked", chunks(MostBody>>16+1)).StatusCode)
	r.end()
	require.Equal(t, 3, strings.Count(r.out.String(), `"code":"incomplete_request","status":413`), "%s", &r.out)
	require.Equal(t, 4, strings.Count(r.out.String(), "\n"))
}

// What is wrong with the call is said before anybody is answered.
func TestRunRefuses(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	for name, c := range map[string]struct {
		change func(r *running, o *Options)
		want   string
	}{
		"no address":        {func(_ *running, o *Options) { o.HTTP = "" }, "no address to listen on"},
		"https alone":       {func(_ *running, o *Options) { o.HTTPS = "127.0.0.1:0" }, "needs a certificate"},
		"a certificate":     {func(_ *running, o *Options) { o.Cert = "x" }, "needs a certificate"},
		"a key":             {func(_ *running, o *Options) { o.Key = "x" }, "needs a certificate"},
		"no such files":     {func(r *running, o *Options) { o.Cert, o.Key = r.file("x"), r.file("y") }, "cannot be used"},
		"standard input":    {func(_ *running, o *Options) { o.Sites = "-" }, "standard input cannot be one"},
		"no sites":          {func(_ *running, o *Options) { o.Sites += "x" }, "no such file"},
		"busy":              {func(_ *running, o *Options) { o.HTTP = busy.Addr().String() }, "cannot listen"},
		"log in no folder":  {func(r *running, o *Options) { o.Log = r.file("none/clicks") }, "click log"},
		"links in none":     {func(r *running, o *Options) { o.Links = r.file("none/links") }, "learned links"},
		"no archive":        {func(r *running, o *Options) { o.Archive = r.file("archive") }, "no such file"},
		"a broken archive":  {func(r *running, o *Options) { o.Archive = r.write("archive", "{}\n") }, "line 1"},
		"damaged links":     {func(r *running, o *Options) { o.Links = r.damaged() }, "damaged"},
		"nowhere to learn":  {func(r *running, _ *Options) { r.write("sites.json", learning) }, "no file for them"},
		"overrides learn":   {func(r *running, o *Options) { o.Overrides = r.write("o", learning[len(`{"sites": `):len(learning)-1]) }, "no file for them"},
		"broken overrides":  {func(r *running, o *Options) { o.Overrides = r.write("o", "{") }, "not one JSON object"},
		"no such keys file": {func(r *running, o *Options) { o.Keys = r.file("keys") }, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunning(t, uncounted)
			o := r.options()
			c.change(r, &o)
			err := Run(t.Context(), o)
			require.ErrorContains(t, err, c.want)
			require.True(t, failure.Is(err), "it has a hint, and an exit code")
			require.NotContains(t, r.err.String(), "in service")
		})
	}
}

const learning = `{"sites": {"link.example.com": {"esp": "sendgrid", "destinations": ["shop.example.com"], "learn": true}}}`

// Learned links outlive the server.
func TestRunWithLinks(t *testing.T) {
	r := newRunning(t, learning)
	o := r.options()
	o.Links = r.file("links")
	r.start(o)
	r.end()
	require.FileExists(t, o.Links)
	links, err := OpenLinks(o.Links)
	require.NoError(t, err, "it was closed")
	require.NoError(t, links.Close())
}

// damaged makes a file of learned links that opens and has a page of nothing.
func (r *running) damaged() string {
	r.t.Helper()
	links, err := OpenLinks(r.file("links"))
	require.NoError(r.t, err)
	name, e := nameOf(r.t, "AAAAAAAAAAAAAAAAAAAAAAAA"), learned.KnownSince(1, "https://shop.example.com/")
	_, err = links.put(linkBucket, name, e.Append(nil, name), false)
	require.NoError(r.t, err)
	require.NoError(r.t, links.Close())
	text := []byte(r.read("links"))
	page := os.Getpagesize()
	for at := 2 * page; at < len(text); at++ {
		text[at] = 0xff
	}
	return r.write("links", string(text))
}

// A link of the archive is known at once; one that is added is after a reload.
func TestRunWithAnArchive(t *testing.T) {
	r := newRunning(t, strings.Replace(learning, `"learn"`, `"when_esp_fails": "redirect", "learn"`, 1))
	o := r.options()
	o.Links, o.Archive = r.file("links"), r.write("archive", "")
	o.Origins = &esps{to: &order{}, answer: func(*wire.Request) (*wire.Response, error) {
		return nil, &senderror.Error{Tag: senderror.TagConnectionRefused}
	}}
	r.start(o)
	account := origins.SendGridAccount{Secret: "account"}
	message := account.Message()
	sendGridClick := message.Short("https://shop.example.com/a")
	status, _ := r.click("link.example.com", sendGridClick)
	require.Equal(t, 502, status)
	link, ok := learned.Read("link.example.com", esp.FamilySendGrid, sendGridClick)
	require.True(t, ok)
	var text strings.Builder
	require.NoError(t, archive.Write(&text, []learned.Item{{Name: link.Name, Entry: learned.KnownSince(60, "https://shop.example.com/a")}}))
	r.write("archive", text.String())
	r.until("1 learned link: 1 to shop.example.com")
	r.until("in service now")
	require.Eventually(t, func() bool {
		status, location := r.click("link.example.com", sendGridClick)
		return status == 302 && location == "https://shop.example.com/a"
	}, 30*time.Second, 10*time.Millisecond)
	require.Contains(t, r.health("link.example.com"), `"learned":1`, "as the module says it")
	r.write("archive", "{")
	r.until("what was in service before stays")
	status, _ = r.click("link.example.com", sendGridClick)
	require.Equal(t, 302, status)
	r.end()
	require.Contains(t, r.out.String(), `"code":"esp_unreachable"`)
}

// An override is said, and takes effect when its file changes.
// That nobody here tells where a request comes from is said once for each reading
// of the files, of the sites that ask; an override counts in place of its site.
func TestRunWithoutGeolocation(t *testing.T) {
	const site = `{"esp": "ses-us-east-1", "clicks": "redirect", "count": false, "destinations": ["*.example.com"]`
	r := newRunning(t, `{"sites": {"link.example.com": `+site+`, "verdict": "network"}, "other.example.com": `+site+`}, "third.example.com": `+site+`, "verdict": "network"}}}`)
	o := r.options()
	o.Overrides = r.write("overrides.json", `{"third.example.com": `+site+`}}`)
	r.start(o)
	const said = `warning: "verdict": "network" of link.example.com: there is no geolocation here, so the reason in the log is not_located`
	require.Equal(t, 1, strings.Count(r.err.String(), said+"\n"), r.err.String())
	status, _ := r.click("link.example.com", sesClick)
	require.Equal(t, 302, status)
	status, _ = r.click("other.example.com", sesClick)
	require.Equal(t, 302, status)
	r.end()
	lines := strings.Split(strings.TrimSpace(r.out.String()), "\n")
	require.Len(t, lines, 2)
	for _, line := range lines {
		require.Equal(t, strings.Contains(line, `"host":"link.example.com"`), strings.Contains(line, "not_located"), line)
	}
}

func TestRunWithOverrides(t *testing.T) {
	r := newRunning(t, uncounted)
	o := r.options()
	o.Overrides = r.write("overrides.json", `{"link.example.com": {"esp": "sendgird"}}`)
	r.start(o)
	require.Contains(t, r.err.String(), "the override of link.example.com is ignored")
	status, _ := r.click("link.example.com", sesClick)
	require.Equal(t, 302, status)
	r.write("overrides.json", `{"link.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["example.com"]}}`)
	r.until("link.example.com has an override")
	require.Eventually(t, func() bool { status, _ := r.click("link.example.com", sesClick); return status == 404 }, 30*time.Second, 10*time.Millisecond)
	r.end()
	require.Contains(t, r.out.String(), `"override":"used"`)
}
