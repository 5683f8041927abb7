package hostsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
	"github.com/clickedge/clickedge/hostsim/internal/origin"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// ServeHTTP answers one request with a guest of its own. Behind a wire.Server
// the guest gets and sends exact bytes; behind net/http's server it gets what
// that has let through.
//
// The handler returns when the response has gone out; the guest may run on, and
// Close waits for it.
func (h *Host) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if h.cfg.Production && req.TLS == nil {
		upgrade(w, req)
		return
	}
	down, summary, err := h.downstream(req)
	if err != nil {
		h.cfg.Log.Warn("request refused", "error", err)
		http.Error(w, err.Error(), refusal(err))
		return
	}
	h.answer(w, req, down, summary)
}

// answer runs a guest and sends what it answers.
func (h *Host) answer(w http.ResponseWriter, req *http.Request, down *abi.Downstream, summary RequestSummary) {
	rc := http.NewResponseController(w)
	// guests read and write at once; net/http's server allows that only when
	// asked
	_ = rc.EnableFullDuplex()
	body := &requestBody{body: req.Body, rc: rc}
	down.Body = abi.NewBody(body, req.ContentLength, trailerOf(req))
	r := h.begin(down, summary)
	if r == nil {
		http.Error(w, errClosed.Error(), http.StatusServiceUnavailable)
		return
	}
	replied := sync.OnceFunc(func() { close(r.replied) })
	defer replied()
	defer body.finish()
	out := r.await(req.Context(), earlyHints(w, req))
	if out == nil {
		panic(http.ErrAbortHandler)
	}
	defer out.Close()
	r.rec.x.Response, r.rec.x.ResponseHeader = out.Status, out.Header
	unblocked := r.boundWrites(rc)
	if err := r.write(w, req, out); err != nil {
		r.abandonSoon()
		_ = rc.Flush() // what there is, the head at least
		unblocked()
		panic(http.ErrAbortHandler)
	}
	if out.Join != nil && unblocked() {
		replied() // the exchange is over, the connections stay open
		h.join(rc, out.Join)
		return
	}
	if !unblocked() {
		// the deadline stands, so the connection is of no use any more
		panic(http.ErrAbortHandler)
	}
}

// lastWrites is how long a client may take for what it is still sent when the
// request's time is up: a 503, or the end of a response.
const lastWrites = time.Second

// boundWrites ends writes to a client that does not read, some time after the
// request's time is up: before that, the 503 has to go out. The function that
// it returns calls this off, and reports whether it was in time.
func (r *run) boundWrites(rc *http.ResponseController) (calledOff func() bool) {
	var mu sync.Mutex
	var timer *time.Timer
	over := false
	waiting := context.AfterFunc(r.ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			timer = time.AfterFunc(lastWrites, func() { _ = rc.SetWriteDeadline(longAgo) })
		}
	})
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		over = true
		return waiting() || timer == nil || timer.Stop()
	}
}

// earlyHints sends 103 responses. A client that speaks HTTP/1.0 gets none.
func earlyHints(w http.ResponseWriter, req *http.Request) func(wire.Header) {
	if !req.ProtoAtLeast(1, 1) {
		return func(wire.Header) {}
	}
	if raw, ok := w.(wire.InterimWriter); ok {
		// an error shows again when the response is written
		return func(header wire.Header) { _ = raw.WriteInterim(http.StatusEarlyHints, header) }
	}
	return func(header wire.Header) {
		before := w.Header().Clone()
		for _, f := range header {
			w.Header().Add(f.Name, f.Value)
		}
		w.WriteHeader(http.StatusEarlyHints)
		clear(w.Header())
		maps.Copy(w.Header(), before)
	}
}

// await waits for the response, and sends hints before it. When the client goes
// first, it returns nil once the guest has ended, as in Viceroy: the guest does
// not notice, and ends where it would answer (Guest.Call), or when
// AfterDisconnect is over.
func (r *run) await(client context.Context, hint func(wire.Header)) *abi.Outgoing {
	sent := 0
	send := func() {
		for header, ok := r.rec.hint(sent); ok; header, ok = r.rec.hint(sent) {
			hint(header)
			sent++
		}
	}
	for {
		select {
		case out := <-r.rec.reply:
			send()
			return out
		case <-r.rec.hints:
			send()
		case <-client.Done():
			return r.forget()
		}
	}
}

// forget waits for the end of a guest whose client has gone.
func (r *run) forget() *abi.Outgoing {
	r.gone.Store(true)
	r.abandonSoon()
	out := <-r.rec.reply // the guest's ending answers at the latest
	out.Close()
	return nil
}

// join carries bytes between a client and a backend that have left HTTP behind,
// until one side ends or the host is closed.
func (h *Host) join(rc *http.ResponseController, backend io.ReadWriteCloser) {
	conn, buffered, err := rc.Hijack()
	if err != nil {
		h.cfg.Log.Warn("connection cannot be joined", "error", err)
		return
	}
	shut := sync.OnceFunc(func() { conn.Close(); backend.Close() })
	defer context.AfterFunc(h.ctx, shut)()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer shut()
		io.Copy(backend, buffered)
	}()
	io.Copy(conn, backend)
	shut()
	<-done
}

// abandonSoon shortens what is left of the time limit after the client has
// gone.
func (r *run) abandonSoon() {
	r.cancelAfter(r.host.cfg.Limits.AfterDisconnect, errClientGone)
}

// write sends the response. The head does not wait for a body that is still to
// come. An error means that the client has not got all of it.
func (r *run) write(w http.ResponseWriter, req *http.Request, out *abi.Outgoing) error {
	if err := writeHead(w, out.Status, frameResponse(out, req.Method)); err != nil {
		return err
	}
	if out.Join == nil && !out.Body.Here() {
		if err := flush(w); err != nil {
			return err
		}
	}
	if err := copyBody(r.ctx, req.Context(), w, out.Body); err != nil {
		return err
	}
	if raw, ok := w.(wire.HeadWriter); ok {
		raw.WriteTrailer(out.Body.Trailers())
	}
	return nil
}

// writeHead keeps the fields' bytes and order where w can.
func writeHead(w http.ResponseWriter, status int, header wire.Header) error {
	if raw, ok := w.(wire.HeadWriter); ok {
		return raw.WriteHead(status, header)
	}
	for _, f := range header {
		w.Header().Add(f.Name, f.Value)
	}
	w.WriteHeader(status)
	return nil
}

// copyBody flushes each piece: a guest may stream and wait for the client in
// between.
func copyBody(guest, client context.Context, w http.ResponseWriter, body *abi.Body) error {
	ctx, cancel := either(client, guest)
	defer cancel()
	for {
		data, err := body.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
		if err := flush(w); err != nil {
			return err
		}
	}
}

func flush(w http.ResponseWriter) error {
	err := http.NewResponseController(w).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

// either ends with the first of two contexts, and with that one's cause.
func either(a, b context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(a)
	stop := context.AfterFunc(b, func() { cancel(context.Cause(b)) })
	return ctx, func() { stop(); cancel(nil) }
}

// frameResponse leaves framing to the guest when it asked for that and its
// fields can be used; otherwise the length is sent when it is known, and chunks
// when it is not.
func frameResponse(out *abi.Outgoing, method string) wire.Header {
	header := out.Header.Clone()
	if out.Manual && origin.FramingValid(header) {
		return header
	}
	header.Del("Content-Length")
	header.Del("Transfer-Encoding")
	length := out.Body.Length()
	switch {
	case method == "HEAD" || out.Status < 200 || out.Status == 204 || out.Status == 304:
	case length >= 0:
		header.Add("Content-Length", strconv.FormatInt(length, 10))
	default:
		header.Add("Transfer-Encoding", "chunked")
	}
	return header
}

// downstream turns a request into what the guest gets. Its URI is scheme, Host
// and the raw target put together.
func (h *Host) downstream(req *http.Request) (*abi.Downstream, RequestSummary, error) {
	header := wire.RawHeader(req).Clone()
	target := req.RequestURI
	if target == "" {
		target = req.URL.RequestURI()
	}
	down := &abi.Downstream{Method: req.Method, Version: version(req.ProtoMajor, req.ProtoMinor), Header: header}
	uri, err := h.uri(target, req.Host)
	if err == nil {
		err = h.cfg.Limits.admit(header)
	}
	if err != nil {
		return nil, RequestSummary{}, err
	}
	down.URI, down.ClientIP, down.ServerIP = uri, h.clientIP(req), serverIP(req)
	down.TLS, down.H2Fingerprint = h.clientTLS(req), h.cfg.H2Fingerprint
	return down, RequestSummary{Method: req.Method, Target: target, Host: req.Host, Header: header.Clone()}, nil
}

// Reasons for refusing a request that is well formed.
var (
	errLongTarget = errors.New("request target is too long")
	errLongField  = errors.New("request field is too long")
	errLoop       = errors.New("request goes round in a loop")
)

func refusal(err error) int {
	switch {
	case errors.Is(err, errLongTarget):
		return http.StatusRequestURITooLong
	case errors.Is(err, errLongField):
		return http.StatusRequestHeaderFieldsTooLarge
	case errors.Is(err, errLoop):
		return http.StatusLoopDetected
	}
	return http.StatusBadRequest
}

func (h *Host) uri(target, host string) (abi.URI, error) {
	uri := abi.URI{Scheme: h.cfg.Scheme, Authority: host, Target: target}
	if limit := h.cfg.Limits.URL; limit > 0 && len(target) > limit {
		return uri, fmt.Errorf("%w: %d bytes, the limit is %d", errLongTarget, len(target), limit)
	}
	if host != "" && !abi.ValidAuthority(host) {
		return uri, fmt.Errorf("host %q cannot be part of a URI", host)
	}
	if strings.HasPrefix(target, "/") || target == "*" {
		if host == "" {
			return uri, errors.New("request has neither Host nor an absolute target")
		}
		return uri, nil
	}
	absolute, ok := abi.ParseURI(target)
	if !ok || absolute.Scheme == "" {
		return uri, errors.New("request target is neither a path nor absolute")
	}
	if h.cfg.Scheme == "http" {
		// a client that says https is believed, as in Viceroy
		uri.Scheme = absolute.Scheme
	}
	if uri.Target = absolute.Target; host == "" {
		uri.Authority = absolute.Authority
	}
	return uri, nil
}

func version(major, minor int) abi.Version {
	switch {
	case major == 2:
		return abi.HTTP2
	case major == 3:
		return abi.HTTP3
	case minor == 0:
		return abi.HTTP10
	}
	return abi.HTTP11
}

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

func (h *Host) clientIP(req *http.Request) netip.Addr {
	if h.cfg.ClientIP.IsValid() {
		return h.cfg.ClientIP
	}
	if addr, err := netip.ParseAddrPort(req.RemoteAddr); err == nil {
		return addr.Addr()
	}
	return loopback
}

func serverIP(req *http.Request) netip.Addr {
	local, _ := req.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if tcp, ok := local.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr()
	}
	return loopback
}

func trailerOf(req *http.Request) func() wire.Header {
	if t, ok := req.Body.(interface{ Trailer() wire.Header }); ok {
		return t.Trailer
	}
	return nil
}
