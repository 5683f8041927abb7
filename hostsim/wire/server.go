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
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
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
	// Raw is for handlers that read RequestURI and [RawHeader] alone, and finish
	// a request whose client has left: Header stays empty, URL has the target in
	// Opaque, and the context does not end with the connection.
	Raw bool
	Log *slog.Logger // nil: nothing is logged

	mu        sync.Mutex
	listeners map[net.Listener]bool
	conns     map[*serverConn]bool
	closing   bool
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
	if s.closing {
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
	if s.closing {
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
		conn = &timedWriter{conn, s.WriteTimeout}
	}
	c := &serverConn{srv: s, conn: conn}
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
	if s.closed || s.closing && s.FirstRequest == 0 {
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
	s.closing, s.closed = true, s.closed || active
	for ln := range s.listeners {
		ln.Close()
	}
	for c := range s.conns {
		switch {
		case !active && c.busy:
		case !active && !c.served && s.FirstRequest > 0:
			c.conn.SetReadDeadline(time.Now().Add(s.FirstRequest))
		default:
			c.conn.Close()
		}
	}
}

// awaits reports whether the connection may wait for another request, and until
// when. Once Shutdown has begun only a connection's first request is waited for.
func (s *Server) awaits(c *serverConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.busy = false
	switch {
	case !s.closing:
		c.conn.SetReadDeadline(time.Now().Add(c.headTimeout()))
	case !c.served && s.FirstRequest > 0:
		c.conn.SetReadDeadline(time.Now().Add(s.FirstRequest))
	default:
		return false
	}
	return true
}

// begin says that a request has begun to arrive: it will be answered.
func (s *Server) begin(c *serverConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.busy, c.served = true, true
	if s.closing {
		c.conn.SetReadDeadline(time.Now().Add(c.headTimeout()))
	}
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

type serverConn struct {
	srv  *Server
	conn net.Conn
	br   *bufio.Reader
	bw   *bufio.Writer
	tls  *tls.ConnectionState
	busy bool // a request has begun; guarded by srv.mu
	// served: it has begun a request; guarded by srv.mu
	served bool
}

func (c *serverConn) serve() {
	limit := c.srv.Limits.orDefaults()
	c.br, c.bw = bufio.NewReaderSize(c.conn, 8<<10), bufio.NewWriterSize(c.conn, 8<<10)
	if !c.handshake() {
		return
	}
	for c.srv.awaits(c) {
		if _, err := c.br.Peek(1); err != nil {
			return // gone, or silent
		}
		c.srv.begin(c)
		req, body, err := c.readRequest(limit)
		if err != nil {
			c.refuse(err)
			return
		}
		c.conn.SetReadDeadline(time.Time{})
		if !c.answer(req, body) {
			if !body.over() {
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
	t.SetDeadline(time.Time{})
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
}

// Write implements io.Writer.
func (c *timedWriter) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
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
	fmt.Fprintf(c.bw, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s",
		status, http.StatusText(status), len(text), text)
	c.bw.Flush()
	c.linger()
}

func (c *serverConn) readRequest(limit Limits) (*http.Request, *bodyReader, error) {
	h := &head{r: c.br, limit: limit}
	line, err := h.line()
	if err == nil && line == "" {
		// RFC 9112, section 2.2: one empty line before the request line is
		// ignored
		line, err = h.line()
	}
	if err != nil {
		return nil, nil, err
	}
	method, target, proto, err := parseRequestLine(line)
	if err != nil {
		return nil, nil, err
	}
	fields, err := h.fields()
	if err != nil {
		return nil, nil, err
	}
	return c.newRequest(method, target, proto, fields, limit)
}

func (c *serverConn) newRequest(method, target, proto string, fields Header, limit Limits) (*http.Request, *bodyReader, error) {
	f, err := parseFraming(fields)
	if err != nil {
		return nil, nil, err
	}
	if f.chunked && proto == "HTTP/1.0" {
		// RFC 9112, section 6.1: a proxy on the way may not have understood it
		return nil, nil, malformed("Transfer-Encoding in HTTP/1.0")
	}
	if hosts := fields.Values("Host"); len(hosts) > 1 || len(hosts) == 0 && proto == "HTTP/1.1" {
		return nil, nil, malformed("%d Host fields", len(hosts))
	}
	if f.length < 0 && !f.chunked {
		f.length = 0 // a request without framing fields has no body
	}
	body := newBodyReader(c.br, f, limit)
	location, header := &url.URL{Opaque: target}, http.Header(nil)
	if !c.srv.Raw {
		location, header = parseTarget(target), httpHeader(fields)
	}
	req := &http.Request{Method: method, RequestURI: target, URL: location, Proto: proto, ProtoMajor: 1,
		ProtoMinor: int(proto[7] - '0'), Header: header, ContentLength: f.length, RemoteAddr: addr(c.conn.RemoteAddr()), TLS: c.tls}
	req.Host, _ = fields.Get("Host")
	if f.chunked {
		req.TransferEncoding = []string{"chunked"}
	}
	req.Close = wantsClose(proto, fields)
	return req.WithContext(context.WithValue(context.Background(), rawHeaderKey{}, fields)), body, nil
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
	tokens := strings.ToLower(strings.Join(fields.Values("Connection"), ","))
	for token := range strings.SplitSeq(tokens, ",") {
		switch strings.TrimSpace(token) {
		case "close":
			return true
		case "keep-alive":
			return false
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
func (c *serverConn) answer(req *http.Request, body *bodyReader) (again bool) {
	ctx, cancel := context.WithCancel(context.WithValue(req.Context(), http.LocalAddrContextKey, c.conn.LocalAddr()))
	defer cancel()
	w := &responseWriter{c: c, req: req, header: http.Header{}}
	watch := &watcher{c: c, cancel: cancel, done: make(chan struct{})}
	w.watch = watch
	if !c.srv.Raw {
		body.ended = watch.start
	}
	if expect, _ := RawHeader(req).Get("Expect"); strings.EqualFold(expect, "100-continue") && body.left != 0 {
		body.before = w.writeContinue
	}
	reader := &requestBody{body: body, conn: c.conn, timeout: c.srv.BodyTimeout}
	req.Body = reader
	if body.left == 0 {
		req.Body = http.NoBody
		if !c.srv.Raw {
			watch.start()
		}
	}
	ok := c.handle(w, req.WithContext(ctx))
	if w.hijacked {
		return false
	}
	reader.finish()
	ok = ok && w.finish() == nil
	watch.stop()
	return ok && !w.closeAfter && drain(c.conn, body, w.continued || body.before == nil)
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
	if body.over() {
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
