// Package batch reads what a sender of logs posts: lines of JSON, or one array
// of them, as Fastly's HTTPS log endpoint and "clickedge server" send them,
// packed by gzip or not.
//
// Start with [Read]. What is a line of the click log is what deploy/clicklog
// counts; everything else is kept apart, byte for byte, since a sender that was
// answered sends nothing again.
package batch

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/files"
)

// Batch is what one request brought.
type Batch struct {
	Lines []byte // of the click log, each with its end
	Count int    // of them

	Rejected []byte // what is no line of the click log, with line ends
	Why      clicklog.Passed
}

// Rejections is how many pieces were kept apart.
func (b *Batch) Rejections() int {
	return b.Why.Version + b.Why.Cut + b.Why.Broken + b.Why.Foreign
}

// ErrTooLarge is wrapped by the error for a body beyond the bound.
var ErrTooLarge = errors.New("the batch is too large")

// PackedError is the error for a compression that is not read.
type PackedError struct{ By string }

// Error implements error.
func (e *PackedError) Error() string { return "the batch is compressed with " + e.By }

// DamagedError is the error for a body whose compressed text is damaged.
type DamagedError struct{ Err error }

// Error implements error.
func (e *DamagedError) Error() string {
	return "the batch is compressed with gzip and damaged: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *DamagedError) Unwrap() error { return e.Err }

// Read reads a body of at most so many bytes, packed and unpacked. Whether it is
// packed is seen from its first bytes: no line of the log begins like them. An
// error means that nothing of the batch may be kept: the body broke off, or is
// damaged, and the sender has to send it again.
func Read(body io.Reader, most int64) (*Batch, error) {
	from := &source{from: body, left: most, most: most}
	text, err := unpacked(from, most)
	if err != nil {
		return nil, err
	}
	p := &parser{text: bufio.NewReaderSize(text, clicklog.MaxLine)}
	p.read()
	if text.err != nil {
		return nil, text.failure(from)
	}
	if from.err != nil {
		return nil, from.err
	}
	p.Count, p.Why = p.reader.Count, p.reader.Passed
	return &p.Batch, nil
}

// source is a bounded reader that remembers why it ended.
type source struct {
	from       io.Reader
	left, most int64
	err        error // nil, also at the end
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if int64(len(p)) > s.left+1 {
		p = p[:s.left+1]
	}
	n, err := s.from.Read(p)
	if s.left -= int64(n); s.left < 0 {
		err = fmt.Errorf("%w: it has more than %s", ErrTooLarge, files.Size(s.most))
	}
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// failure is why unpacking ended: the body's own reason where it has one.
func (s *source) failure(body *source) error {
	switch {
	case body.err != nil:
		return body.err
	case errors.Is(s.err, ErrTooLarge):
		return s.err
	}
	return &DamagedError{s.err}
}

// unpacked returns the text of a body.
func unpacked(body *source, most int64) (*source, error) {
	r := bufio.NewReaderSize(body, 64<<10)
	begin, err := r.Peek(6)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch by := files.Packing(begin); by {
	case "":
		return &source{from: r, left: most, most: most}, nil
	case "gzip":
		gz, err := gzip.NewReader(r)
		if err == nil {
			return &source{from: gz, left: most, most: most}, nil
		}
		if body.err != nil {
			return nil, body.err
		}
		return nil, &DamagedError{err}
	default:
		return nil, &PackedError{by}
	}
}

// parser takes a text apart.
type parser struct {
	Batch
	text   *bufio.Reader
	reader clicklog.Reader
}

func (p *parser) read() {
	if p.isArray() {
		p.array()
		return
	}
	p.lines(p.text)
}

// isArray reports whether the text is an array of objects. A line that has
// something in brackets before it is none.
func (p *parser) isArray() bool {
	begin, _ := p.text.Peek(512) // white space around the first bracket
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(begin, " \t\r\n"), []byte("["))
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return ok && len(rest) > 0 && (rest[0] == '{' || rest[0] == ']')
}

// array reads the elements of an array. From the first byte on that is not
// JSON, the text is read by lines.
func (p *parser) array() {
	d := json.NewDecoder(p.text)
	_, _ = d.Token() // the bracket that isArray has seen
	for d.More() {
		var element json.RawMessage
		if d.Decode(&element) != nil {
			p.lines(io.MultiReader(d.Buffered(), p.text))
			return
		}
		var line bytes.Buffer
		_ = json.Compact(&line, element)    // the decoder has found it valid
		if line.Len() >= clicklog.MaxLine { // with its end
			p.long(line.Bytes())
		} else {
			p.line(line.Bytes())
		}
	}
	_, _ = d.Token()
	p.lines(io.MultiReader(d.Buffered(), p.text))
}

// lines reads a text line by line. A line beyond the bound of the click log is
// kept apart in pieces.
func (p *parser) lines(text io.Reader) {
	r := bufio.NewReaderSize(text, clicklog.MaxLine)
	for {
		line, err := r.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			p.Rejected = append(p.Rejected, line...)
			line, err = r.ReadSlice('\n')
		}
		if long {
			p.long(line)
		} else {
			p.line(line)
		}
		if err != nil {
			return
		}
	}
}

// line takes what stands in one line. If anything of it is no line of the log,
// all of it is kept apart as well.
func (p *parser) line(text []byte) {
	if len(bytes.TrimSpace(text)) == 0 {
		return
	}
	others := p.reader.Others
	p.reader.Line(text, func(line []byte) {
		line = bytes.TrimSpace(line)
		if _, ok := p.reader.Parse(line); ok {
			p.Lines = append(append(p.Lines, line...), '\n')
		}
	})
	if p.reader.Others > others {
		p.reject(text)
	}
}

// long keeps apart what is longer than a line of the click log, or the end of it.
func (p *parser) long(text []byte) {
	p.reader.Passed.Foreign++
	p.reject(text)
}

func (p *parser) reject(text []byte) {
	p.Rejected = append(append(p.Rejected, bytes.TrimRight(text, "\r\n")...), '\n')
}
