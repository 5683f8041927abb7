package meter

import (
	"encoding/binary"
	"errors"
)

// errUnknown means that a module has something that this package does not know,
// or is not valid.
var errUnknown = errors.New("module cannot be metered")

// reader reads the binary format. After the first mistake bad is set, and
// everything else is zero.
type reader struct {
	b   []byte
	at  int
	bad bool
}

func (r *reader) more() bool { return !r.bad && r.at < len(r.b) }

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)-r.at) {
		r.bad = true
		return nil
	}
	r.at += int(n)
	return r.b[r.at-int(n) : r.at]
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u32() uint32 {
	v, n := binary.Uvarint(r.b[min(r.at, len(r.b)):])
	if r.bad || n <= 0 || n > 5 || v > 1<<32-1 {
		r.bad = true
		return 0
	}
	r.at += n
	return uint32(v)
}

// i32 reads a number in signed LEB128.
func (r *reader) i32() (v int32) {
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= int32(b&0x7f) << min(shift, 31)
		if b&0x80 == 0 {
			if shift < 28 && b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
	r.bad = true
	return 0
}

// skip passes over n numbers in LEB128, signed or not.
func (r *reader) skip(n uint32) {
	for range n {
		for i := 0; ; i++ {
			if b := r.byte(); r.bad || b&0x80 == 0 {
				break
			}
			if r.bad = i > 10; r.bad {
				return
			}
		}
		if r.bad {
			return
		}
	}
}

// vector is a length and so many bytes.
func (r *reader) vector() []byte { return r.take(uint64(r.u32())) }

func appendU32(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

func appendVector(b, content []byte) []byte {
	return append(appendU32(b, uint32(len(content))), content...)
}

// appendI32 appends a number in signed LEB128, as i32.const has it.
func appendI32(b []byte, v int32) []byte {
	for {
		low := byte(v & 0x7f)
		if v >>= 7; v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}
