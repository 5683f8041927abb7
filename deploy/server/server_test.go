package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const sesClick = "/CL0/https:%2F%2Fshop.example.com%2Fa%3Fb=1/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"

// order records what happens, in its order.
type order struct {
	mu   sync.Mutex
	said []string
}

func (o *order) add(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said = append(o.said, text)
}

func (o *order) list() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.said...)
}

// lines is a click log.
type lines struct {
	order
	to  *order
	bad error
}

func (l *lines) Write(line []byte) (int, error) {
	if l.bad != nil {
		return 0, l.bad
	}
	l.add(string(line))
	l.to.add("line")
	return len(line), nil
}

// esps answers in place of all ESPs.
type esps struct {
	to     *order
	answer func(*wire.Request) (*wire.Response, error)
}

func (e *esps) Send(_ context.Context, _ *core.Origin, req *wire.Request) (*wire.Response, error) {
	e.to.add("asked")
	kept := *req // the server uses it again
	kept.Header = req.Header.Clone()
	return e.answer(&kept)
}

// reader takes an answer.
type reader struct {
	to     *order
	status int
	header wire.Header
	body   bytes.Buffer
	bad    error // that it has left
}

func (r *reader) WriteHead(status int, h wire.Header) error {
	r.to.add("answered")
	r.status, r.header = status, h.Clone()
	return r.bad
}

func (r *reader) Write(p []byte) (int, error) {
	r.to.add("piece")
	if r.bad != nil {
		return 0, r.bad
	}
	return r.body.Write(p)
}

func (r *reader) FlushError() error { return r.bad }

// rig is a server with all that is around it.
type rig struct {
	t    *testing.T
	what *order
	log  *lines
	warn bytes.Buffer
	esps *esps
	*Server
}

func newRig(t *testing.T, sites string) *rig {
	t.Helper()
	parsed, err := sitesjson.Parse("sites.json", []byte(sites))
	require.NoError(t, err)
	r := &rig{t: t, what: &order{}}
	r.log = &lines{to: r.what}
	r.esps = &esps{to: r.what, answer: func(*wire.Request) (*wire.Response, error) { return redirectTo("https://shop.example.com/a?b=1"), nil }}
	r.Server = &Server{Origins: r.esps, Log: r.log, Warn: &r.warn}
	r.Put(&Content{Sites: TableOf(parsed), Version: "v"})
	return r
}

type body struct {
	io.Reader
	closed atomic.Bool
}

func (b *body) Close() error { b.closed.Store(true); return nil }

func redirectTo(location string) *wire.Response {
	return &wire.Response{Status: 302, Header: wire.NewHeader("Location", location), Body: &body{Reader: strings.NewReader("")}}
}

func (r *rig) get(target string, out *reader) error {
	r.t.Helper()
	out.to = r.what
	err := r.Answer(r.t.Context(), &Incoming{Method: "GET", Target: target, Header: wire.NewHeader("Host", "link.example.com"),
		Secure: true, Address: netip.MustParseAddr("::ffff:192.0.2.7")}, out)
	r.Wait()
	return err
}

const (
	proxied = `{"sites": {"link.example.com": {"esp": "ses-us-east-1"}}}`
	first   = `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "destinations": ["shop.example.com"]}}}`
)

// The line is written before the answer, since a click that the ESP has counted
// must be in the log; where the click is answered first, after the ESP's answer.
func TestOrder(t *testing.T) {
	r := newRig(t, proxied)
	require.NoError(t, r.get(sesClick, &reader{}))
	require.Equal(t, []string{"asked", "line", "answered"}, r.what.list())
	r = newRig(t, first)
	out := &reader{}
	require.NoError(t, r.get(sesClick, out))
	require.Equal(t, []string{"answered", "asked", "line"}, r.what.list())
	require.Contains(t, r.log.list()[0], `"agrees":"yes"`)
	require.Equal(t, "https://shop.example.com/a?b=1", out.header.Values("location")[0])
}

// A body that is too long is not begun where its length is known, and is cut off
// where it is not; the ESP never gets it as a whole one.
func TestBodyTooLong(t *testing.T) {
	r := newRig(t, proxied)
	r.MostBody = 8
	var got []byte
	r.esps.answer = func(req *wire.Request) (*wire.Response, error) {
		var err error
		if got, err = io.ReadAll(req.Body); err != nil {
			return nil, &senderror.Error{Tag: senderror.TagConnectionTerminated, Err: fmt.Errorf("%w: %w", wire.ErrRequestBody, err)}
		}
		return redirectTo("https://shop.example.com/"), nil
	}
	post := func(text string, length int64) int {
		t.Helper()
		got = nil
		out := &reader{to: r.what}
		require.NoError(t, r.Answer(t.Context(), &Incoming{Method: "POST", Target: "/unsubscribe", Length: length,
			Header: wire.NewHeader("Host", "link.example.com", "Content-Length", "1"), Body: strings.NewReader(text)}, out))
		r.Wait()
		return out.status
	}
	for _, length := range []int64{8, -1} {
		require.Equal(t, 302, post("12345678", length))
		require.Equal(t, "12345678", string(got))
	}
	require.Equal(t, 413, post("123456789", 9))
	require.Nil(t, got, "the ESP was not asked")
	require.Equal(t, 413, post("123456789", -1))
	require.Equal(t, "12345678", string(got))
	require.Equal(t, 413, post(strings.Repeat("x", 1<<16), -1))
	require.Equal(t, "xxxxxxxx", string(got), "and an error in place of the end")
	for _, line := range r.log.list() {
		require.Equal(t, strings.Contains(line, `"status":413`), strings.Contains(line, `"code":"incomplete_request"`), line)
	}
}

// A reader who has left costs the line nothing, and the rest of the ESP's answer
// is not read.
func TestReaderLeaves(t *testing.T) {
	r := newRig(t, proxied)
	endless := &body{Reader: strings.NewReader(strings.Repeat("x", 1<<20))}
	r.esps.answer = func(*wire.Request) (*wire.Response, error) {
		return &wire.Response{Status: 200, Length: -1, Body: endless}, nil
	}
	gone := errors.New("gone")
	require.ErrorIs(t, r.get(sesClick, &reader{bad: gone}), gone)
	require.Len(t, r.log.list(), 1)
	require.True(t, endless.closed.Load())
	require.Equal(t, []string{"asked", "line", "answered"}, r.what.list())
}

// An answer of the ESP's that breaks off is not passed on as a whole one.
func TestBodyBreaksOff(t *testing.T) {
	r := newRig(t, proxied)
	broken := &body{Reader: io.MultiReader(strings.NewReader("half"), errReader{io.ErrUnexpectedEOF})}
	r.esps.answer = func(*wire.Request) (*wire.Response, error) {
		return &wire.Response{Status: 200, Length: 8, Body: broken}, nil
	}
	out := &reader{}
	require.ErrorIs(t, r.get(sesClick, out), io.ErrUnexpectedEOF)
	require.Equal(t, "half", out.body.String())
	require.True(t, broken.closed.Load())
}

type errReader struct{ error }

func (e errReader) Read([]byte) (int, error) { return 0, e.error }

// After a panic the reader gets a page, or no end of the answer, and there is
// one line.
func TestPanic(t *testing.T) {
	r := newRig(t, proxied)
	r.esps.answer = func(*wire.Request) (*wire.Response, error) { panic("reader@example.com") }
	out := &reader{}
	require.NoError(t, r.get(sesClick, out))
	require.Equal(t, 500, out.status)
	require.Len(t, r.log.list(), 1)
	require.Contains(t, r.log.list()[0], `"code":"internal_error"`)
	require.NotContains(t, r.warn.String(), "reader@")

	r.esps.answer = func(*wire.Request) (*wire.Response, error) {
		return &wire.Response{Status: 200, Length: 1, Body: &body{Reader: panics{}}}, nil
	}
	require.Error(t, r.get(sesClick, &reader{}))
	require.Len(t, r.log.list(), 2)

	r = newRig(t, first)
	r.esps.answer = func(*wire.Request) (*wire.Response, error) { panic("x") }
	require.NoError(t, r.get(sesClick, out))
	require.Equal(t, 302, out.status)
	require.Len(t, r.log.list(), 1, "after the answer as well")
}

type panics struct{}

func (panics) Read([]byte) (int, error) { panic("x") }

// A line that the log does not take goes to the operator.
func TestLogFails(t *testing.T) {
	r := newRig(t, proxied)
	r.log.bad = errors.New("disk is full")
	out := &reader{}
	require.NoError(t, r.get(sesClick, out))
	require.Equal(t, 302, out.status)
	require.Contains(t, r.warn.String(), `"status":302`)
}

// The reader's address is one of IPv4 where it is that, and none where it is not
// known.
func TestAddress(t *testing.T) {
	r := newRig(t, proxied)
	var sent wire.Header
	r.esps.answer = func(req *wire.Request) (*wire.Response, error) {
		sent = req.Header
		return nil, &senderror.Error{Tag: senderror.TagConnectionRefused}
	}
	out := &reader{}
	require.NoError(t, r.get(sesClick, out))
	require.Equal(t, []string{"192.0.2.7"}, sent.Values("X-Forwarded-For"))
	require.Equal(t, []string{"https"}, sent.Values("X-Forwarded-Proto"))
	require.Equal(t, 502, out.status)
	require.Equal(t, netip.MustParseAddr("2001:db8::1"), addressOf("[2001:db8::1]:99"))
	require.False(t, addressOf("pipe").IsValid())
}

// A target in absolute form is taken for its path, if it names the host that the
// Host field names.
func TestTargets(t *testing.T) {
	r := newRig(t, proxied)
	sent := ""
	r.esps.answer = func(req *wire.Request) (*wire.Response, error) {
		sent = req.Target
		return redirectTo("/"), nil
	}
	for target, want := range map[string]string{
		"/x//y?%zz":                        "/x//y?%zz",
		"http://Link.example.com:80/x?y#z": "/x?y#z",
		"HTTPS://link.example.com.":        "/",
		"https://link.example.com?x":       "?x",
		"http://other.example.com/x":       "",
		"http://link.example.com@evil/x":   "",
		"ftp://link.example.com/x":         "",
		"link.example.com:443":             "",
		"*":                                "",
		"x":                                "",
	} {
		sent = ""
		out := &reader{}
		require.NoError(t, r.get(target, out), target)
		require.Equal(t, want, sent, target)
		if want == "" {
			require.Equal(t, 400, out.status, target)
		}
	}
	for _, line := range r.log.list() {
		require.True(t, strings.Contains(line, `"code":"ok"`) || strings.Contains(line, `"code":"bad_request"`), line)
	}
}

// An override takes the place of a site, or adds one; an invalid one changes
// nothing, and each line says so.
func TestOverrides(t *testing.T) {
	r := newRig(t, proxied)
	sites := r.Content().Sites
	list, err := ParseOverrides([]byte(`{"link.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["example.com"]},
		"new.example.com": {"esp": "sendgrid"}, "bad.example.com": {"esp": "sendgird"}, "round.example.com": {"esp": "custom", "origin": "https://link.example.com"}}`), sites)
	require.NoError(t, err)
	require.Contains(t, list["bad.example.com"].Why, "sendgird")
	require.Contains(t, list["round.example.com"].Why, "link domain")
	r.Put(&Content{Sites: sites, Overrides: list})
	for host, want := range map[string]string{"LINK.example.com:443": `"esp":"none"`, "new.example.com": `"esp":"sendgrid"`, "bad.example.com": `"code":"wrong_host"`} {
		out := &reader{to: r.what}
		require.NoError(t, r.Answer(t.Context(), &Incoming{Method: "GET", Target: "/x", Header: wire.NewHeader("Host", host)}, out))
		said := r.log.list()
		line := said[len(said)-1]
		require.Contains(t, line, want)
		require.Equal(t, host == "bad.example.com", strings.Contains(line, `"override":"invalid"`), line)
		require.Equal(t, host != "bad.example.com", strings.Contains(line, `"override":"used"`), line)
	}
	for text, want := range map[string]string{
		"":                                   "not one JSON object",
		`{"a.example.com": {}} {}`:           "not one JSON object",
		`{"a.example.com": {`:                "not one JSON object",
		`[]`:                                 "not one JSON object",
		`{"A.example.com": {}}`:              "not a host",
		`{"a.example.com:443": {}}`:          "not a host",
		`{"": {}}`:                           "not a host",
		`{"a.example": {}, "a.example": {}}`: "twice",
	} {
		_, err := ParseOverrides([]byte(text), sites)
		require.ErrorContains(t, err, want, text)
	}
}

// One writer of warnings and many requests at once.
func TestManyAtOnce(t *testing.T) {
	r := newRig(t, first)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			out := &reader{to: r.what}
			_ = r.Answer(context.Background(), &Incoming{Method: "GET", Target: sesClick, Header: wire.NewHeader("Host", "link.example.com")}, out)
		})
	}
	wg.Wait()
	r.Wait()
	ids := map[string]bool{}
	for _, line := range r.log.list() {
		_, id, _ := strings.Cut(line, `"request":"`)
		ids[id[:32]] = true
	}
	require.Len(t, ids, 50, fmt.Sprint(r.log.list()))
}
