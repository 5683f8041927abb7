package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits bound a message head. The zero value stands for the defaults.
type Limits struct {
	HeadBytes int // start line and fields together; default 128 KiB
	Fields    int // number of fields; default 1,000
}

func (l Limits) orDefaults() Limits {
	if l.HeadBytes <= 0 {
		l.HeadBytes = 128 << 10
	}
	if l.Fields <= 0 {
		l.Fields = 1000
	}
	return l
}

// ErrHeadTooLarge is wrapped by errors about a head that goes beyond its
// Limits.
var ErrHeadTooLarge = errors.New("message head too large")

// ErrMalformed is wrapped by errors about bytes that are not HTTP/1.1.
var ErrMalformed = errors.New("malformed message")

// ErrStatus is wrapped by errors about a status line without a usable status
// code; such an error wraps ErrMalformed too.
var ErrStatus = errors.New("invalid status")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// head reads lines of one message head and counts them against the limits.
type head struct {
	r     *bufio.Reader
	limit Limits
	used  int
	// ready has the lines of a head that had arrived as a whole, see prefetch.
	ready string
	// failed is what prefetch met; a reset connection says so only once.
	failed error
}

// prefetch waits for the head, and takes it if it has arrived as a whole: one
// text for all its lines is allocated, in place of one for each. Any other is
// read line by line.
func (h *head) prefetch() {
	if _, h.failed = h.r.Peek(1); h.failed != nil {
		return // line returns it
	}
	arrived, _ := h.r.Peek(h.r.Buffered())
	n := lengthOfHead(arrived)
	h.ready = string(arrived[:n])
	h.r.Discard(n)
}

// lengthOfHead returns the length of the head that b begins with, with the empty
// line at its end; 0 if it is not whole, or begins with an empty line.
func lengthOfHead(b []byte) int {
	for at := 0; ; {
		line := bytes.IndexByte(b[at:], '\n')
		switch {
		case line < 0:
			return 0
		case line == 0, line == 1 && b[at] == '\r':
			if at == 0 {
				return 0
			}
			return at + line + 1
		}
		at += line + 1
	}
}

// line returns the next line without its end. A lone LF ends a line too (RFC
// 9112, section 2.2); a lone CR is refused.
func (h *head) line() (string, error) {
	if h.failed != nil {
		return "", endOfHead(h.failed, h.used)
	}
	if h.ready != "" {
		end := strings.IndexByte(h.ready, '\n')
		line := h.ready[:end]
		h.ready = h.ready[end+1:]
		if h.used += end + 1; h.used > h.limit.HeadBytes {
			return "", h.tooLarge()
		}
		return checkLine(line)
	}
	var buf []byte
	for {
		part, err := h.r.ReadSlice('\n')
		h.used += len(part)
		if h.used > h.limit.HeadBytes {
			return "", h.tooLarge()
		}
		buf = append(buf, part...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", endOfHead(err, h.used)
		}
	}
	return checkLine(string(buf[:len(buf)-1]))
}

func (h *head) tooLarge() error {
	return fmt.Errorf("%w: more than %d bytes", ErrHeadTooLarge, h.limit.HeadBytes)
}

// checkLine takes the CR from the end of a line.
func checkLine(line string) (string, error) {
	line = strings.TrimSuffix(line, "\r")
	if strings.IndexByte(line, '\r') >= 0 || strings.IndexByte(line, 0) >= 0 {
		return "", malformed("CR or NUL inside a line")
	}
	return line, nil
}

// endOfHead turns the end of the stream within a head into ErrUnexpectedEOF;
// before the first byte it stays io.EOF.
func endOfHead(err error, used int) error {
	if err == io.EOF && used > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}

// fields reads field lines up to and including the empty line, and appends them
// to header.
func (h *head) fields(header Header) (Header, error) {
	if n := strings.Count(h.ready, "\n") - 1; n > cap(header) {
		header = make(Header, 0, min(n, h.limit.Fields))
	}
	for {
		line, err := h.line()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil || line == "" {
			return header, err
		}
		if len(header) == h.limit.Fields {
			return nil, fmt.Errorf("%w: more than %d fields", ErrHeadTooLarge, h.limit.Fields)
		}
		field, err := parseField(line)
		if err != nil {
			return nil, err
		}
		header = append(header, field)
	}
}

// parseField refuses white space before the colon and continued lines: both are
// ways to smuggle fields past a proxy.
func parseField(line string) (Field, error) {
	name, value, found := strings.Cut(line, ":")
	if !found || !ValidName(name) {
		return Field{}, malformed("field line %q", clip(line))
	}
	value = strings.Trim(value, " \t")
	if !ValidValue(value) {
		return Field{}, malformed("control byte in the value of field %q", name)
	}
	return Field{name, value}, nil
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}

// parseRequestLine splits at the first and the last space, so that a target may
// hold raw spaces.
func parseRequestLine(line string) (method, target, proto string, err error) {
	method, rest, _ := strings.Cut(line, " ")
	cut := strings.LastIndexByte(rest, ' ')
	if !ValidName(method) || cut <= 0 {
		return "", "", "", malformed("request line %q", clip(line))
	}
	target, proto = rest[:cut], rest[cut+1:]
	if proto != "HTTP/1.1" && proto != "HTTP/1.0" {
		return "", "", "", malformed("protocol version %q", clip(proto))
	}
	return method, target, proto, nil
}

func parseStatusLine(line string) (proto string, status int, err error) {
	proto, rest, _ := strings.Cut(line, " ")
	if proto != "HTTP/1.1" && proto != "HTTP/1.0" {
		return "", 0, malformed("status line %q", clip(line))
	}
	code, _, _ := strings.Cut(rest, " ")
	status, err = strconv.Atoi(code)
	if err != nil || len(code) != 3 || status < 100 {
		return "", 0, fmt.Errorf("%w: %w %q", ErrMalformed, ErrStatus, clip(code))
	}
	return proto, status, nil
}

// framing says how a body is delimited: by length, by chunks, or (responses
// only) by the end of the connection.
type framing struct {
	length  int64 // -1 when unknown
	chunked bool
}

// parseFraming applies RFC 9112, section 6.3, strictly: Content-Length beside
// Transfer-Encoding is refused.
func parseFraming(header Header) (framing, error) {
	if !header.Has("Transfer-Encoding") && !header.Has("Content-Length") {
		return framing{length: -1}, nil
	}
	if header.Count("Content-Length") == 1 && !header.Has("Transfer-Encoding") {
		length, _ := header.Get("Content-Length")
		return parseLength(length)
	}
	codings, lengths := header.Values("Transfer-Encoding"), header.Values("Content-Length")
	if len(codings) > 0 {
		if len(codings) > 1 || !strings.EqualFold(codings[0], "chunked") {
			return framing{}, malformed("transfer coding %q", clip(strings.Join(codings, ", ")))
		}
		if len(lengths) > 0 {
			return framing{}, malformed("both Content-Length and Transfer-Encoding")
		}
		return framing{length: -1, chunked: true}, nil
	}
	return parseLengths(lengths)
}

func parseLengths(lengths []string) (framing, error) {
	for _, l := range lengths {
		if l != lengths[0] {
			return framing{}, malformed("Content-Length %q", clip(l))
		}
	}
	return parseLength(lengths[0])
}

func parseLength(length string) (framing, error) {
	n, err := strconv.ParseInt(length, 10, 64)
	if err != nil || strings.Trim(length, "0123456789") != "" {
		return framing{}, malformed("Content-Length %q", clip(length))
	}
	return framing{length: n}, nil
}

// checkFields refuses fields that must not be written; of says whose they are.
func checkFields(of string, fields Header) error {
	for _, f := range fields {
		if !ValidName(f.Name) || !ValidValue(f.Value) {
			return malformed("%s field %q", of, clip(f.Name))
		}
	}
	return nil
}

// bodyless reports whether a response with this status to this method has no
// body whatever its fields say.
func bodyless(method string, status int) bool {
	return method == "HEAD" || status < 200 || status == 204 || status == 304
}

// appendFieldLines writes fields and the empty line behind them.
func appendFieldLines(buf []byte, header Header) []byte {
	for i := range header {
		buf = append(append(buf, header[i].Name...), ": "...)
		buf = append(append(buf, header[i].Value...), "\r\n"...)
	}
	return append(buf, "\r\n"...)
}
