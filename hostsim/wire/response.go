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

var _ HeadWriter = (*responseWriter)(nil)

// smallBody is how much of an unframed body is held back so that it can go out
// with a Content-Length.
const smallBody = 2048

type responseWriter struct {
	c          *serverConn
	req        *http.Request
	header     http.Header
	status     int
	raw        Header // fields from WriteHead
	held       []byte
	sent       bool
	chunks     *chunkWriter
	left       int64 // bytes still owed under a Content-Length, else -1
	noBody     bool
	trailer    Header
	closeAfter bool
	continued  bool
	watch      *watcher
	hijacked   bool
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

// WriteHead sends the head at once.
func (w *responseWriter) WriteHead(status int, header Header) error {
	if w.status != 0 {
		return errors.New("response head already written")
	}
	w.status, w.raw = status, header
	return w.sendHead(-1)
}

// WriteTrailer sets the trailer fields.
func (w *responseWriter) WriteTrailer(trailer Header) { w.trailer = trailer }

func (w *responseWriter) writeContinue() error {
	if w.sent {
		return nil
	}
	w.continued = true
	w.c.bw.WriteString("HTTP/1.1 100 Continue\r\n\r\n")
	return w.c.bw.Flush()
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
	return w.writeBody(p)
}

func (w *responseWriter) release() error {
	if !w.sent {
		if err := w.sendHead(-1); err != nil {
			return err
		}
	}
	held := w.held
	w.held = nil
	_, err := w.writeBody(held)
	return err
}

func (w *responseWriter) writeBody(p []byte) (int, error) {
	switch {
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

// Flush sends what has been written so far.
func (w *responseWriter) Flush() { _ = w.FlushError() }

// FlushError is Flush with its error, for http.ResponseController.
func (w *responseWriter) FlushError() error {
	w.status = cmp.Or(w.status, http.StatusOK)
	if err := w.release(); err != nil {
		return err
	}
	return w.c.bw.Flush()
}

// SetReadDeadline and SetWriteDeadline serve http.ResponseController.
func (w *responseWriter) SetReadDeadline(t time.Time) error  { return w.c.conn.SetReadDeadline(t) }
func (w *responseWriter) SetWriteDeadline(t time.Time) error { return w.c.conn.SetWriteDeadline(t) }

// sendHead writes the head; length is the body's length where the writer knows
// it, else -1.
func (w *responseWriter) sendHead(length int) error {
	fields := w.raw
	if fields == nil {
		fields = sorted(w.header)
	}
	if err := checkFields("response", fields); err != nil {
		return err
	}
	fields, err := w.frame(fields.Clone(), length)
	if err != nil {
		return err
	}
	if !fields.Has("Date") {
		fields.Add("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	w.sent = true
	start := fmt.Sprintf("HTTP/1.1 %03d %s", w.status, http.StatusText(w.status))
	_, err = w.c.bw.Write(appendHead(nil, start, fields))
	return err
}

// frame chooses how the body is delimited and adds the field that says so.
func (w *responseWriter) frame(fields Header, length int) (Header, error) {
	f, err := parseFraming(fields)
	if err != nil {
		return nil, err
	}
	w.left, w.noBody = f.length, bodyless(w.req.Method, w.status)
	switch {
	case f.chunked && w.req.ProtoMinor == 0:
		fields.Del("Transfer-Encoding")
		w.closeAfter = true
	case f.chunked:
	case w.noBody || f.length >= 0:
	case length >= 0:
		w.left = int64(length)
		fields.Add("Content-Length", strconv.Itoa(length))
	case w.req.ProtoMinor == 0:
		w.closeAfter = true
	default:
		f.chunked = true
		fields.Add("Transfer-Encoding", "chunked")
	}
	if f.chunked && !w.noBody && !w.closeAfter {
		w.chunks = newChunkWriter(w.c.bw)
	}
	return w.persist(fields), nil
}

func (w *responseWriter) persist(fields Header) Header {
	w.closeAfter = w.closeAfter || w.req.Close || wantsClose("HTTP/1.1", fields) || w.c.srv.isClosing()
	switch {
	case w.closeAfter && !fields.Has("Connection"):
		fields.Add("Connection", "close")
	case !w.closeAfter && w.req.ProtoMinor == 0 && !fields.Has("Connection"):
		fields.Add("Connection", "keep-alive")
	}
	return fields
}

// finish completes the response after the handler has returned.
func (w *responseWriter) finish() error {
	w.status = cmp.Or(w.status, http.StatusOK)
	if !w.sent {
		if err := w.sendHead(len(w.held)); err != nil {
			return w.fail(err)
		}
	}
	if err := w.release(); err != nil {
		return err
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
func (w *responseWriter) fail(err error) error {
	w.c.log("response refused", err)
	w.c.bw.WriteString("HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	w.c.bw.Flush()
	return err
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
