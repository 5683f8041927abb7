package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server serves HTTP/1.1 and hands net/http handlers the request target as it
// came: RequestURI holds its exact bytes, URL what net/url makes of it (or the
// target in Opaque where it makes nothing). RawHeader returns the fields in
// order. The zero value with a Handler works.
type Server struct {
	Handler   http.Handler
	TLSConfig *tls.Config // non-nil: serve TLS
	Limits    Limits
	// HeadTimeout bounds the wait for a request head, the idle time between
	// requests included. Default 1 minute.
	HeadTimeout time.Duration
	// BodyTimeout bounds each wait for more of a request's body, and
	// WriteTimeout each write to a client; 0 is no bound.
	BodyTimeout, WriteTimeout time.Duration
	// FirstRequest is how long Shutdown waits for the first request of a
	// connection that has sent none; 0: it does not. A client may try again on
	// its own if an idle connection is closed that has served it, and does not
	// otherwise.
	FirstRequest time.Duration
	// Raw, if not nil, answers in place of Handler, see [RawHandler].
	Raw RawHandler
	Log *slog.Logger // nil: nothing is logged

	closing atomic.Bool

	mu        sync.Mutex
	listeners map[net.Listener]bool
	conns     map[*serverConn]bool
	closed    bool // nobody is waited for any more
	wg        sync.WaitGroup
}

// Serve accepts connections from ln until Shutdown or Close; it then returns
// http.ErrServerClosed. It closes ln.
func (s *Server) Serve(ln net.Listener) error {
	if !s.trackListener(ln) {
		ln.Close()
		return http.ErrServerClosed
	}
	defer s.wg.Done()
	defer ln.Close()
	var pause time.Duration
	for {
		conn, err := ln.Accept()
		if err == nil {
			pause = 0
			if c := s.newConn(conn); s.trackConn(c) {
				go s.serveConn(c)
			}
			continue
		}
		if pause = nextPause(err, pause); pause > 0 {
			s.warn("no connection was accepted", nil, err)
			time.Sleep(pause)
			continue
		}
		return s.stopped(ln, err)
	}
}

// stopped forgets a listener that accepts no more, and returns why.
func (s *Server) stopped(ln net.Listener, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, ln)
	if s.closing.Load() {
		return http.ErrServerClosed
	}
	return err
}

// nextPause is how long to wait after Accept has failed for a reason that goes
// away, as too many open files; 0 for any other reason.
func nextPause(err error, last time.Duration) time.Duration {
	var passing interface{ Temporary() bool } // deprecated for other errors than those of Accept
	if !errors.As(err, &passing) || !passing.Temporary() {
		return 0
	}
	return min(max(2*last, 5*time.Millisecond), time.Second)
}

func (s *Server) trackListener(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	if s.listeners == nil {
		s.listeners = map[net.Listener]bool{}
	}
	s.listeners[ln] = true
	s.wg.Add(1) // a connection that it accepts is waited for, however late
	return true
}

// ServeConn serves one connection and returns when it is closed.
func (s *Server) ServeConn(conn net.Conn) {
	if c := s.newConn(conn); s.trackConn(c) {
		s.serveConn(c)
	}
}

func (s *Server) serveConn(c *serverConn) {
	defer s.untrackConn(c)
	c.serve()
}

func (s *Server) newConn(conn net.Conn) *serverConn {
	if s.WriteTimeout > 0 {
		conn = &timedWriter{Conn: conn, timeout: s.WriteTimeout}
	}
	c := &serverConn{srv: s, conn: conn}
	c.request.Remote = addressOf(conn.RemoteAddr())
	if s.TLSConfig != nil {
		c.conn = tls.Server(conn, s.TLSConfig)
	}
	return c
}

// trackConn reports whether the connection is served; it is closed if not. One
// that was accepted while Shutdown began may have its first request, see
// FirstRequest.
func (s *Server) trackConn(c *serverConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.closing.Load() && s.FirstRequest == 0 {
		c.conn.Close()
		return false
	}
	if s.conns == nil {
		s.conns = map[*serverConn]bool{}
	}
	s.conns[c] = true
	s.wg.Add(1)
	return true
}

func (s *Server) untrackConn(c *serverConn) {
	c.conn.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.wg.Done()
}

// Shutdown stops accepting, closes idle connections, and waits until the
// requests under way have been answered or ctx ends; in that case it closes
// their connections and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop(false)
	done := make(chan struct{})
	go func() { s.wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.stop(true)
		<-done
		return ctx.Err()
	}
}

// Close stops accepting, closes every connection and waits until their handlers
// have returned.
func (s *Server) Close() error {
	s.stop(true)
	s.wg.Wait()
	return nil
}

func (s *Server) stop(active bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing.Store(true)
	s.closed = s.closed || active
	for ln := range s.listeners {
		ln.Close()
	}
	for c := range s.conns {
		c.stop(active)
	}
}

// stop closes the connection unless a request is under way, or its first one is
// waited for; with active in any case.
func (c *serverConn) stop(active bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !active && c.busy:
	case !active && !c.served && c.srv.FirstRequest > 0:
		c.conn.SetReadDeadline(time.Now().Add(c.srv.FirstRequest))
	default:
		c.conn.Close()
	}
}

// awaits reports whether the connection may wait for another request, and until
// when. Once Shutdown has begun only a connection's first request is waited
// for. A Shutdown that begins now sees that the connection is idle.
func (c *serverConn) awaits() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	switch {
	case !c.srv.closing.Load():
		c.boundHead()
	case !c.served && c.srv.FirstRequest > 0:
		c.conn.SetReadDeadline(time.Now().Add(c.srv.FirstRequest))
	default:
		return false
	}
	return true
}

// begin says that a request has begun to arrive: it will be answered.
func (c *serverConn) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy, c.served = true, true
	if c.srv.closing.Load() {
		c.bound = time.Time{}
		c.boundHead()
	}
}

// boundHead bounds the wait for a head. A bound that was set a moment ago is
// left as it is: setting one costs more than parsing a head.
func (c *serverConn) boundHead() {
	limit := c.headTimeout()
	now := time.Now()
	if now.Add(limit - limit/slack).Before(c.bound) {
		return
	}
	c.bound = now.Add(limit)
	c.conn.SetReadDeadline(c.bound)
}

// slack is which part of a bound on reading a head, or on a write, may be
// missing, so that it is not set anew each time.
const slack = 16

// unbind ends the bound on reading. Whoever sets another calls it first.
func (c *serverConn) unbind() {
	c.bound = time.Time{}
	c.conn.SetReadDeadline(time.Time{})
}

type serverConn struct {
	srv  *Server
	conn net.Conn
	br   *bufio.Reader
	bw   *bufio.Writer // while a request is answered, see writers
	tls  *tls.ConnectionState
	// bound is the deadline for reading a head, if it is set.
	bound time.Time

	mu   sync.Mutex
	busy bool // a request has begun
	// served: it has begun a request
	served bool

	// used again for each request
	request RawRequest
	writer  RawWriter
}

// readSize is the memory that an idle connection has for the next head. A
// longer one is read in pieces.
const readSize = 4 << 10

// writers have the memory for answers: idle connections need none.
var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 8<<10) }}

func (c *serverConn) takeWriter() {
	c.bw = writers.Get().(*bufio.Writer)
	c.bw.Reset(c.conn)
}

func (c *serverConn) giveWriter() {
	c.bw.Reset(nil)
	writers.Put(c.bw)
	c.bw = nil
}

func (c *serverConn) serve() {
	limit := c.srv.Limits.orDefaults()
	c.br = bufio.NewReaderSize(c.conn, readSize)
	if !c.handshake() {
		return
	}
	for c.awaits() {
		if _, err := c.br.Peek(1); err != nil {
			return // gone, or silent
		}
		c.begin()
		body, err := c.readRequest(limit)
		if err != nil {
			c.refuse(err)
			return
		}
		if !c.answer(body) {
			if body != nil && !body.over() {
				c.linger()
			}
			return
		}
	}
}

// lingering is how long a client may go on sending what nobody reads.
const lingering = 500 * time.Millisecond

// linger lets the client read the answer to a request that was not read to its
// end: a connection that is closed with bytes unread is reset, and a reset
// takes with it what the client has not read yet.
func (c *serverConn) linger() {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.conn.SetReadDeadline(time.Now().Add(lingering))
	io.Copy(io.Discard, c.conn)
}

func (c *serverConn) headTimeout() time.Duration {
	if c.srv.HeadTimeout > 0 {
		return c.srv.HeadTimeout
	}
	return time.Minute
}

func (c *serverConn) handshake() bool {
	t, ok := c.conn.(*tls.Conn)
	if !ok {
		return true
	}
	t.SetDeadline(time.Now().Add(c.headTimeout()))
	if err := t.Handshake(); err != nil {
		c.log("tls handshake failed", err)
		return false
	}
	t.SetWriteDeadline(time.Time{})
	state := t.ConnectionState()
	c.tls = &state
	return true
}

func (c *serverConn) log(what string, err error) { c.srv.warn(what, c.conn.RemoteAddr(), err) }

func (s *Server) warn(what string, client net.Addr, err error) {
	switch {
	case s.Log == nil:
	case client == nil:
		s.Log.Warn(what, "error", err)
	default:
		s.Log.Warn(what, "client", client, "error", err)
	}
}

// timedWriter bounds each write.
type timedWriter struct {
	net.Conn
	timeout time.Duration
	bound   atomic.Int64 // the deadline that is set, since epoch; 0 for none
}

// epoch is for times that a change of the clock does not move.
var epoch = time.Now()

// Write implements io.Writer. A deadline that was set a moment ago is left as it
// is, see slack.
func (c *timedWriter) Write(p []byte) (int, error) {
	if now := time.Since(epoch); now+c.timeout-c.timeout/slack >= time.Duration(c.bound.Load()) {
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
			return 0, err
		}
		c.bound.Store(int64(now + c.timeout))
	}
	return c.Conn.Write(p)
}

// SetWriteDeadline implements net.Conn.
func (c *timedWriter) SetWriteDeadline(t time.Time) error {
	c.bound.Store(0)
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *timedWriter) SetDeadline(t time.Time) error {
	c.bound.Store(0)
	return c.Conn.SetDeadline(t)
}

// CloseWrite closes the writing side, where the connection has one.
func (c *timedWriter) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// refuse answers a head that could not be read. Nothing is sent when the client
// has simply gone or kept silent.
func (c *serverConn) refuse(err error) {
	status := http.StatusBadRequest
	switch {
	case errors.Is(err, ErrHeadTooLarge):
		status = http.StatusRequestHeaderFieldsTooLarge
	case !errors.Is(err, ErrMalformed):
		return
	}
	c.log("request refused", err)
	text := err.Error() + "\n"
	c.takeWriter()
	defer c.giveWriter()
	fmt.Fprintf(c.bw, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s",
		status, http.StatusText(status), len(text), text)
	c.bw.Flush()
	c.linger()
}

// readRequest reads the head into c.request. body is nil where the request has
// none.
func (c *serverConn) readRequest(limit Limits) (body *bodyReader, err error) {
	h := head{r: c.br, limit: limit}
	h.prefetch()
	line, err := h.line()
	if err == nil && line == "" {
		// RFC 9112, section 2.2: one empty line before the request line is
		// ignored
		line, err = h.line()
	}
	if err != nil {
		return nil, err
	}
	r := &c.request
	if r.Method, r.Target, r.Proto, err = parseRequestLine(line); err != nil {
		return nil, err
	}
	if r.Header, err = h.fields(r.Header[:0]); err != nil {
		return nil, err
	}
	f, err := r.check()
	if err != nil {
		return nil, err
	}
	r.Length, r.Close, r.Body = f.length, wantsClose(r.Proto, r.Header), nil
	if f.length == 0 {
		return nil, nil
	}
	return newBodyReader(c.br, f, limit), nil
}

// check refuses a head whose message could be read in two ways, and returns how
// the body is framed.
func (r *RawRequest) check() (framing, error) {
	f, err := parseFraming(r.Header)
	if err != nil {
		return f, err
	}
	if f.chunked && r.Proto == "HTTP/1.0" {
		// RFC 9112, section 6.1: a proxy on the way may not have understood it
		return f, malformed("Transfer-Encoding in HTTP/1.0")
	}
	if hosts := r.Header.Count("Host"); hosts > 1 || hosts == 0 && r.Proto == "HTTP/1.1" {
		return f, malformed("%d Host fields", hosts)
	}
	if f.length < 0 && !f.chunked {
		f.length = 0 // a request without framing fields has no body
	}
	return f, nil
}

// newRequest makes a request for net/http's handlers of c.request.
func (c *serverConn) newRequest() *http.Request {
	r := &c.request
	fields := r.Header.Clone()
	req := &http.Request{Method: r.Method, RequestURI: r.Target, URL: parseTarget(r.Target), Proto: r.Proto, ProtoMajor: 1,
		ProtoMinor: r.minor(), Header: httpHeader(fields), ContentLength: r.Length, RemoteAddr: addr(c.conn.RemoteAddr()), TLS: c.tls}
	req.Host, _ = fields.Get("Host")
	if r.Length < 0 {
		req.TransferEncoding = []string{"chunked"}
	}
	req.Close = r.Close
	return req.WithContext(context.WithValue(context.Background(), rawHeaderKey{}, fields))
}

// addressOf returns an address and port; the zero AddrPort where it has none.
func addressOf(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort()
	}
	return netip.AddrPort{}
}

func addr(a net.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}

func parseTarget(target string) *url.URL {
	if u, err := url.ParseRequestURI(target); err == nil {
		return u
	}
	return &url.URL{Opaque: target}
}

// httpHeader is the fields as net/http presents them: canonical names, Host
// left out.
func httpHeader(fields Header) http.Header {
	header := make(http.Header, len(fields))
	for _, f := range fields {
		if !strings.EqualFold(f.Name, "Host") {
			header.Add(f.Name, f.Value)
		}
	}
	return header
}

func wantsClose(proto string, fields Header) bool {
	for i := range fields {
		if !fields[i].is("Connection") {
			continue
		}
		for token := range strings.SplitSeq(fields[i].Value, ",") {
			token = strings.TrimSpace(token)
			switch {
			case strings.EqualFold(token, "close"):
				return true
			case strings.EqualFold(token, "keep-alive"):
				return false
			}
		}
	}
	return proto == "HTTP/1.0"
}

type rawHeaderKey struct{}

// RawHeader returns the fields of r in wire order, Host included, when r came
// through a Server. Otherwise it makes a list of r.Header with sorted names,
// Host first.
func RawHeader(r *http.Request) Header {
	if fields, ok := r.Context().Value(rawHeaderKey{}).(Header); ok {
		return fields
	}
	fields := sorted(r.Header)
	if r.Host != "" {
		fields = append(Header{{"Host", r.Host}}, fields...)
	}
	return fields
}

// answer runs the handler and reports whether the connection can serve another
// request.
func (c *serverConn) answer(body *bodyReader) (again bool) {
	c.takeWriter()
	w := &c.writer
	w.reset(c)
	var reader *requestBody
	if body != nil {
		c.unbind()
		reader = &requestBody{body: body, conn: c.conn, timeout: c.srv.BodyTimeout}
		if expect, _ := c.request.Header.Get("Expect"); strings.EqualFold(expect, "100-continue") {
			body.before = w.writeContinue
		}
	}
	ok, hijacked := c.answerRaw(w, reader)
	if hijacked {
		return false // its handler may have kept the writer
	}
	c.giveWriter()
	return ok && !w.closeAfter && drain(c.conn, body, w.continued || body == nil || body.before == nil)
}

// answerRaw lets the raw handler answer, and net/http's where there is none or
// it leaves the request.
func (c *serverConn) answerRaw(w *RawWriter, body *requestBody) (ok, hijacked bool) {
	if c.srv.Raw == nil {
		return c.answerHTTP(w, body)
	}
	c.request.TLS = c.tls
	if body != nil {
		c.request.Body = body
	}
	err := c.handleRaw(w)
	if err == ErrNotRaw && !w.sent {
		return c.answerHTTP(w, body)
	}
	if body != nil {
		body.finish()
	}
	return err == nil && w.finish() == nil, false
}

// handleRaw calls the raw handler; a panic ends the connection only.
func (c *serverConn) handleRaw(w *RawWriter) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errPanicked
			c.log("handler panicked", fmt.Errorf("%v\n%s", p, debug.Stack()))
		}
	}()
	return c.srv.Raw.ServeRaw(w, &c.request)
}

var errPanicked = errors.New("handler panicked")

func (c *serverConn) answerHTTP(w *RawWriter, body *requestBody) (ok, hijacked bool) {
	c.unbind()
	req := c.newRequest()
	ctx, cancel := context.WithCancel(context.WithValue(req.Context(), http.LocalAddrContextKey, c.conn.LocalAddr()))
	defer cancel()
	watch := &watcher{c: c, cancel: cancel, done: make(chan struct{})}
	rw := &responseWriter{RawWriter: w, header: http.Header{}, watch: watch}
	req.Body = http.NoBody
	if body == nil {
		watch.start()
	} else {
		body.body.ended = watch.start
		req.Body = body
	}
	ok = c.handle(rw, req.WithContext(ctx))
	if rw.hijacked {
		return false, true
	}
	if body != nil {
		body.finish()
	}
	ok = ok && rw.finish() == nil
	watch.stop()
	return ok, false
}

// handle calls the handler; a panic ends the connection only.
// http.ErrAbortHandler is the silent way to do that.
func (c *serverConn) handle(w *responseWriter, req *http.Request) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			ok = false
			if p != http.ErrAbortHandler {
				c.log("handler panicked", fmt.Errorf("%v\n%s", p, debug.Stack()))
			}
		}
	}()
	c.srv.Handler.ServeHTTP(w, req)
	return true
}

// drain skips what the handler left of the request body; a long rest, or one
// that was never asked for, is not worth it.
func drain(conn net.Conn, body *bodyReader, asked bool) bool {
	if body == nil || body.over() {
		return true
	}
	if !asked || body.err != nil {
		return false
	}
	conn.SetReadDeadline(time.Now().Add(time.Second))
	body.ended = nil
	_, err := io.CopyN(io.Discard, body, 256<<10)
	return err == io.EOF
}

// requestBody lets Close end a Read that is under way in another goroutine.
type requestBody struct {
	body    *bodyReader
	conn    net.Conn
	timeout time.Duration

	use    sync.Mutex // held by a Read
	mu     sync.Mutex
	closed bool
}

var errBodyClosed = errors.New("request body is closed")

func (b *requestBody) Read(p []byte) (int, error) {
	b.use.Lock()
	defer b.use.Unlock()
	if !b.extend() {
		return 0, errBodyClosed
	}
	return b.body.Read(p)
}

// extend bounds the next wait. It reports false if the body is closed.
func (b *requestBody) extend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timeout > 0 && !b.closed {
		b.conn.SetReadDeadline(time.Now().Add(b.timeout))
	}
	return !b.closed
}

// finish ends a Read that is under way in another goroutine, and waits for it:
// the connection is the server's again.
func (b *requestBody) finish() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	if !b.use.TryLock() {
		b.conn.SetReadDeadline(aLongTimeAgo)
		b.use.Lock()
	}
	b.use.Unlock()
}

func (b *requestBody) Trailer() Header { return b.body.Trailer() }

// Close ends reading; the connection is not used for another request when the
// body was not read to its end.
func (b *requestBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return b.conn.SetReadDeadline(aLongTimeAgo)
}

// watcher waits, once the request has been read, for the client to go away, and
// then cancels the request's context.
type watcher struct {
	c       *serverConn
	cancel  context.CancelFunc
	mu      sync.Mutex
	started bool
	stopped bool
	done    chan struct{}
}

func (w *watcher) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started || w.stopped {
		return
	}
	w.started = true
	w.c.conn.SetReadDeadline(time.Time{})
	go func() {
		defer close(w.done)
		// a byte is the next request: it stays in the buffer
		_, err := w.c.br.Peek(1)
		w.mu.Lock()
		defer w.mu.Unlock()
		if err != nil && !w.stopped {
			w.cancel()
		}
	}()
}

func (w *watcher) stop() {
	w.mu.Lock()
	w.stopped = true
	started := w.started
	w.mu.Unlock()
	if started {
		w.c.conn.SetReadDeadline(aLongTimeAgo)
		<-w.done
	}
	w.c.conn.SetReadDeadline(time.Time{})
}
