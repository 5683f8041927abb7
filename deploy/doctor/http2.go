package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// sameOverHTTP2 asks over HTTP/2, as browsers do, what was asked over HTTP/1.1,
// and compares the answers. Before a difference is called one, both are asked
// again: an answer may differ by chance.
func (x *exam) sameOverHTTP2(one *answer) bool {
	q := one.asked
	if two := x.askHTTP2(q); two.err == nil && one.alike(two) {
		return true
	}
	repeated, over := x.ask(q), x.askHTTP2(q)
	switch {
	case repeated.err != nil || !repeated.alike(one):
		x.unseen(catalogue.HTTP, "whether HTTP/2 answers as HTTP/1.1 does", "equal requests over HTTP/1.1 were answered differently", "")
		return false
	case over.err == nil && repeated.alike(over):
		return true
	case over.err != nil:
		x.find("http2-no-answer", "%s over HTTP/2: %s; over HTTP/1.1: %s", q.brief(), briefError(over.err), repeated.brief())
	default:
		x.find("http2-differs", "%s over HTTP/2: %s; over HTTP/1.1: %s", q.brief(), over.brief(), repeated.brief())
	}
	return false
}

// alike is like, but for a type that one of the two leaves out: servers guess
// one over one protocol only.
func (a *answer) alike(b *answer) bool {
	if a.kind() != "" && b.kind() != "" || a.err != nil || b.err != nil {
		return a.like(b)
	}
	bare := func(a *answer) *answer {
		c := *a
		c.header = a.header.Clone()
		c.header.Del("Content-Type")
		return &c
	}
	return bare(a).like(bare(b))
}

// askHTTP2 sends one request over a connection of its own, as ask does, in
// frames made here: net/http would refuse or rewrite targets that real links
// have.
func (x *exam) askHTTP2(q question) *answer {
	return x.askOver("h2", " over HTTP/2", q, func(ctx context.Context, conn net.Conn, a *answer) error {
		defer conn.Close()
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		defer stop()
		if secured, ok := conn.(*tls.Conn); ok && secured.ConnectionState().NegotiatedProtocol != "h2" {
			return errors.New("HTTP/2 was offered at first and is not any more")
		}
		start := time.Now()
		err := exchangeHTTP2(conn, x.request(q), a)
		a.first = time.Since(start)
		if ctx.Err() != nil && err != nil {
			err = context.Cause(ctx)
		}
		return err
	})
}

// window is what the server may send before it must be allowed more: more than
// is read.
const window = 1 << 20

// exchangeHTTP2 is one request on the first stream of a new connection (RFC
// 9113).
func exchangeHTTP2(conn net.Conn, r *wire.Request, a *answer) error {
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		return err
	}
	fr := http2.NewFramer(conn, conn)
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	fr.MaxHeaderListSize = 64 << 10
	if err := fr.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}); err != nil {
		return err
	}
	if err := fr.WriteWindowUpdate(0, window); err != nil {
		return err
	}
	if err := sendHTTP2(fr, r); err != nil {
		return err
	}
	for {
		done, err := readHTTP2(fr, a)
		if done || err != nil {
			return err
		}
	}
}

// sendHTTP2 writes the request: its fields in lower case, Host as :authority.
func sendHTTP2(fr *http2.Framer, r *wire.Request) error {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	host, _ := r.Header.Get("Host")
	for _, f := range [...][2]string{{":method", r.Method}, {":scheme", "https"}, {":authority", host}, {":path", r.Target}} {
		_ = enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}) // into memory
	}
	for _, f := range r.Header {
		if name := strings.ToLower(f.Name); name != "host" && name != "connection" {
			_ = enc.WriteField(hpack.HeaderField{Name: name, Value: f.Value})
		}
	}
	const most = 16 << 10 // a frame's size that every server takes
	fragment := block.Bytes()
	first := fragment[:min(len(fragment), most)]
	err := fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: first, EndStream: r.Body == nil, EndHeaders: len(first) == len(fragment)})
	for rest := fragment[len(first):]; err == nil && len(rest) > 0; {
		n := min(len(rest), most)
		err = fr.WriteContinuation(1, n == len(rest), rest[:n])
		rest = rest[n:]
	}
	if err != nil || r.Body == nil {
		return err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	return fr.WriteData(1, true, body)
}

// readHTTP2 reads one frame into the answer. done is set at the answer's end,
// or when enough of its body has come.
func readHTTP2(fr *http2.Framer, a *answer) (done bool, err error) {
	frame, err := fr.ReadFrame()
	if err != nil {
		return false, err
	}
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		if !f.IsAck() {
			return false, fr.WriteSettingsAck()
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			return false, fr.WritePing(true, f.Data)
		}
	case *http2.RSTStreamFrame:
		return false, fmt.Errorf("the stream was reset (%v)", f.ErrCode)
	case *http2.GoAwayFrame:
		if f.LastStreamID < 1 || f.ErrCode != http2.ErrCodeNo {
			return false, fmt.Errorf("the connection was given up (%v)", f.ErrCode)
		}
	case *http2.MetaHeadersFrame:
		return a.headHTTP2(f), nil
	case *http2.DataFrame:
		a.body = append(a.body, f.Data()...)
		if a.big = len(a.body) > MaxBody; a.big {
			a.body = a.body[:MaxBody]
		}
		return f.StreamEnded() || a.big, nil
	}
	return false, nil
}

// headHTTP2 reads the head of an answer; a 1xx comes before it, trailers after.
func (a *answer) headHTTP2(f *http2.MetaHeadersFrame) (done bool) {
	status, err := strconv.Atoi(f.PseudoValue("status"))
	if err == nil && status >= 200 {
		a.status, a.header = status, nil
		for _, field := range f.RegularFields() {
			a.header.Add(http.CanonicalHeaderKey(field.Name), field.Value)
		}
	}
	return f.StreamEnded()
}
