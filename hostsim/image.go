package hostsim

import (
	"errors"

	"github.com/clickedge/clickedge/hostsim/internal/wasmbin"
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

// splitImage returns module, which has passed wasmbin.Check, without active data
// segments, and the memory that they would have made, without the zeroes at its
// end. A module that begins
// with more than maxPages of memory has no image: the engine refuses it before
// it runs.
func splitImage(module []byte, maxPages uint32) (stripped, image []byte, err error) {
	if len(module) < preambleSize {
		return nil, nil, errNoImage
	}
	var pages uint32
	counted, r := false, &wasmbin.Reader{Bytes: module, At: preambleSize}
	stripped = append(stripped, module[:preambleSize]...)
	for r.More() {
		id, body := r.Byte(), r.Vector()
		switch id {
		case memorySection:
			if pages, err = initialPages(body); pages > maxPages {
				err = errNoImage
			}
		case dataCountSection:
			counted = true
		case dataSection:
			body, image, err = applySegments(body, uint64(pages)<<16, counted)
		}
		if err != nil {
			return nil, nil, err
		}
		stripped = wasmbin.AppendVector(append(stripped, id), body)
	}
	if r.Bad || image == nil {
		return nil, nil, errNoImage
	}
	return stripped, image, nil
}

// initialPages reads a memory section with one plain memory.
func initialPages(section []byte) (uint32, error) {
	r := &wasmbin.Reader{Bytes: section}
	count, flags, pages := r.U32(), r.Byte(), r.U32()
	if r.Bad || count != 1 || flags > limitsWithMaximum {
		return 0, errNoImage
	}
	return pages, nil
}

// applySegments writes a data section into memory and returns a section in its
// place. In a module that counts its segments, instructions may name them: an
// active one is replaced by an empty passive one, which is what it counts as
// once it has been applied. Otherwise nothing can refer to any.
func applySegments(section []byte, size uint64, counted bool) (left, image []byte, err error) {
	r := &wasmbin.Reader{Bytes: section}
	count := r.U32()
	left, image = wasmbin.AppendU32(nil, count), []byte{}
	for range count {
		passive, offset, data := readSegment(r)
		if end := uint64(offset) + uint64(len(data)); r.Bad || !passive && end > size {
			return nil, nil, errNoImage
		} else if !passive {
			image = append(image, make([]byte, max(0, int(end)-len(image)))...)
			copy(image[offset:], data)
			data = nil
		}
		left = wasmbin.AppendVector(append(left, passiveSegment), data)
	}
	if !counted {
		left = []byte{0}
	}
	return left, image, nil
}

// readSegment reads a data segment.
func readSegment(r *wasmbin.Reader) (passive bool, offset uint32, data []byte) {
	switch kind := r.U32(); {
	case kind == passiveSegment:
		passive = true
	case kind == activeSegment, kind == activeSegmentIn && r.U32() == 0:
		offset = readOffset(r)
	default:
		r.Bad = true
	}
	return passive, offset, r.Vector()
}

// readOffset reads an expression that is a constant and nothing else. An i32
// offset is unsigned, but written with a sign.
func readOffset(r *wasmbin.Reader) uint32 {
	begin, v, end := r.Byte(), r.I32(), r.Byte()
	if begin != opI32Const || end != opEnd {
		r.Bad = true
	}
	return uint32(v)
}
