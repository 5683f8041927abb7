package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const wasmHeader = "\x00asm\x01\x00\x00\x00"

// The sections that are looked into (WebAssembly core specification, 5.5.2).
const (
	sectionImport = 2
	sectionMemory = 5
	sectionData   = 11
)

// layout is what the sections of a module say without running anything.
type layout struct {
	memories int // defined and imported
	segments int // of data, active and passive
	bytes    int // in them
	// image holds the segments joined where one begins where another ends, so that
	// what a linker cut in two is found in one piece. A zero byte stands between
	// others.
	image []byte
}

// readLayout walks all sections, to the module's last byte.
func readLayout(wasm []byte) (*layout, error) {
	if len(wasm) < len(wasmHeader) || string(wasm[:len(wasmHeader)]) != wasmHeader {
		return nil, errors.New("it does not begin as a core WebAssembly module of version 1 does")
	}
	l := &layout{}
	r := &reader{rest: wasm[len(wasmHeader):], size: len(wasm)}
	for len(r.rest) > 0 {
		at := r.at()
		id := r.byte()
		body := &reader{rest: r.take(r.u32()), size: len(wasm)}
		if r.failed {
			return nil, fmt.Errorf("it ends within the section at byte %d", at)
		}
		if l.section(id, body); body.failed {
			return nil, fmt.Errorf("the section at byte %d, of kind %d, cannot be read", at, id)
		}
	}
	return l, nil
}

func (l *layout) section(id byte, r *reader) {
	switch id {
	case sectionImport:
		l.imports(r)
	case sectionMemory:
		l.memories += int(r.u32())
	case sectionData:
		l.data(r)
	}
}

// imports counts the memories among them.
func (l *layout) imports(r *reader) {
	for n := r.u32(); n > 0 && !r.failed; n-- {
		r.take(r.u32())
		r.take(r.u32())
		switch r.byte() {
		case 0: // function
			r.u32()
		case 1: // table
			r.byte()
			r.limits()
		case 2: // memory
			r.limits()
			l.memories++
		case 3: // global
			r.byte()
			r.byte()
		default:
			r.failed = true
		}
	}
}

// data reads the segments. The end of one is where the next may go on.
func (l *layout) data(r *reader) {
	l.segments = int(r.u32())
	end := int64(-1)
	for n := l.segments; n > 0 && !r.failed; n-- {
		offset := r.segmentOffset()
		bytes := r.take(r.u32())
		if offset < 0 || offset != end {
			l.image = append(l.image, 0)
		}
		if end = offset + int64(len(bytes)); offset < 0 {
			end = -1
		}
		l.image = append(l.image, bytes...)
		l.bytes += len(bytes)
	}
}

// reader reads a module. Once failed it returns zeros.
type reader struct {
	rest   []byte
	size   int
	failed bool
}

func (r *reader) at() int { return r.size - len(r.rest) }

func (r *reader) byte() byte {
	b := r.take(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (r *reader) take(n uint32) []byte {
	if r.failed || uint64(n) > uint64(len(r.rest)) {
		r.failed = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// u32 reads an unsigned LEB128 number.
func (r *reader) u32() uint32 {
	v, n := binary.Uvarint(r.rest[:min(len(r.rest), 5)])
	if n <= 0 || v > 1<<32-1 {
		r.failed = true
		return 0
	}
	r.take(uint32(n))
	return uint32(v)
}

// s32 reads a signed LEB128 number.
func (r *reader) s32() int64 {
	var v int64
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= int64(b&0x7f) << shift
		if b < 0x80 {
			if b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
	r.failed = true
	return 0
}

func (r *reader) limits() {
	flags := r.byte()
	r.u32()
	if flags&1 != 0 {
		r.u32()
	}
}

// The kinds of data segments, and the two instructions of an offset.
const (
	segmentActive   = 0
	segmentPassive  = 1
	segmentExplicit = 2
	opI32Const      = 0x41
	opEnd           = 0x0b
)

// segmentOffset reads what comes before a segment's bytes; -1 where it has no
// place of its own.
func (r *reader) segmentOffset() int64 {
	switch r.u32() {
	case segmentPassive:
		return -1
	case segmentExplicit:
		r.u32()
	case segmentActive:
	default:
		r.failed = true
		return -1
	}
	if r.byte() != opI32Const {
		r.failed = true
		return -1
	}
	offset := r.s32() & (1<<32 - 1)
	if r.byte() != opEnd {
		r.failed = true
	}
	return offset
}
