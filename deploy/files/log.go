package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
)

// Open opens a log of any length, or standard input for "-". A text that begins
// as gzip does is unpacked, whatever the file's name; one of several parts, as
// "cat a.gz b.gz" makes it, is read to the end. For other compressions the
// error names the command that unpacks them.
func Open(ctx context.Context, name string, stdin io.Reader) (io.ReadCloser, error) {
	r, _, err := open(ctx, name, stdin)
	if err != nil {
		return nil, err
	}
	l := &log{ctx: ctx, name: name, file: r, text: bufio.NewReaderSize(r, 64<<10)}
	begin, err := l.text.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		r.Close()
		return nil, fmt.Errorf("%s: %w", Label(name), err)
	}
	switch p, ok := packingOf(begin); {
	case bytes.HasPrefix(begin, []byte("\xff\xfe")), bytes.HasPrefix(begin, []byte("\xfe\xff")):
		r.Close()
		return nil, &Error{Name: Label(name), Problem: "is UTF-16", Hint: "save it as UTF-8, as iconv -f UTF-16 -t UTF-8 does; PowerShell's > writes UTF-16"}
	case !ok:
		return l, nil
	case p.name != "gzip":
		r.Close()
		return nil, packed(name, p)
	}
	unpacked := &parts{from: l.text}
	if err := unpacked.begin(); err != nil {
		r.Close()
		return nil, l.broken(err)
	}
	l.text, l.gz = bufio.NewReaderSize(unpacked, 64<<10), true
	return l, nil
}

// errTrailing is what stands behind the last part and is none.
var errTrailing = errors.New("the text after the compressed part is not gzip's")

// parts unpacks one part after another. Zeros after the last are padding from
// tapes and block devices (gzip's manual, "Tapes").
type parts struct {
	from *bufio.Reader
	gz   gzip.Reader
}

func (p *parts) begin() error {
	err := p.gz.Reset(p.from)
	p.gz.Multistream(false)
	return err
}

// Read implements io.Reader.
func (p *parts) Read(b []byte) (int, error) {
	n, err := p.gz.Read(b)
	if err == io.EOF {
		err = p.next()
	}
	return n, err
}

// next goes to the next part, or finds the end.
func (p *parts) next() error {
	begin, err := p.from.Peek(2)
	switch {
	case len(begin) == 0:
		return err
	case begin[0] == 0:
		return p.padding()
	case begin[0] == 0x1f && (len(begin) < 2 || begin[1] == 0x8b):
		return p.begin()
	}
	return errTrailing
}

func (p *parts) padding() error {
	for {
		b, err := p.from.ReadByte()
		switch {
		case err != nil:
			return err
		case b != 0:
			return errTrailing
		}
	}
}

type log struct {
	ctx  context.Context
	name string
	file io.ReadCloser
	text *bufio.Reader
	gz   bool
}

// Read implements io.Reader.
func (l *log) Read(p []byte) (int, error) {
	if err := context.Cause(l.ctx); err != nil {
		return 0, err
	}
	n, err := l.text.Read(p)
	if err == nil || err == io.EOF || context.Cause(l.ctx) != nil {
		return n, err
	}
	return n, l.broken(err)
}

// Close closes the file.
func (l *log) Close() error { return l.file.Close() }

func (l *log) broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Name: Label(l.name), Problem: "is compressed with gzip and breaks off",
			Hint: "it was cut, or is still being written: fetch it again"}
	}
	if errors.Is(err, errTrailing) {
		return &Error{Name: Label(l.name), Problem: "is compressed with gzip, but " + err.Error(),
			Hint: "gzip -dc unpacks what comes before; find out what was added, and by whom"}
	}
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || l.gz {
		return &Error{Name: Label(l.name), Problem: "is compressed with gzip and damaged: " + err.Error()}
	}
	return fmt.Errorf("%s: %w", Label(l.name), err)
}

// packing is a compression format.
type packing struct {
	magic, name string
	unpack      string // the command that does it
}

var packings = []packing{
	{"\x1f\x8b", "gzip", "gzip -dc"},
	{"\x28\xb5\x2f\xfd", "zstd", "zstdcat"},
	{"BZh", "bzip2", "bzcat"},
	{"\xfd7zXZ\x00", "xz", "xzcat"},
	{"PK\x03\x04", "zip", "unzip -p"},
	{"\xff\x06\x00\x00sN", "snappy", "snzip -dc"},
}

func packingOf(begin []byte) (packing, bool) {
	for _, p := range packings {
		if bytes.HasPrefix(begin, []byte(p.magic)) {
			return p, true
		}
	}
	return packing{}, false
}

func packed(name string, p packing) error {
	from := name
	if name == Std {
		from = "FILE"
	}
	return &Error{Name: Label(name), Problem: "is compressed with " + p.name,
		Hint: fmt.Sprintf("unpack it first: %s %s", p.unpack, from)}
}

// Unpacked returns an error for a compressed text.
func Unpacked(name string, text []byte) error {
	if p, ok := packingOf(text); ok {
		return packed(name, p)
	}
	return nil
}

// Packing names the compression of a text that begins so; "" for none that is
// known.
func Packing(begin []byte) string {
	p, _ := packingOf(begin)
	return p.name
}
