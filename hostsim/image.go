package hostsim

import (
	"encoding/binary"
	"errors"
)

// Instantiating a module copies its data segments into memory, one by one; a Go
// module has tens of thousands of them, and that is most of what a request
// costs. So the copying is done once: splitImage computes what memory looks
// like afterwards and takes the segments out of the module. Each instance then
// starts from that image.

// Sections of a module and forms of a data segment (WebAssembly Core
// Specification, 5.5).
const (
	memorySection    = 5
	dataSection      = 11
	dataCountSection = 12

	activeSegment     = 0
	passiveSegment    = 1
	activeSegmentIn   = 2 // with the index of its memory
	opI32Const        = 0x41
	opEnd             = 0x0b
	preambleSize      = 8
	limitsWithMaximum = 1
)

// errNoImage means that a module has to be instantiated as it is: its segments
// are not constant, or it is not valid. The engine then reports what is wrong.
var errNoImage = errors.New("module has no plain memory image")

// splitImage returns module without active data segments, and the memory that
// they would have made, without the zeroes at its end.
func splitImage(module []byte) (stripped, image []byte, err error) {
	if len(module) < preambleSize {
		return nil, nil, errNoImage
	}
	var pages uint32
	counted, r := false, &wasmReader{rest: module[preambleSize:]}
	stripped = append(stripped, module[:preambleSize]...)
	for len(r.rest) > 0 && !r.bad {
		id, body := r.section()
		switch id {
		case memorySection:
			pages, err = initialPages(body)
		case dataCountSection:
			counted = true
		case dataSection:
			body, image, err = applySegments(body, uint64(pages)<<16, counted)
		}
		if err != nil {
			return nil, nil, err
		}
		stripped = append(stripped, id)
		stripped = binary.AppendUvarint(stripped, uint64(len(body)))
		stripped = append(stripped, body...)
	}
	if r.bad || image == nil {
		return nil, nil, errNoImage
	}
	return stripped, image, nil
}

// initialPages reads a memory section with one plain memory.
func initialPages(section []byte) (uint32, error) {
	r := &wasmReader{rest: section}
	count, flags, pages := r.u32(), r.byte(), r.u32()
	if r.bad || count != 1 || flags > limitsWithMaximum {
		return 0, errNoImage
	}
	return pages, nil
}

// applySegments writes a data section into memory and returns a section in its
// place. In a module that counts its segments, instructions may name them: an
// active one is replaced by an empty passive one, which is what it counts as
// once it has been applied. Otherwise nothing can refer to any.
func applySegments(section []byte, size uint64, counted bool) (left, image []byte, err error) {
	r := &wasmReader{rest: section}
	count := r.u32()
	left, image = binary.AppendUvarint(nil, uint64(count)), []byte{}
	for range count {
		passive, offset, data := r.segment()
		if end := uint64(offset) + uint64(len(data)); r.bad || !passive && end > size {
			return nil, nil, errNoImage
		} else if !passive {
			image = append(image, make([]byte, max(0, int(end)-len(image)))...)
			copy(image[offset:], data)
			data = nil
		}
		left = append(left, passiveSegment)
		left = binary.AppendUvarint(left, uint64(len(data)))
		left = append(left, data...)
	}
	if !counted {
		left = []byte{0}
	}
	return left, image, nil
}

// wasmReader reads the binary format. It is not edge/prewarm's reader because
// hostsim imports nothing else of this repository: it is for any module. After
// the first mistake, bad is set and everything else is zero.
type wasmReader struct {
	rest []byte
	bad  bool
}

func (r *wasmReader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *wasmReader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *wasmReader) u32() uint32 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || n > 5 || v > 1<<32-1 {
		r.bad = true
		return 0
	}
	r.take(uint64(n))
	return uint32(v)
}

// offset reads an expression that is a constant and nothing else. An i32 offset
// is unsigned, but written with a sign.
func (r *wasmReader) offset() uint32 {
	if r.byte() != opI32Const {
		r.bad = true
	}
	var v uint32
	for shift := 0; !r.bad; shift += 7 {
		b := r.byte()
		v |= uint32(b&0x7f) << shift
		if b&0x80 != 0 && shift < 28 {
			continue
		}
		if r.bad = r.bad || b&0x80 != 0; b&0x40 != 0 && shift < 28 {
			v |= ^uint32(0) << (shift + 7)
		}
		break
	}
	if r.byte() != opEnd {
		r.bad = true
	}
	return v
}

func (r *wasmReader) section() (id byte, body []byte) {
	id = r.byte()
	return id, r.take(uint64(r.u32()))
}

func (r *wasmReader) segment() (passive bool, offset uint32, data []byte) {
	switch kind := r.u32(); {
	case kind == passiveSegment:
		passive = true
	case kind == activeSegment, kind == activeSegmentIn && r.u32() == 0:
		offset = r.offset()
	default:
		r.bad = true
	}
	return passive, offset, r.take(uint64(r.u32()))
}
