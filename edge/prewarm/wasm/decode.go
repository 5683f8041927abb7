package wasm

import (
	"fmt"
	"unicode/utf8"
)

// Error says why this package cannot read a module.
type Error struct {
	// Offset counts bytes from the start of what was decoded: the module for
	// [Parse], the section's body otherwise.
	Offset int
	// Section names the section, and is empty for the module's own frame.
	Section string
	// Reason is lower case and without the offset.
	Reason string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Section == "" {
		return fmt.Sprintf("%s at byte %d", e.Reason, e.Offset)
	}
	return fmt.Sprintf("%s section: %s at byte %d", e.Section, e.Reason, e.Offset)
}

// decoder reads from b and keeps its first error. After an error every read
// returns zero, so a caller may read a whole entry and check once. Loops end,
// because count never returns more than there are bytes.
type decoder struct {
	b       []byte
	pos     int
	section string
	err     error
	offset  uint32 // of the memory access that was read last
}

func (d *decoder) fail(at int, format string, args ...any) {
	if d.err == nil {
		d.err = &Error{Offset: at, Section: d.section, Reason: fmt.Sprintf(format, args...)}
	}
}

func (d *decoder) done() bool { return d.err != nil || d.pos >= len(d.b) }

// end returns the first error, or one for bytes that were not read.
func (d *decoder) end() error {
	if d.err == nil && d.pos != len(d.b) {
		d.fail(d.pos, "%d bytes left over", len(d.b)-d.pos)
	}
	return d.err
}

func (d *decoder) byte() byte {
	if d.done() {
		d.fail(d.pos, "unexpected end")
		return 0
	}
	c := d.b[d.pos]
	d.pos++
	return c
}

// bytes returns the next n bytes, without copying.
func (d *decoder) bytes(n uint32) []byte {
	if d.err == nil && uint64(n) > uint64(len(d.b)-d.pos) {
		d.fail(d.pos, "%d bytes announced, %d left", n, len(d.b)-d.pos)
	}
	if d.err != nil {
		return nil
	}
	d.pos += int(n)
	return d.b[d.pos-int(n) : d.pos : d.pos]
}

// u32 reads an unsigned LEB128 number of at most 32 bits. Padding is legal
// (Go's linker writes section sizes in five bytes), bits beyond the 32nd are
// not.
func (d *decoder) u32() uint32 { return uint32(d.unsigned(32)) }

func (d *decoder) unsigned(bits uint) uint64 {
	start, v := d.pos, uint64(0)
	for shift := uint(0); shift < bits; shift += 7 {
		c := d.byte()
		if left := bits - shift; left < 7 && c>>left != 0 {
			break
		}
		v |= uint64(c&0x7f) << shift
		if c&0x80 == 0 {
			return v
		}
	}
	d.fail(start, "number is longer than %d bits", bits)
	return 0
}

// signed reads a signed LEB128 number of at most the given bits: 32, 33 or 64.
func (d *decoder) signed(bits uint) int64 {
	start, v := d.pos, int64(0)
	for shift := uint(0); shift < bits; {
		c := d.byte()
		v |= int64(c&0x7f) << shift
		shift += 7
		if c&0x80 != 0 {
			continue
		}
		if shift < 64 {
			v = v << (64 - shift) >> (64 - shift)
		}
		if shift > bits && !fits(c, 7-(shift-bits)) {
			break
		}
		return v
	}
	d.fail(start, "number is longer than %d bits", bits)
	return 0
}

// fits reports whether the last byte of a signed number repeats its sign in the
// bits that the type does not have.
func fits(last byte, used uint) bool {
	rest := int8(last<<1) >> used // bit 6 is the sign: bring it to bit 7, then look at the sign and all above it
	return rest == 0 || rest == -1
}

// count reads the length of a vector whose entries take at least one byte each.
func (d *decoder) count() int {
	start := d.pos
	n := d.u32()
	if uint64(n) > uint64(len(d.b)-d.pos) {
		d.fail(start, "%d entries announced in %d bytes", n, len(d.b)-d.pos)
		return 0
	}
	return int(n)
}

func (d *decoder) name() string {
	start := d.pos
	s := d.bytes(d.u32())
	if !utf8.Valid(s) {
		d.fail(start, "name %q is not UTF-8", s)
	}
	return string(s)
}
