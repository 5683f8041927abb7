package doctor

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/deploy/probe"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// defaultUserAgent is a browser's, so that what browsers get is what is seen.
const defaultUserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 clickedge-doctor"

// place is where a question goes.
type place struct {
	address string // to dial, "host:port"
	tls     bool
	sni     string // also the certificate's name
	// lax does not check the certificate: that was done, and nothing of value
	// is sent.
	lax bool
	// front is set for the host itself, which needs no mention.
	front bool
}

// front is where the host itself is asked.
type front struct {
	x           *exam
	https, http place
	v6          *place // https over IPv6, nil where it is not compared
}

func (x *exam) frontAt(address string) front {
	return front{
		x:     x,
		https: place{address: join(address, x.opt.HTTPSPort), tls: true, sni: x.opt.Host, lax: true, front: true},
		http:  place{address: join(address, x.opt.HTTPPort), front: true},
	}
}

// ask asks the host over https.
func (f *front) ask(q question) *answer {
	x := f.x
	q.to, q.host = f.https, x.opt.Host
	a := x.ask(q)
	if a.status == http.StatusTooManyRequests {
		x.find("filter-rate-limit", "the %d. request: %s", x.bounds.requests, a.brief())
		x.bounds.end("a rate limit was reached")
	}
	return a
}

// question is a request as it goes onto the wire, byte for byte.
type question struct {
	to     place
	method string // "" is GET
	target string
	host   string
	agent  string // "" is that of the options; "-" is none at all
	more   wire.Header
	body   string
}

// answer is what came back. err is set where there was none; the other fields
// are then empty but for the times.
type answer struct {
	asked  question
	status int
	header wire.Header
	body   []byte
	// big is set where the body went on beyond the bound.
	big                 bool
	connect, tls, first time.Duration
	err                 error
}

func (a *answer) get(name string) string {
	value, _ := a.header.Get(name)
	return value
}

// dial opens a connection, within the bound.
func (x *exam) dial(ctx context.Context, address string) (net.Conn, error) {
	if err := x.bounds.connection(); err != nil {
		return nil, err
	}
	return x.opt.Dial(ctx, "tcp", address)
}

// ask sends one request over a connection of its own and reads the answer.
// Redirects are answers like any other.
func (x *exam) ask(q question) *answer {
	return x.askOver("http/1.1", "", q, func(ctx context.Context, conn net.Conn, a *answer) error {
		got, err := probe.Exchange(ctx, conn, x.request(q), MaxBody)
		if err != nil {
			return err
		}
		// A body that was cut off is still an answer.
		a.first, a.status, a.header, a.body, a.big = got.Times.FirstByte, got.Status, got.Header, got.Body, got.Cut
		return nil
	})
}

// askOver connects, offers one protocol and lets exchange send the request,
// within the bounds of the examination. How says to the operator what is
// special about it.
func (x *exam) askOver(protocol, how string, q question, exchange func(context.Context, net.Conn, *answer) error) *answer {
	a := &answer{asked: q}
	if a.err = x.bounds.request(); a.err != nil {
		return a
	}
	ctx, cancel := context.WithTimeout(x.ctx, x.opt.Timeout)
	defer cancel()
	x.progressOf(q, how)
	conn, err := x.connectAs(ctx, q.to, a, protocol)
	if err != nil {
		a.err = err
		return a
	}
	if a.err = exchange(ctx, conn, a); a.err == nil {
		a.unpack()
	}
	return a
}

// unpack undoes a compression that was not asked for, so that the answer can be
// read all the same.
func (a *answer) unpack() {
	if !strings.EqualFold(a.get("Content-Encoding"), "gzip") {
		return
	}
	if r, err := gzip.NewReader(bytes.NewReader(a.body)); err == nil {
		if body, err := io.ReadAll(io.LimitReader(r, MaxBody+1)); err == nil {
			a.big = len(body) > MaxBody
			a.body = body[:min(len(body), MaxBody)]
		}
	}
}

// connectAs connects and offers one protocol.
func (x *exam) connectAs(ctx context.Context, to place, a *answer, protocol string) (net.Conn, error) {
	start := time.Now()
	conn, err := x.dial(ctx, to.address)
	a.connect = time.Since(start)
	if err != nil || !to.tls {
		return conn, err
	}
	start = time.Now()
	client := tls.Client(conn, &tls.Config{
		ServerName: to.sni, RootCAs: x.opt.Roots, InsecureSkipVerify: to.lax, NextProtos: []string{protocol},
		MinVersion: tls.VersionTLS10, Time: x.opt.Now,
	})
	if err := client.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	a.tls = time.Since(start)
	return client, nil
}

func (x *exam) request(q question) *wire.Request {
	header := wire.NewHeader("Host", q.host)
	if q.agent != "-" {
		header.Add("User-Agent", cmp.Or(q.agent, x.opt.UserAgent))
	}
	header.Add("Accept", "*/*")
	header = append(header, q.more...)
	header.Add("Connection", "close")
	r := &wire.Request{Method: cmp.Or(q.method, "GET"), Target: q.target, Header: header}
	if q.body != "" {
		r.Header.Add("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Add("Content-Length", strconv.Itoa(len(q.body)))
		r.Body = strings.NewReader(q.body)
	}
	return r
}

// brief is an answer in a few words, for "seen".
func (a *answer) brief() string {
	if a.err != nil {
		return "no answer: " + briefError(a.err)
	}
	text := strconv.Itoa(a.status)
	if to := a.get("Location"); to != "" {
		text += " to " + quoted(to)
	} else if page := a.text(); page != "" {
		text += " " + quoted(cut(page, 60))
	}
	if server := a.get("Server"); server != "" {
		text += ", server " + quoted(cut(server, 40))
	}
	return text
}

// brief is a question in a few words: method, path.
func (q *question) brief() string { return cmp.Or(q.method, "GET") + " " + cut(q.target, 60) }

var (
	tags  = regexp.MustCompile(`(?is)<(?:style|script)[^>]*>.*?</(?:style|script)>|<[^>]*>`)
	ids   = regexp.MustCompile(`[0-9A-Fa-f][0-9A-Fa-f-]{5,}|\d+`)
	white = regexp.MustCompile(`\s+`)
)

// text is the page without its markup; "" for what is no text.
func (a *answer) text() string {
	kind := strings.ToLower(a.get("Content-Type"))
	if kind != "" && !strings.Contains(kind, "text") && !strings.Contains(kind, "json") && !strings.Contains(kind, "xml") {
		return ""
	}
	body := a.body[:min(len(a.body), 8<<10)]
	return strings.TrimSpace(white.ReplaceAllString(tags.ReplaceAllString(string(body), " "), " "))
}

// kind is the media type, in lower case and without parameters.
func (a *answer) kind() string {
	kind, _, _ := strings.Cut(a.get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// normalized is an answer without what differs each time, so that two answers
// to the same question are equal: numbers and ids are left out of pages.
func (a *answer) normalized() string {
	if a.err != nil {
		return "error"
	}
	to := a.get("Location")
	status := a.status
	if a.redirects() {
		status = 300 // which redirect it is is judged with caching
	}
	return fmt.Sprintf("%d %s %s %s", status, to, a.kind(), ids.ReplaceAllString(a.text(), "#"))
}

// like reports whether two answers are the same but for ids and numbers.
func (a *answer) like(b *answer) bool { return a.normalized() == b.normalized() }

// briefError is an error without the addresses that net puts in front of it.
func briefError(err error) string {
	text := err.Error()
	for _, cause := range []string{"connection refused", "connection reset by peer", "i/o timeout", "network is unreachable", "no route to host"} {
		if strings.Contains(text, cause) {
			return cause
		}
	}
	if wire.IsTimeout(err) {
		return "no answer in time"
	}
	if err == io.EOF {
		return "the connection was closed"
	}
	return cut(text, 160)
}
