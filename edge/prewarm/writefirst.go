package prewarm

import "github.com/clickedge/clickedge/edge/prewarm/wasm"

// store is a byte that is there already, and is stored again.
type store struct {
	address uint32
	value   byte
}

// stores returns one store for each page.
func (s *snapshot) stores(pages []uint32) []store {
	out := make([]store, 0, len(pages))
	for _, page := range pages {
		at, _ := s.room.fixed(page)
		out = append(out, store{at, s.byteAt(at)})
	}
	return out
}

// terrain returns which pages are in the memory image, which reaches from the
// first segment to the end of the last, and which have a byte that [Fill] does
// not change.
func (s *snapshot) terrain() terrain {
	first, end := s.image()
	return terrain{
		image: func(page uint32) bool { return page >= first && page < end },
		fixed: func(page uint32) bool {
			_, ok := s.room.fixed(page)
			return ok && page < s.pages*(pageSize/framePage)
		},
	}
}

// image returns the first page of the memory image, and the one behind its
// last. What Fill writes belongs to it, as far as its first page.
func (s *snapshot) image() (first, end uint32) {
	segments := s.segments
	if s.room.size > 0 {
		segments = append(segments[:len(segments):len(segments)], wasm.Segment{Offset: s.room.address, Bytes: make([]byte, roomHead)})
	}
	if s.room.sign != 0 {
		segments = append(segments[:len(segments):len(segments)], wasm.Segment{Offset: s.room.sign, Bytes: make([]byte, SignSize)})
	}
	for i, seg := range segments {
		from, to := seg.Offset/framePage, uint32((uint64(seg.Offset)+uint64(len(seg.Bytes))+framePage-1)/framePage)
		if i == 0 {
			first, end = from, to
		}
		first, end = min(first, from), max(end, to)
	}
	return first, end
}

func (s *snapshot) byteAt(address uint32) byte {
	for _, seg := range s.segments {
		if at := uint64(address) - uint64(seg.Offset); address >= seg.Offset && at < uint64(len(seg.Bytes)) {
			return seg.Bytes[at]
		}
	}
	return 0
}

// fixed returns an address in a page whose byte is the same whatever Fill puts
// into the room, and whether there is one. Of a room with a sign there is none:
// its guest needs no page of the room always.
func (r room) fixed(page uint32) (uint32, bool) {
	start := uint64(page) * framePage
	at, end := start, start+framePage
	for range 2 { // the room may begin where the sign ends, or the other way round
		at = past(at, r.address, r.size)
		if r.sign != 0 {
			at = past(at, r.sign, SignSize)
		}
	}
	if at < end {
		return uint32(at), true
	}
	length := uint64(r.address) + roomHead - 1
	if r.sign == 0 && r.size-roomHead < shortRoom && length >= start && length < end {
		return uint32(length), true
	}
	return 0, false
}

// past returns the end of size bytes at an address if at is one of them, else
// at.
func past(at uint64, address, size uint32) uint64 {
	if at >= uint64(address) && at < uint64(address)+uint64(size) {
		return uint64(address) + uint64(size)
	}
	return at
}

// Below shortRoom bytes of data the last byte of their length is 0.
const shortRoom = 1 << 24

// touchName is what profilers call the function that touches pages first.
const touchName = "prewarm.touch"

// touchFirst returns the module with a function before its _start, which makes
// the stores and reads these pages. All other exports are as they were.
func touchFirst(m *wasm.Module, stores []store, reads []uint32) (*wasm.Module, error) {
	if len(stores)+len(reads) == 0 {
		return m, nil
	}
	r := &reactor{module: m}
	if err := r.read(); err != nil {
		return nil, malformed(err)
	}
	defined, err := m.Functions()
	if err != nil {
		return nil, malformed(err)
	}
	bodies, err := m.Bodies()
	if err != nil {
		return nil, malformed(err)
	}
	for i, e := range r.exports {
		if e.Name == startExport {
			m = m.WithFunctionName(uint32(len(r.funcs)), touchName)
			defined = append(defined, r.funcs[e.Index])
			bodies = append(bodies, touching(stores, reads, e.Index))
			r.exports[i].Index = uint32(len(r.funcs))
		}
	}
	return m.WithFunctions(defined).WithBodies(bodies).WithExports(r.exports), nil
}

// touching is the body of a function that touches pages and then calls another.
func touching(stores []store, reads []uint32, entry uint32) []byte {
	b := []byte{0} // no locals
	number := func(n int64) { b = wasm.AppendSigned(append(b, byte(wasm.OpI32Const)), n) }
	for _, s := range stores {
		number(int64(int32(s.address)))
		number(int64(s.value))
		b = append(b, byte(wasm.OpI32Store8), 0, 0)
	}
	for _, page := range reads {
		number(int64(int32(page * framePage)))
		b = append(b, byte(wasm.OpI32Load8U), 0, 0, byte(wasm.OpDrop))
	}
	b = wasm.AppendU32(append(b, byte(wasm.OpCall)), entry)
	return append(b, byte(wasm.OpEnd))
}
