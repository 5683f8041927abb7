package hostcall

import "unsafe"

// Buffer holds the text that the host writes. Each text takes the front of the
// free part, and never moves; if the rest is too short, it goes on in the next
// piece, and then a new one is allocated. The zero value works.
type Buffer struct {
	free, next []byte
}

// NewBuffer makes a buffer of two pieces of memory, which nothing else may use:
// the second is touched only when the first is full.
func NewBuffer(first, second []byte) Buffer { return Buffer{first, second} }

// spare is how much larger a new piece is than the text for which it is made,
// so that the next text fits too.
const spare = 1024

// Free returns the free part, for text that the guest writes; see [Buffer.Use].
// It has n bytes at least, if the buffer has.
func (b *Buffer) Free(n int) []byte {
	if n > len(b.free) {
		b.turn(n)
	}
	return b.free
}

// Keep gives up what is free from n bytes on, since text is there that stays.
func (b *Buffer) Keep(n int) { b.free = b.free[:n:n] }

// turn goes on in the next piece, if that has n bytes.
func (b *Buffer) turn(n int) bool {
	if n > len(b.next) {
		return false
	}
	b.free, b.next = b.next, nil
	return true
}

// renew makes n bytes free: in the next piece, or in one that it allocates.
func (b *Buffer) renew(n int) {
	if !b.turn(n) {
		b.free = make([]byte, n+spare)
	}
}

// Use marks the first n bytes of what is free as used.
func (b *Buffer) Use(n int) { b.free = b.free[n:] }

// Reserve takes n bytes for text that the guest writes later; nil if fewer are
// free.
func (b *Buffer) Reserve(n int) []byte {
	if n > len(b.free) && !b.turn(n) {
		return nil
	}
	room := b.free[:n:n]
	b.free = b.free[n:]
	return room
}

// take returns the text of n bytes that the host has written.
func (b *Buffer) take(n uint32) (string, Status) {
	if int(n) > len(b.free) {
		return "", Error
	}
	s := unsafe.String(unsafe.SliceData(b.free), int(n))
	b.free = b.free[n:]
	return s, OK
}

// grow makes room for n bytes, if the host has said that it needs so many, and
// reports whether to call again.
func (b *Buffer) grow(st Status, n uint32) bool {
	if st != BufferTooSmall || int(n) <= len(b.free) {
		return false
	}
	b.renew(int(n))
	return true
}

// part is what a host call says of a piece of a list: its length, and the
// cursor of the next piece, -1 after the last.
type part struct {
	n   uint32
	end int64
}

// pieces reads a list that may come in pieces, each with a cursor to the next.
// The host writes only whole entries into a piece.
func (b *Buffer) pieces(call func(p []byte, cursor uint32) (part, Status)) (string, Status) {
	for got, cursor := 0, uint32(0); ; {
		p, st := call(b.free[got:], cursor)
		n := int(p.n)
		switch {
		case st == BufferTooSmall && n > len(b.free)-got:
			before := b.free[:got]
			b.renew(got + n)
			copy(b.free, before)
			continue
		case st == BufferTooSmall || n > len(b.free)-got:
			return "", Error
		case st != OK:
			return "", st
		}
		got += n
		if p.end < 0 {
			return b.take(uint32(got))
		}
		cursor = uint32(p.end)
	}
}

// data returns the address of p, for a host call.
func data(p []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(p)) }
