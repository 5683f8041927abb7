package meter

import "github.com/clickedge/clickedge/hostsim/internal/wasmbin"

// An engine fills the table of functions in each new instance, one by one: for
// a module with thousands of them that is half of a short request. A guest
// calls a few dozen through the table. So the segments are taken out, and a
// call through the table that finds nothing fills the entries around it first.
// That cannot be seen by the module as long as it only calls through the table.

// chunk is how many entries are filled at a time: a reference is a call of the
// engine.
const (
	chunkShift = 3
	chunk      = 1 << chunkShift
)

// worthwhile is the fewest entries for which this is done; maxEntries bounds
// what a segment far out can make this package allocate.
const (
	worthwhile = 64
	maxEntries = 1 << 16
)

// lazyTable is the one table of a module, when it is filled on demand.
type lazyTable struct {
	on      bool
	tables  uint32 // in the module
	size    uint32
	entries []int64 // function indices as they were; -1: none
	refused bool    // there is something that this cannot be done with
	first   uint32  // the first of the functions that fill; behind them the one that chooses
}

// add notes an active segment.
func (l *lazyTable) add(offset uint32, functions []uint32) {
	end := uint64(offset) + uint64(len(functions))
	if end > uint64(l.size) || end > maxEntries {
		l.refused = true
		return
	}
	for uint64(len(l.entries)) < end {
		l.entries = append(l.entries, -1)
	}
	for i, f := range functions {
		l.entries[int(offset)+i] = int64(f)
	}
}

func (l *lazyTable) readTable(r *wasmbin.Reader) {
	l.tables = r.U32()
	if r.Byte() != typeFuncref || l.tables != 1 {
		l.refused = true
		return
	}
	flags := r.Byte()
	if l.size = r.U32(); flags > withMaximum {
		r.Bad = true
	}
}

// surveyElements notes what segments fill the table with.
func (m *module) surveyElements(r *wasmbin.Reader) {
	for range r.U32() {
		flags := r.U32()
		active, table, offset := flags&notActive == 0, uint32(0), uint32(0)
		if active && flags&explicit != 0 {
			table = r.U32()
		}
		if active {
			offset = m.lazy.constant(r)
		}
		if flags&(notActive|explicit) != 0 {
			if kind := r.Byte(); kind != 0 && kind != typeFuncref {
				m.lazy.refused = true
			}
		}
		functions := m.lazy.functions(r, flags&expressions != 0)
		if m.references = append(m.references, functions...); r.Bad {
			return
		}
		if m.lazy.refused = m.lazy.refused || table != 0; active && !m.lazy.refused {
			m.lazy.add(offset, functions)
		}
	}
}

// constant reads an offset. Any but a plain number is not for us.
func (l *lazyTable) constant(r *wasmbin.Reader) uint32 {
	from := r.At
	if r.Byte() == opI32Const {
		v := r.I32()
		if r.Byte() == opEnd && v >= 0 {
			return uint32(v)
		}
	}
	l.refused = true
	r.At = from
	(&module{}).expression(r, nil)
	return 0
}

// functions reads what a segment has. Any expression but a plain reference is
// not for us.
func (l *lazyTable) functions(r *wasmbin.Reader, expressions bool) (list []uint32) {
	for range r.U32() {
		if !expressions {
			list = append(list, r.U32())
		} else if from := r.At; r.Byte() == opRefFunc {
			list = append(list, r.U32())
			r.Byte()
		} else {
			l.refused = true
			r.At = from
			(&module{}).expression(r, nil)
		}
		if r.Bad {
			return nil
		}
	}
	return list
}

func (l *lazyTable) chunks() uint32 { return uint32(len(l.entries)+chunk-1) >> chunkShift }

// decide is called when the whole module is known; functions is how many it has.
func (l *lazyTable) decide(functions uint32) {
	l.on = !l.refused && len(l.entries) >= worthwhile
	l.first = functions
}

// indirect makes sure, before a call through the table, that the entry is
// there. The index is on top of the stack.
func (m *module) indirect(b []byte, local uint32) []byte {
	b = wasmbin.AppendU32(append(b, opLocalTee), local)
	b = append(b, opTableGet, 0, opRefIsNull, opIf, emptyBlock)
	b = wasmbin.AppendU32(append(b, opLocalGet), local)
	b = wasmbin.AppendU32(append(b, opCall), m.lazy.first+m.lazy.chunks())
	b = append(b, opEnd)
	return wasmbin.AppendU32(append(b, opLocalGet), local)
}

// fill is the code of the function that fills a chunk.
func (m *module) fill(n uint32) []byte {
	code := []byte{0}
	for i := n << chunkShift; i < (n+1)<<chunkShift && i < uint32(len(m.lazy.entries)); i++ {
		if f := m.lazy.entries[i]; f >= 0 {
			code = wasmbin.AppendI32(append(code, opI32Const), int32(i))
			code = wasmbin.AppendU32(append(code, opRefFunc), m.function(uint32(f)))
			code = append(code, opTableSet, 0)
		}
	}
	return append(code, opEnd)
}

// choose is the code of the function that finds the chunk of an index: a block
// for each, a branch out of one of them, and a call behind each.
func (m *module) choose() []byte {
	n := m.lazy.chunks()
	code := []byte{0}
	for range n + 1 {
		code = append(code, opBlock, emptyBlock)
	}
	code = append(code, opLocalGet, 0, opI32Const, chunkShift, opI32ShrU)
	code = wasmbin.AppendU32(append(code, opBrTable), n)
	for i := range n + 1 {
		code = wasmbin.AppendU32(code, i)
	}
	for i := range n {
		code = wasmbin.AppendU32(append(code, opEnd, opCall), m.lazy.first+i)
		code = append(code, opReturn)
	}
	return append(code, opEnd, opEnd)
}

// declared is a section with one segment that only says that references to
// these functions are taken.
func (m *module) declared() []byte {
	out, n := []byte{}, uint32(0)
	for _, f := range m.references {
		out, n = wasmbin.AppendU32(out, m.function(f)), n+1
	}
	head := append(wasmbin.AppendU32(nil, 1), notActive|explicit, 0)
	return append(wasmbin.AppendU32(head, n), out...)
}
