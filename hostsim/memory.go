package hostsim

import (
	"slices"

	"github.com/tetratelabs/wazero/experimental"
)

// memory is a guest's linear memory. It starts as the module's image: mapped
// copy-on-write where the system can, so that a guest pays for the pages that
// it touches, and copied where it cannot.
type memory struct {
	image   *image // nil: zeroes
	limit   uint64 // bytes
	refused func() // called when the guest asks for more than the limit
	buf     []byte
	done    func(used int) // gives mapped memory back
	dropped []span
}

var (
	_ experimental.MemoryAllocator = (*memory)(nil)
	_ experimental.LinearMemory    = (*memory)(nil)
)

// Allocate is called once, at instantiation. Address space is reserved up to
// the limit, so that memory never moves.
func (m *memory) Allocate(size, _ uint64) experimental.LinearMemory {
	if m.image == nil {
		return m
	}
	if buf, done, err := m.image.mapped(m.limit); err == nil {
		m.buf, m.done = buf[:0], done
	} else {
		m.buf = append(make([]byte, 0, max(size, uint64(len(m.image.data)))), m.image.data...)
	}
	return m
}

// Reallocate grows memory that is not reserved in steps, so that a guest that
// grows page by page does not copy each time.
func (m *memory) Reallocate(size uint64) []byte {
	if size > m.limit {
		m.refused()
		return nil
	}
	if size > uint64(cap(m.buf)) {
		grown := make([]byte, size, min(m.limit, size+size/4+1<<20))
		copy(grown, m.buf)
		m.buf = grown
	}
	m.buf = m.buf[:size]
	return m.buf
}

// mostDropped bounds how many parts of a memory are made zero by dropping pages.
const mostDropped = 16

// zero makes a part of memory zero. Go's runtime clears megabytes that nobody
// has touched when it starts, and each of these pages would cost a fault: they
// are dropped. Nothing is dropped twice, so a guest that clears one buffer again
// and again pays for the faults once.
func (m *memory) zero(from, to int) {
	part := span{from, to}
	if m.done == nil || len(m.dropped) == mostDropped || slices.ContainsFunc(m.dropped, part.meets) {
		clear(m.buf[from:to])
		return
	}
	m.dropped = append(m.dropped, part)
	m.image.drop(m.buf, from, to)
}

// span is a part of memory, in bytes.
type span struct{ from, to int }

func (s span) meets(other span) bool { return s.from < other.to && other.from < s.to }

// Free does nothing: wazero may call it while a host call still reads memory.
// See release.
func (m *memory) Free() {}

// release frees the memory, or leaves it to the next guest, as good as new. The
// instance must not be used afterwards.
func (m *memory) release() {
	used := len(m.buf)
	if m.buf = nil; m.done != nil {
		m.done(used)
	}
}
