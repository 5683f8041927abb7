package hostsim

import "github.com/tetratelabs/wazero/experimental"

// memory is a guest's linear memory. wazero's own would do, but would not tell that a limit was met.
type memory struct {
	limit   uint64 // bytes
	buf     []byte
	refused bool // the guest asked for more than the limit
}

var (
	_ experimental.MemoryAllocator = (*memory)(nil)
	_ experimental.LinearMemory    = (*memory)(nil)
)

// Allocate is called once, at instantiation.
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate grows in steps, so that a guest that grows page by page does not copy its memory each time.
func (m *memory) Reallocate(size uint64) []byte {
	if size > m.limit {
		m.refused = true
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

// Free lets the memory go.
func (m *memory) Free() { m.buf = nil }
