package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// fuzzedSites have what a click can meet: several ESPs, one of them retired,
// rules of recall, signed links, and clicks that are answered first.
const fuzzedSites = `{"sites": {
	"link.example.com": {"esp": "customerio-eu", "also": [{"esp": "ses-eu-west-1"}, {"esp": "sendgrid", "retired": true}],
		"destinations": ["example.com", "*.example.com"], "when_esp_fails": "redirect", "keys": ["k1"], "home": "https://www.example.com/",
		"recalls": [{"from": "https://shop.example.com/wrong*", "to": "https://shop.example.com/right"}, {"from": "https://shop.example.com/gone", "gone": true}]},
	"first.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "destinations": ["shop.example.com"]},
	"uncounted.example.com": {"esp": "mailgun", "clicks": "redirect", "count": false, "destinations": ["shop.example.com"]},
	"own.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["shop.example.com"]}}}`

const fuzzedSecret = "9b1c0e6df2a84735a1c5e0d7936b48f2"

var fuzzedNow = time.Unix(1_800_000_000, 0)

// conversation is a connection on which a client sends some bytes, with what the
// server has made of them.
type conversation struct {
	*testing.T
	sites *core.Sites
	keys  secrets
	conn  *memoryConn
	srv   *Server

	calls []*call
	lines map[string]int // status by id

	mu      sync.Mutex
	log     [][]byte
	counted int
	metrics *metrics
}

// call is a request as the server has read it.
type call struct {
	wire.RawRequest
	body sawBody
	err  error
}

// sawBody records what is read of a body.
type sawBody struct {
	io.Reader
	text []byte
	err  error
}

func (b *sawBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.text, b.err = append(b.text, p[:n]...), err
	return n, err
}

// memoryConn is a connection without a network: its client sends pieces, reads
// everything, and sends no more after them.
type memoryConn struct {
	pieces [][]byte
	out    bytes.Buffer
	room   int // bytes that the client takes before it leaves
	closed bool
}

func (c *memoryConn) Read(p []byte) (int, error) {
	if c.closed {
		return 0, net.ErrClosed
	}
	if len(c.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.pieces[0])
	if c.pieces[0] = c.pieces[0][n:]; len(c.pieces[0]) == 0 {
		c.pieces = c.pieces[1:]
	}
	return n, nil
}

func (c *memoryConn) Write(p []byte) (int, error) {
	if c.closed || c.out.Len()+len(p) > c.room {
		return 0, net.ErrClosed
	}
	return c.out.Write(p)
}

func (c *memoryConn) Close() error                     { c.closed = true; return nil }
func (c *memoryConn) CloseWrite() error                { return nil }
func (c *memoryConn) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }
func (c *memoryConn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 7} }
func (c *memoryConn) SetDeadline(time.Time) error      { return nil }
func (c *memoryConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memoryConn) SetWriteDeadline(time.Time) error { return nil }

// cut parts what is sent into pieces, so long as the bytes of cuts say; the rest
// comes at once.
func cut(sent, cuts []byte) (pieces [][]byte) {
	for _, n := range cuts {
		n := min(int(n)+1, len(sent))
		if n == 0 {
			break
		}
		pieces, sent = append(pieces, sent[:n]), sent[n:]
	}
	if len(sent) > 0 {
		pieces = append(pieces, sent)
	}
	return pieces
}

// FuzzConnection sends any bytes to a server, in any pieces, to a client who
// leaves after any number of bytes. Each request has one line and is counted
// once; the client gets whole answers and nothing else; a redirect is one that
// core, asked beside the server, decides; net/http, where it reads the same
// bytes, reads the same requests; and nothing follows what is malformed.
func FuzzConnection(f *testing.F) {
	sites, err := sitesjson.Parse("sites.json", []byte(fuzzedSites))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, sent, cuts []byte, leaves uint16) {
		if len(sent) > 32<<10 {
			t.Skip("longer ones say nothing new")
		}
		c := &conversation{T: t, sites: sites, keys: secrets{"k1": []byte(fuzzedSecret)}, lines: map[string]int{}, metrics: newMetrics()}
		c.conn = &memoryConn{pieces: cut(sent, cuts), room: 1 << 30}
		if leaves > 0 {
			c.conn.room = int(leaves)
		}
		c.run()
		c.checkLines()
		c.checkRequests(sent)
		c.checkAnswers()
	})
}

func (c *conversation) run() {
	ids := 0
	c.srv = &Server{Origins: c, Log: c, Warn: io.Discard, MostBody: 1 << 10, Now: func() time.Time { return fuzzedNow },
		NewID: func() string { ids++; return strconv.Itoa(ids - 1) }}
	c.srv.Observe = func(r *clicklog.Record, logged bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.counted++
		c.metrics.line(r, logged)
	}
	c.srv.Put(&Content{Sites: TableOf(c.sites), Version: "v", Keys: c.keys})
	(&wire.Server{Handler: c.srv, Raw: c}).ServeConn(c.conn)
	c.srv.Wait()
	require.True(c, c.conn.closed, "the connection is closed at the end")
}

// ServeRaw implements wire.RawHandler: it records a request, and serves it.
func (c *conversation) ServeRaw(w *wire.RawWriter, r *wire.RawRequest) error {
	one := &call{RawRequest: *r}
	one.Header = r.Header.Clone()
	c.calls = append(c.calls, one)
	if r.Body != nil {
		one.body.Reader = r.Body
		r.Body = &one.body
	}
	one.err = c.srv.ServeRaw(w, r)
	return one.err
}

// Write implements io.Writer for the click log.
func (c *conversation) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, bytes.Clone(line))
	return len(line), nil
}

// answerOf is what an ESP says to a target.
func answerOf(target string) (*wire.Response, *senderror.Error) {
	sum := fnv.New32()
	_, _ = io.WriteString(sum, target)
	text := strings.Repeat("body ", 5)
	whole := func(status int, length int64, fields ...string) *wire.Response {
		return &wire.Response{Status: status, Header: wire.NewHeader(fields...), Length: length, Body: &body{Reader: strings.NewReader(text)}}
	}
	switch n := sum.Sum32() % 12; n {
	case 0, 1, 2:
		return whole(301+int(n), 0, "Location", [...]string{"https://shop.example.com/a?b=1", "https://elsewhere.example.net/", "https://shop.example.com/wrong/1"}[n], "Content-Length", "0"), nil
	case 3:
		return whole(200, int64(len(text)), "Content-Length", strconv.Itoa(len(text)), "Connection", "X-Odd", "X-Odd", "1"), nil
	case 4:
		return whole(200, -1), nil
	case 5:
		return whole(302, 0, "Location", "/relative", "Location", "https://shop.example.com/gone"), nil
	case 6:
		return whole(503, int64(len(text)), "Retry-After", "7"), nil
	case 7:
		return whole(429, -1), nil
	case 8:
		return whole(999, 0), nil
	case 9:
		r := whole(200, 100, "Content-Length", "100")
		r.Body = &body{Reader: io.MultiReader(strings.NewReader(text), errReader{io.ErrUnexpectedEOF})}
		return r, nil
	case 10:
		return nil, &senderror.Error{Tag: senderror.TagConnectionRefused}
	default:
		return nil, &senderror.Error{Tag: senderror.TagHTTPResponseTimeout}
	}
}

// Send implements Origins.
func (c *conversation) Send(_ context.Context, _ *core.Origin, req *wire.Request) (*wire.Response, error) {
	if req.Body != nil {
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return nil, &senderror.Error{Tag: senderror.TagConnectionTerminated, Err: fmt.Errorf("%w: %w", wire.ErrRequestBody, err)}
		}
	}
	resp, err := answerOf(req.Target)
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// checkLines: each request has one line and is counted once.
func (c *conversation) checkLines() {
	require.Len(c, c.log, len(c.calls))
	for _, line := range c.log {
		var l struct {
			ID     string `json:"request"`
			Status int    `json:"status"`
		}
		require.NoError(c, json.Unmarshal(line, &l), "%s", line)
		require.Equal(c, 1, bytes.Count(line, []byte("\n")), "%s", line)
		require.NotContains(c, c.lines, l.ID, "one line a request")
		c.lines[l.ID] = l.Status
	}
	require.Equal(c, len(c.calls), c.counted)
	families, err := c.metrics.registry.Gather()
	require.NoError(c, err)
	sum := 0.0
	for _, family := range families {
		if family.GetName() == "clickedge_requests_total" {
			for _, m := range family.GetMetric() {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	require.Equal(c, float64(len(c.calls)), sum)
}

// checkRequests compares the requests with those that net/http reads, up to the
// first that it refuses. No request may follow one whose body broke.
func (c *conversation) checkRequests(sent []byte) {
	r := bufio.NewReader(bytes.NewReader(sent))
	readable := true
	for i, one := range c.calls {
		broke := one.body.err != nil && !errors.Is(one.body.err, io.EOF)
		require.False(c, broke && i+1 < len(c.calls), "a request after a broken body: %q", sent)
		if !readable {
			continue
		}
		req, err := http.ReadRequest(r)
		if readable = err == nil; !readable {
			continue
		}
		require.Equal(c, req.Method+" "+req.RequestURI, one.Method+" "+one.Target)
		text, err := io.ReadAll(req.Body)
		if readable = err == nil; readable {
			require.True(c, bytes.HasPrefix(text, one.body.text), "%q is read as %q", text, one.body.text)
		}
	}
}

// checkAnswers reads what the client got.
func (c *conversation) checkAnswers() {
	out, left := c.conn.out.Bytes(), c.conn.room < 1<<30
	for i, one := range c.calls {
		a, rest, whole := c.readAnswer(out, one)
		if !whole {
			require.True(c, left || one.err != nil, "an answer in part: %q", out)
			require.Len(c, c.calls, i+1, "nothing follows it")
			require.Empty(c, rest)
			return
		}
		c.checkAnswer(a, one)
		require.Equal(c, a.status, c.lines[strconv.Itoa(i)], "the line has another status")
		out = rest
	}
	if len(out) == 0 {
		return
	}
	refused := &call{RawRequest: wire.RawRequest{Method: "GET", Proto: "HTTP/1.1"}}
	a, rest, whole := c.readAnswer(out, refused)
	require.True(c, whole, "%q", out)
	require.Contains(c, []int{400, 431}, a.status, "an answer to no request")
	require.Equal(c, []string{"close"}, a.fields["connection"])
	require.Empty(c, rest, "an answer after a malformed request")
}

// reply is an answer as a client reads it.
type reply struct {
	status int
	fields map[string][]string
}

var (
	statusLine = regexp.MustCompile(`^HTTP/1\.1 ([1-9][0-9][0-9]) [ -~]*$`)
	fieldLine  = regexp.MustCompile("^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([^\\x00-\\x08\\x0a-\\x1f\\x7f]*)$")
)

// readAnswer reads one answer strictly. It is not whole where it was cut off.
func (c *conversation) readAnswer(out []byte, one *call) (a reply, rest []byte, whole bool) {
	head, rest, found := bytes.Cut(out, []byte("\r\n\r\n"))
	if !found {
		return a, nil, false
	}
	lines := strings.Split(string(head), "\r\n")
	m := statusLine.FindStringSubmatch(lines[0])
	require.NotNil(c, m, "%q", lines[0])
	a.status, _ = strconv.Atoi(m[1])
	a.fields = map[string][]string{}
	for _, line := range lines[1:] {
		m := fieldLine.FindStringSubmatch(line)
		require.NotNil(c, m, "%q", line)
		name := strings.ToLower(m[1])
		a.fields[name] = append(a.fields[name], m[2])
	}
	if a.status == 100 {
		require.True(c, one.Header.Has("Expect"), "an interim answer that nobody waits for")
		return c.readAnswer(rest, one)
	}
	require.GreaterOrEqual(c, a.status, 200)
	rest, whole = c.readBody(rest, &a, one)
	return a, rest, whole
}

// readBody reads the body of an answer, which must say how long it is in one
// way, or be the last.
func (c *conversation) readBody(rest []byte, a *reply, one *call) ([]byte, bool) {
	lengths, codings := a.fields["content-length"], a.fields["transfer-encoding"]
	require.LessOrEqual(c, len(lengths)+len(codings), 1, "%v", a.fields)
	switch {
	case one.Method == "HEAD", a.status == 204, a.status == 304:
		return rest, true
	case len(codings) == 1:
		require.Equal(c, "chunked", codings[0])
		require.Equal(c, "HTTP/1.1", one.Proto, "a client of 1.0 knows no chunks")
		r := bufio.NewReader(bytes.NewReader(rest))
		if _, err := io.Copy(io.Discard, httputil.NewChunkedReader(r)); err != nil {
			return nil, false
		}
		rest, _ = io.ReadAll(r)
		after, found := bytes.CutPrefix(rest, []byte("\r\n")) // there are no trailers
		return after, found
	case len(lengths) == 1:
		n, err := strconv.Atoi(lengths[0])
		require.NoError(c, err)
		if n > len(rest) {
			return nil, false
		}
		return rest[n:], true
	}
	require.Equal(c, []string{"close"}, a.fields["connection"], "an answer of unknown length")
	return nil, true
}

// checkAnswer compares where an answer leads with what core decides natively of
// the same request.
func (c *conversation) checkAnswer(a reply, one *call) {
	status, locations := c.decided(one)
	if status != 0 {
		require.Equal(c, status, a.status, "%s %q", one.Method, one.Target)
	} else {
		require.GreaterOrEqual(c, a.status, 400)
	}
	require.Equal(c, locations, a.fields["location"], "%s %q", one.Method, one.Target)
}

// decided is the status and Location that a request must get; status 0 for that
// of a page.
func (c *conversation) decided(one *call) (status int, locations []string) {
	host, _ := one.Header.Get("Host")
	target := one.Target
	if !strings.HasPrefix(target, "/") {
		scheme, rest, found := strings.Cut(target, "://")
		end := strings.IndexAny(rest+"/", "/?#")
		if !found || !slices.Contains([]string{"http", "https"}, strings.ToLower(scheme)) || core.CanonicalHost(rest[:end]) != core.CanonicalHost(host) {
			return 400, nil
		}
		if target = rest[end:]; target == "" {
			target = "/"
		}
	}
	if one.Length > c.srv.MostBody {
		return 413, nil
	}
	site := c.sites.Lookup(host).For(target)
	req := &core.Request{Method: one.Method, Target: target, CDNLoop: strings.Join(one.Header.Values("CDN-Loop"), ","), Keys: c.keys,
		HasBody: one.Header.Has("Content-Length") || one.Header.Has("Transfer-Encoding")}
	d := core.Decide(req, site, fuzzedNow)
	switch d.Action {
	case core.Redirect:
		return 302, []string{d.Location}
	case core.Reply:
		return 200, nil
	case core.Proxy:
		return c.forwarded(&d, req, site, one)
	}
	return 0, nil
}

// forwarded is what a request gets that the ESP is asked for.
func (c *conversation) forwarded(d *core.Decision, req *core.Request, site *core.Site, one *call) (int, []string) {
	var at core.Attempt
	resp, failure := answerOf(req.Target)
	switch {
	case one.body.err != nil && !errors.Is(one.body.err, io.EOF), int64(len(one.body.text)) > c.srv.MostBody:
		return 0, nil
	case failure != nil:
		at.Fail(outcome.Failure(failure.Tag))
		at.Blame(req)
	default:
		at.Code, at.Status = outcome.OK, resp.Status
	}
	d.AfterAttempt(req, site, &at)
	if d.Action == core.Proxy {
		values := resp.Header.Values("Location")
		d.AfterAnswer(req, site, at.Status, strings.Join(append(values, ""), "\x00"), false)
		if d.Recalled != "" && d.Action == core.Proxy {
			return at.Status, []string{d.Location}
		}
		if d.Action == core.Proxy {
			return at.Status, values
		}
	}
	if d.Action == core.Redirect {
		return 302, []string{d.Location}
	}
	return 0, nil
}
