package wire

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// HeadWriter is implemented by the http.ResponseWriter of a Server. It writes a
// response head field by field, in order, with names as given, in place of
// Header and WriteHeader.
//
// The fields frame the body: Content-Length or Transfer-Encoding: chunked. With
// neither, the server sends chunks (or, to an HTTP/1.0 client, closes the
// connection at the end). Date is added when it is missing.
type HeadWriter interface {
	WriteHead(status int, header Header) error
	// WriteTrailer sets the trailer fields of a chunked response; call it
	// before the handler returns.
	WriteTrailer(trailer Header)
}

// InterimWriter is implemented by the http.ResponseWriter of a Server.
type InterimWriter interface {
	// WriteInterim sends an informational response, such as 103, before the
	// head.
	WriteInterim(status int, header Header) error
}

var (
	_ HeadWriter    = (*RawWriter)(nil)
	_ HeadWriter    = (*responseWriter)(nil)
	_ InterimWriter = (*responseWriter)(nil)
)

// smallBody is how much of an unframed body is held back so that it can go out
// with a Content-Length.
const smallBody = 2048

// RawWriter writes the answer to one request. A [RawHandler] calls WriteHead
// once, before Write.
type RawWriter struct {
	c          *serverConn
	status     int
	sent       bool
	refused    error // the head must not be sent
	chunks     *chunkWriter
	left       int64 // bytes still owed under a Content-Length, else -1
	noBody     bool
	trailer    Header
	closeAfter bool
	continued  bool
}

func (w *RawWriter) reset(c *serverConn) { *w = RawWriter{c: c} }

// WriteHead implements HeadWriter. Head and body are sent when there is enough
// of them, or by FlushError, or when the handler returns.
func (w *RawWriter) WriteHead(status int, header Header) error {
	if w.status != 0 {
		return errors.New("response head already written")
	}
	w.status = status
	return w.sendHead(header, -1)
}

// WriteInterim implements InterimWriter. 101 is no informational response:
// after it there is no other one.
func (w *RawWriter) WriteInterim(status int, header Header) error {
	if status < 100 || status > 199 || status == http.StatusSwitchingProtocols {
		return fmt.Errorf("status %d is not informational", status)
	}
	if w.status != 0 || w.sent {
		return errors.New("response head already written")
	}
	if err := checkFields("informational response", header); err != nil {
		return err
	}
	fmt.Fprintf(w.c.bw, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for i := range header {
		w.writeField(header[i].Name, header[i].Value)
	}
	w.c.bw.WriteString("\r\n")
	return w.c.bw.Flush()
}

// WriteTrailer implements HeadWriter.
func (w *RawWriter) WriteTrailer(trailer Header) { w.trailer = trailer }

func (w *RawWriter) writeContinue() error {
	if w.sent {
		return nil
	}
	w.continued = true
	w.c.bw.WriteString("HTTP/1.1 100 Continue\r\n\r\n")
	return w.c.bw.Flush()
}

// Write implements io.Writer.
func (w *RawWriter) Write(p []byte) (int, error) {
	switch {
	case !w.sent:
		return 0, errors.New("response body before its head")
	case len(p) == 0:
		return 0, nil
	case w.noBody:
		return len(p), nil
	case w.left >= 0 && int64(len(p)) > w.left:
		return 0, http.ErrContentLength
	case w.left >= 0:
		w.left -= int64(len(p))
	}
	if w.chunks != nil {
		return w.chunks.Write(p)
	}
	return w.c.bw.Write(p)
}

// FlushError sends what has been written so far.
func (w *RawWriter) FlushError() error { return w.c.bw.Flush() }

// sendHead writes the head; length is the body's length where the writer knows
// it, else -1.
func (w *RawWriter) sendHead(fields Header, length int) error {
	f, err := parseFraming(fields)
	if w.refused = cmp.Or(w.refused, checkFields("response", fields), err); w.refused != nil {
		return w.refused
	}
	r := &w.c.request
	w.noBody = bodyless(r.Method, w.status)
	w.left, w.sent = f.length, true
	w.closeAfter = w.closeAfter || r.Close || wantsClose("HTTP/1.1", fields) || w.c.srv.closing.Load()
	framed := w.noBody || f.chunked || f.length >= 0
	switch {
	case framed:
		w.closeAfter = w.closeAfter || f.chunked && r.minor() == 0
	case length >= 0:
		w.left = int64(length)
	case r.minor() == 0:
		w.closeAfter = true
	default:
		f.chunked = true
	}
	if f.chunked && !w.noBody && r.minor() > 0 {
		w.chunks = newChunkWriter(w.c.bw)
	}
	w.writeStatus()
	for i := range fields {
		if r.minor() > 0 || !fields[i].is("Transfer-Encoding") {
			w.writeField(fields[i].Name, fields[i].Value)
		}
	}
	w.writeOurs(fields, framed)
	_, err = w.c.bw.WriteString("\r\n")
	return err
}

// writeOurs writes the fields that the handler has left to the server. framed:
// those say already how long the body is.
func (w *RawWriter) writeOurs(fields Header, framed bool) {
	minor := w.c.request.minor()
	switch {
	case framed:
	case w.left >= 0:
		w.writeField("Content-Length", strconv.FormatInt(w.left, 10))
	case minor > 0:
		w.writeField("Transfer-Encoding", "chunked")
	}
	switch {
	case fields.Has("Connection"):
	case w.closeAfter:
		w.writeField("Connection", "close")
	case minor == 0:
		w.writeField("Connection", "keep-alive")
	}
	if !fields.Has("Date") {
		w.writeDate()
	}
}

// writeStatus writes the status line. Errors of the connection are kept by the
// buffer, which returns them at its flush.
func (w *RawWriter) writeStatus() {
	bw := w.c.bw
	bw.WriteString("HTTP/1.1 ")
	line := bw.AvailableBuffer()
	for unit := 100; unit > w.status; unit /= 10 {
		line = append(line, '0')
	}
	bw.Write(strconv.AppendInt(line, int64(w.status), 10))
	bw.WriteByte(' ')
	bw.WriteString(http.StatusText(w.status))
	bw.WriteString("\r\n")
}

func (w *RawWriter) writeField(name, value string) {
	bw := w.c.bw
	bw.WriteString(name)
	bw.WriteString(": ")
	bw.WriteString(value)
	bw.WriteString("\r\n")
}

func (w *RawWriter) writeDate() {
	bw := w.c.bw
	bw.WriteString("Date: ")
	bw.WriteString(dateAt(time.Now()))
	bw.WriteString("\r\n")
}

// date is the text of a second.
type date struct {
	second int64
	text   string
}

// lastDate is kept, since formatting a date costs more than parsing a head.
var lastDate atomic.Pointer[date]

// dateAt is a time as HTTP has it.
func dateAt(now time.Time) string {
	second := now.Unix()
	if d := lastDate.Load(); d != nil && d.second == second {
		return d.text
	}
	text := now.UTC().Format(http.TimeFormat)
	lastDate.Store(&date{second, text})
	return text
}

// finish completes the response after the handler has returned.
func (w *RawWriter) finish() error {
	if !w.sent {
		return w.fail(errors.New("the handler has not answered"))
	}
	if w.chunks != nil {
		if err := w.chunks.finish(w.trailer); err != nil {
			return err
		}
	}
	if err := w.c.bw.Flush(); err != nil {
		return err
	}
	if w.left > 0 && !w.noBody {
		return fmt.Errorf("response body ended %d bytes short of its Content-Length", w.left)
	}
	return nil
}

// fail replaces a head that must not be sent by a plain 500.
func (w *RawWriter) fail(err error) error {
	w.c.log("response refused", err)
	w.c.bw.WriteString("HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	w.c.bw.Flush()
	return err
}

// responseWriter is a RawWriter for net/http's handlers: what they write first
// is held back, see smallBody.
type responseWriter struct {
	*RawWriter
	header   http.Header
	held     []byte
	watch    *watcher
	hijacked bool
}

var _ http.Hijacker = (*responseWriter)(nil)

// Hijack hands the connection to the handler, for a 101 (Switching Protocols);
// it is closed when the handler returns. What the client has sent already is in
// the reader.
func (w *responseWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.hijacked {
		return nil, nil, http.ErrHijacked
	}
	w.hijacked = true
	w.watch.stop()
	return w.c.conn, bufio.NewReadWriter(w.c.br, w.c.bw), w.c.bw.Flush()
}

// Header returns the fields that WriteHeader will send, sorted by name.
func (w *responseWriter) Header() http.Header { return w.header }

// WriteHeader fixes the status. Informational statuses other than 101 are
// ignored.
func (w *responseWriter) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
}

// Write holds back a small unframed body; see smallBody.
func (w *responseWriter) Write(p []byte) (int, error) {
	w.status = cmp.Or(w.status, http.StatusOK)
	if !w.sent && len(w.held)+len(p) <= smallBody {
		w.held = append(w.held, p...)
		return len(p), nil
	}
	if err := w.release(); err != nil {
		return 0, err
	}
	return w.RawWriter.Write(p)
}

func (w *responseWriter) release() error {
	if !w.sent {
		if err := w.sendHead(sorted(w.header), -1); err != nil {
			return err
		}
	}
	held := w.held
	w.held = nil
	_, err := w.RawWriter.Write(held)
	return err
}

// Flush sends what has been written so far.
func (w *responseWriter) Flush() { _ = w.FlushError() }

// FlushError is Flush with its error, for http.ResponseController.
func (w *responseWriter) FlushError() error {
	w.status = cmp.Or(w.status, http.StatusOK)
	if err := w.release(); err != nil {
		return err
	}
	return w.RawWriter.FlushError()
}

// SetReadDeadline and SetWriteDeadline serve http.ResponseController.
func (w *responseWriter) SetReadDeadline(t time.Time) error  { return w.c.conn.SetReadDeadline(t) }
func (w *responseWriter) SetWriteDeadline(t time.Time) error { return w.c.conn.SetWriteDeadline(t) }

// finish completes the response after the handler has returned.
func (w *responseWriter) finish() error {
	w.status = cmp.Or(w.status, http.StatusOK)
	if !w.sent {
		if err := w.sendHead(sorted(w.header), len(w.held)); err != nil {
			return w.fail(err)
		}
	}
	if err := w.release(); err != nil {
		return err
	}
	return w.RawWriter.finish()
}

// sorted lists a header map by name, so that the output does not depend on map
// order.
func sorted(header http.Header) Header {
	var fields Header
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, v := range header[name] {
			fields = append(fields, Field{name, v})
		}
	}
	return fields
}
