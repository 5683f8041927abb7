package hostcall

import "unsafe"

// Buffer is where the text that the host gives is put. What it has given out
// stays where it is: each text takes the front of what is free, and where the
// rest is too short a new piece begins. The zero value works.
type Buffer struct {
	free []byte
}

// NewBuffer makes a buffer of this memory, which is then the buffer's.
func NewBuffer(room []byte) Buffer { return Buffer{free: room} }

// spare is what a new piece has beyond what is asked for, so that the next text
// has room too.
const spare = 1024

// Free returns what is free, for text that is made here; see [Buffer.Use].
func (b *Buffer) Free() []byte { return b.free }

// Use marks the first n bytes of what is free as used.
func (b *Buffer) Use(n int) { b.free = b.free[n:] }

// Reserve takes n bytes for text that is made later; nil where there is less.
func (b *Buffer) Reserve(n int) []byte {
	if n > len(b.free) {
		return nil
	}
	room := b.free[:n:n]
	b.free = b.free[n:]
	return room
}

// take returns the text of out.n bytes that the host has put there.
func (b *Buffer) take() (string, Status) {
	n := int(out.n)
	if n > len(b.free) {
		return "", Error
	}
	s := unsafe.String(unsafe.SliceData(b.free), n)
	b.free = b.free[n:]
	return s, OK
}

// grow makes room for out.n bytes where the host has said that it needs so
// many, and reports whether to ask again.
func (b *Buffer) grow(st Status) bool {
	if st != BufferTooSmall || int(out.n) <= len(b.free) {
		return false
	}
	b.free = make([]byte, int(out.n)+spare)
	return true
}

// pieces asks for a list that may come in pieces, each with a cursor to the
// next. The host puts whole entries into a piece.
func (b *Buffer) pieces(call func(p []byte, cursor uint32) Status) (string, Status) {
	for got, cursor := 0, uint32(0); ; {
		out.n, out.end = 0, -1
		st := call(b.free[got:], cursor)
		switch {
		case st == BufferTooSmall && int(out.n) > len(b.free)-got:
			b.free = append(make([]byte, 0, got+int(out.n)+spare), b.free[:got]...)
			b.free = b.free[:cap(b.free)]
			continue
		case st == BufferTooSmall || int(out.n) > len(b.free)-got:
			return "", Error
		case st != OK:
			return "", st
		}
		got += int(out.n)
		if out.end < 0 {
			out.n = uint32(got)
			return b.take()
		}
		cursor = uint32(out.end)
	}
}
