package engine

import (
	"bytes"

	"github.com/bytecodealliance/wasmtime-go/v42"

	"github.com/clickedge/clickedge/hostsim"
)

// PageSize is the page that the operating system maps, in bytes. WebAssembly's
// own pages have 64 KiB.
const PageSize = 4096

// memory is the linear memory of the running guest.
type memory struct {
	mem   *wasmtime.Memory
	store *wasmtime.Store
	touch func(offset, n uint32)
}

var _ hostsim.Memory = (*memory)(nil)

// Read implements hostsim.Memory.
func (m *memory) Read(offset, n uint32) ([]byte, bool) {
	b := m.mem.UnsafeData(m.store)
	if uint64(offset)+uint64(n) > uint64(len(b)) {
		return nil, false
	}
	if m.touch != nil {
		m.touch(offset, n)
	}
	return b[offset : offset+n : offset+n], true
}

// Size implements hostsim.Memory.
func (m *memory) Size() uint32 { return uint32(m.mem.DataSize(m.store)) }

func (m *memory) snapshot() []byte { return bytes.Clone(m.mem.UnsafeData(m.store)) }

// written counts the pages that have changed; new pages count if they are not
// zero.
func (m *memory) written(before []byte) (pages int) {
	after := m.mem.UnsafeData(m.store)
	zero := make([]byte, PageSize)
	for at := 0; at < len(after); at += PageSize {
		old := zero
		if at < len(before) {
			old = before[at : at+PageSize]
		}
		if !bytes.Equal(old, after[at:at+PageSize]) {
			pages++
		}
	}
	return pages
}
