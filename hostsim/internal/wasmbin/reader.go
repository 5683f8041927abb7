// Package wasmbin reads and writes the pieces of which WebAssembly's binary
// format is made (WebAssembly Core Specification, 5.1 and 5.2), for what is
// changed in a module before it runs. It is not edge/prewarm's reader because
// hostsim imports nothing else of this repository.
package wasmbin

import "encoding/binary"

// Reader reads Bytes from At on. After the first mistake Bad is set, and
// everything else is zero.
type Reader struct {
	Bytes []byte
	At    int
	Bad   bool
}

// More reports whether something is left.
func (r *Reader) More() bool { return !r.Bad && r.At < len(r.Bytes) }

// Take reads n bytes, which are not copied.
func (r *Reader) Take(n uint64) []byte {
	if r.Bad || n > uint64(len(r.Bytes)-r.At) {
		r.Bad = true
		return nil
	}
	r.At += int(n)
	return r.Bytes[r.At-int(n) : r.At]
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// U32 reads a number in unsigned LEB128.
func (r *Reader) U32() uint32 {
	v, n := binary.Uvarint(r.Bytes[min(r.At, len(r.Bytes)):])
	if r.Bad || n <= 0 || n > 5 || v > 1<<32-1 {
		r.Bad = true
		return 0
	}
	r.At += n
	return uint32(v)
}

// I32 reads a number in signed LEB128.
func (r *Reader) I32() (v int32) {
	for shift := 0; shift < 35; shift += 7 {
		b := r.Byte()
		v |= int32(b&0x7f) << min(shift, 31)
		if b&0x80 == 0 {
			if shift < 28 && b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
	r.Bad = true
	return 0
}

// Skip passes over n numbers in LEB128, signed or not.
func (r *Reader) Skip(n uint32) {
	for range n {
		for i := 0; ; i++ {
			if b := r.Byte(); r.Bad || b&0x80 == 0 {
				break
			}
			if r.Bad = i > 10; r.Bad {
				return
			}
		}
		if r.Bad {
			return
		}
	}
}

// Vector reads a length and so many bytes.
func (r *Reader) Vector() []byte { return r.Take(uint64(r.U32())) }

// AppendU32 appends a number in unsigned LEB128.
func AppendU32(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

// AppendVector appends the length of content, and content.
func AppendVector(b, content []byte) []byte {
	return append(AppendU32(b, uint32(len(content))), content...)
}

// AppendI32 appends a number in signed LEB128, as i32.const has it.
func AppendI32(b []byte, v int32) []byte {
	for {
		low := byte(v & 0x7f)
		if v >>= 7; v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}
