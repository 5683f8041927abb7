package journal

import (
	"bytes"
	"errors"
	"hash/crc32"
	"runtime/debug"
	"sync/atomic"
	"unsafe"
)

// A journal has this form. Numbers are in the machine's order of bytes.
//
//	0     magic
//	64    the first segment's header
//	128   the second segment's header
//	4096  the first segment's text
//	...   the second segment's text
//
// A segment's header:
//
//	0   number: segments are begun in this order
//	8   length of the text, and its CRC-32C in the upper half
//	16  how much of the text the log has
const (
	magic       = "lines of a click log, 1\n"
	headerAt    = 64
	textAt      = 4096
	segmentSize = 512 << 10
	size        = textAt + 2*segmentSize
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// segment is a half of a journal.
type segment struct {
	number, state, taken *uint64 // in the header
	text                 []byte

	// as in the header, which is not read any more
	length int
	sum    uint32
	done   int
}

// segmentOf returns the first (0) or second segment of a journal that is mapped.
func segmentOf(memory []byte, i int) *segment {
	word := func(n int) *uint64 { return (*uint64)(unsafe.Pointer(&memory[headerAt*(i+1)+8*n])) }
	from := textAt + i*segmentSize
	return &segment{number: word(0), state: word(1), taken: word(2), text: memory[from : from+segmentSize : from+segmentSize]}
}

// errFault is a mapped file that cannot be written to.
var errFault = errors.New("its journal cannot be written to: was it cut, or is its disk full?")

// put appends a line for which there is room. One store makes it count: a
// process that is killed before has not answered its click.
func (s *segment) put(line []byte) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if _, fault := p.(interface{ Addr() uintptr }); !fault {
				panic(p)
			}
			err = errFault
		}
	}()
	copy(s.text[s.length:], line)
	sum := crc32.Update(s.sum, castagnoli, line)
	atomic.StoreUint64(s.state, uint64(sum)<<32|uint64(s.length+len(line)))
	s.sum, s.length = sum, s.length+len(line)
	return nil
}

// waiting is what the log does not have.
func (s *segment) waiting() []byte { return s.text[s.done:s.length] }

// drop says that the log has n bytes more.
func (s *segment) drop(n int) {
	if s.done += n; s.done < s.length {
		atomic.StoreUint64(s.taken, uint64(s.done))
		return
	}
	s.clear()
}

func (s *segment) clear() {
	s.length, s.sum, s.done = 0, 0, 0
	atomic.StoreUint64(s.state, 0)
	atomic.StoreUint64(s.taken, 0)
}

// rewind goes back to the beginning of a line of which the log has a part.
func (s *segment) rewind() {
	s.done = bytes.LastIndexByte(s.text[:s.done], '\n') + 1
	atomic.StoreUint64(s.taken, uint64(s.done))
}

// read reads the header that an earlier process has left. It reports whether the
// text is whole.
func (s *segment) read() (whole bool) {
	state, taken := atomic.LoadUint64(s.state), atomic.LoadUint64(s.taken)
	length := state & (1<<32 - 1)
	if length > segmentSize {
		s.length = segmentSize
		return false
	}
	s.length, s.sum = int(length), uint32(state>>32)
	if taken <= length { // else it is that of an earlier text
		s.done = int(taken)
	}
	return crc32.Checksum(s.text[:s.length], castagnoli) == s.sum
}
