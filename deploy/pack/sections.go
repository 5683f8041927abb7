package pack

import "github.com/clickedge/clickedge/edge/prewarm/wasm"

// layout is what the sections of a module say, without running it.
type layout struct {
	memories int // defined and imported
	segments int // of data, active and passive
	bytes    int // in them
	// image holds the segments. Adjacent ones are joined, so that a text that a
	// linker split is found; a zero byte separates others.
	image []byte
}

// readLayout reads all sections, to the module's last byte.
func readLayout(module []byte) (*layout, error) {
	m, err := wasm.Parse(module)
	if err != nil {
		return nil, err
	}
	// Before an engine makes room for what the module announces.
	if err := m.Check(); err != nil {
		return nil, err
	}
	l := &layout{}
	imports, err := m.Imports()
	if err != nil {
		return nil, err
	}
	for _, im := range imports {
		if im.Kind == wasm.MemoryKind {
			l.memories++
		}
	}
	memories, err := m.Memories()
	if err != nil {
		return nil, err
	}
	l.memories += len(memories)
	segments, err := m.AllData()
	if err != nil {
		return nil, err
	}
	l.data(segments)
	return l, nil
}

// data joins adjacent segments.
func (l *layout) data(segments []wasm.DataSegment) {
	l.segments = len(segments)
	end := int64(-1)
	for _, s := range segments {
		if s.Passive || int64(s.Offset) != end {
			l.image = append(l.image, 0)
		}
		if end = int64(s.Offset) + int64(len(s.Bytes)); s.Passive {
			end = -1
		}
		l.image = append(l.image, s.Bytes...)
		l.bytes += len(s.Bytes)
	}
}
