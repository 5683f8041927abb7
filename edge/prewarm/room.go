package prewarm

import (
	"encoding/binary"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// roomHead is the length in front of what lies in a room, in bytes.
const roomHead = 4

// roomSection names the custom section that says where the room is: its address
// and its size with the head, four bytes each, little-endian.
const roomSection = "prewarm.room"

// room is the memory that Options.Room has allocated. It holds the length of
// the data, four bytes, little-endian, and the data.
type room struct{ address, size uint32 }

// check makes sure that the room is in memory and empty.
func (r room) check(memory []byte) error {
	end := uint64(r.address) + uint64(r.size)
	if end > uint64(len(memory)) || r.size != 0 && r.address == 0 {
		return refuse(BadRoom, "the room is said to be %d bytes at address %d: memory has %d", r.size, r.address, len(memory))
	}
	if at := uint64(skipZeros(memory[:end], int(r.address))); at < end {
		return refuse(BadRoom, "the room has data in it, at address %d: nothing may write there", at)
	}
	return nil
}

func (r room) section() []wasm.Section {
	if r.size == 0 {
		return nil
	}
	body := binary.LittleEndian.AppendUint32(nil, r.address)
	return []wasm.Section{wasm.Custom(roomSection, binary.LittleEndian.AppendUint32(body, r.size))}
}

// findRoom returns the room of a module, and the module's data segments.
func findRoom(module []byte) (*wasm.Module, room, []wasm.Segment, error) {
	m, err := wasm.Parse(module)
	if err != nil {
		return nil, room{}, nil, malformed(err)
	}
	body, ok := m.Custom(roomSection)
	if !ok || len(body) != 8 {
		return nil, room{}, nil, refuse(NoRoom, "the module has no room: prewarm it with Options.Room")
	}
	r := room{binary.LittleEndian.Uint32(body), binary.LittleEndian.Uint32(body[4:])}
	memories, err := m.Memories()
	if err != nil {
		return nil, room{}, nil, malformed(err)
	}
	if len(memories) != 1 || r.size < roomHead || uint64(r.address)+uint64(r.size) > uint64(memories[0].Min)*pageSize {
		return nil, room{}, nil, refuse(BadRoom, "the room is said to be %d bytes at address %d, where there is no memory", r.size, r.address)
	}
	data, err := m.Data()
	if err != nil {
		return nil, room{}, nil, malformed(err)
	}
	return m, r, data, nil
}

// Fill writes data into the room of a module that [Module] made with
// Options.Room, and replaces what was there. At the room's address the guest
// finds the length, four bytes, little-endian, then the data. Nothing is run,
// so it takes as long as copying the module. The same module and data give the
// same bytes, whatever was in the room before.
//
// All errors are of type [*Error]; with one there is no module.
func Fill(module, data []byte) ([]byte, error) {
	m, r, segments, err := findRoom(module)
	if err != nil {
		return nil, err
	}
	if have := int(r.size) - roomHead; len(data) > have {
		e := refuse(RoomTooSmall, "%d bytes do not go into a room of %d: prewarm the module with a larger Options.RoomSize", len(data), have)
		e.Room, e.Need = have, len(data)
		return nil, e
	}
	segments = r.clear(segments)
	if len(data) > 0 {
		text := binary.LittleEndian.AppendUint32(make([]byte, 0, roomHead+len(data)), uint32(len(data)))
		segments = append(segments, wasm.Segment{Offset: r.address, Bytes: append(text, data...)})
	}
	return m.WithData(segments).Encode(), nil
}

// clear removes from the segments what is in the room.
func (r room) clear(segments []wasm.Segment) []wasm.Segment {
	out := make([]wasm.Segment, 0, len(segments)+1)
	from, to := uint64(r.address), uint64(r.address)+uint64(r.size)
	for _, s := range segments {
		start, end := uint64(s.Offset), uint64(s.Offset)+uint64(len(s.Bytes))
		if end <= from || start >= to {
			out = append(out, s)
			continue
		}
		if start < from {
			out = append(out, wasm.Segment{Offset: s.Offset, Bytes: s.Bytes[:from-start]})
		}
		if end > to {
			out = append(out, wasm.Segment{Offset: r.address + r.size, Bytes: s.Bytes[to-start:]})
		}
	}
	return out
}

// Filled returns the data in the room of a module, empty if Fill was not
// called, and the size of the room. Its errors are those of [Fill].
func Filled(module []byte) (data []byte, size int, err error) {
	_, r, segments, err := findRoom(module)
	if err != nil {
		return nil, 0, err
	}
	size = int(r.size) - roomHead
	for _, s := range segments {
		if s.Offset != r.address || len(s.Bytes) < roomHead {
			continue
		}
		n := binary.LittleEndian.Uint32(s.Bytes)
		if uint64(n) > uint64(len(s.Bytes)-roomHead) || uint64(n) > uint64(size) {
			return nil, 0, refuse(BadRoom, "the room is said to hold %d bytes: there are %d", n, len(s.Bytes)-roomHead)
		}
		return s.Bytes[roomHead:][:n:n], size, nil
	}
	return nil, size, nil
}
