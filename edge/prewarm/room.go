package prewarm

import (
	"encoding/binary"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// roomHead is the length in front of what lies in a room, in bytes.
const roomHead = 4

// SignSize is how many bytes [Options.Sign] makes room for: the length of what
// lies in the room, and the beginning of that.
const SignSize = 20

// roomSection names the custom section that says where the room is: its address
// and its size with the head, four bytes each, little-endian, and, if there is
// a sign, the address of that.
const roomSection = "prewarm.room"

// room is the memory that Options.Room has allocated. It holds the length of
// the data, four bytes, little-endian, and the data. sign is where that begins
// once more, 0 for nowhere.
type room struct{ address, size, sign uint32 }

// check makes sure that the room and its sign are in memory and empty.
func (r room) check(memory []byte) error {
	if sign := r.sign; sign != 0 {
		if !r.signFits(uint64(len(memory))) {
			return refuse(BadRoom, "the sign is said to be %d bytes at address %d: memory has %d, of which the room takes its own", SignSize, sign, len(memory))
		}
		if at := skipZeros(memory[:sign+SignSize], int(sign)); at < int(sign+SignSize) {
			return refuse(BadRoom, "the sign has data in it, at address %d: nothing may write there", at)
		}
	}
	end := uint64(r.address) + uint64(r.size)
	if end > uint64(len(memory)) || r.size != 0 && r.address == 0 {
		return refuse(BadRoom, "the room is said to be %d bytes at address %d: memory has %d", r.size, r.address, len(memory))
	}
	if at := uint64(skipZeros(memory[:end], int(r.address))); at < end {
		return refuse(BadRoom, "the room has data in it, at address %d: nothing may write there", at)
	}
	return nil
}

// signFits reports whether the sign is in so many bytes of memory, and beside
// the room.
func (r room) signFits(memory uint64) bool {
	from, to := uint64(r.sign), uint64(r.sign)+SignSize
	return to <= memory && (to <= uint64(r.address) || from >= uint64(r.address)+uint64(r.size))
}

func (r room) section() []wasm.Section {
	if r.size == 0 {
		return nil
	}
	body := binary.LittleEndian.AppendUint32(nil, r.address)
	body = binary.LittleEndian.AppendUint32(body, r.size)
	if r.sign != 0 {
		body = binary.LittleEndian.AppendUint32(body, r.sign)
	}
	return []wasm.Section{wasm.Custom(roomSection, body)}
}

// findRoom returns the room of a module, and the module's data segments.
func findRoom(module []byte) (*wasm.Module, room, []wasm.Segment, error) {
	m, err := wasm.Parse(module)
	if err != nil {
		return nil, room{}, nil, malformed(err)
	}
	body, ok := m.Custom(roomSection)
	if !ok || len(body) != 8 && len(body) != 12 {
		return nil, room{}, nil, refuse(NoRoom, "the module has no room: prewarm it with Options.Room")
	}
	r := room{address: binary.LittleEndian.Uint32(body), size: binary.LittleEndian.Uint32(body[4:])}
	if len(body) == 12 {
		r.sign = binary.LittleEndian.Uint32(body[8:])
	}
	memories, err := m.Memories()
	if err != nil {
		return nil, room{}, nil, malformed(err)
	}
	if len(memories) != 1 || r.size < roomHead || uint64(r.address)+uint64(r.size) > uint64(memories[0].Min)*pageSize {
		return nil, room{}, nil, refuse(BadRoom, "the room is said to be %d bytes at address %d, where there is no memory", r.size, r.address)
	}
	if r.sign != 0 && !r.signFits(uint64(memories[0].Min)*pageSize) {
		return nil, room{}, nil, refuse(BadRoom, "the sign is said to be at address %d, where there is no memory for it", r.sign)
	}
	data, err := m.Data()
	if err != nil {
		return nil, room{}, nil, malformed(err)
	}
	return m, r, data, nil
}

// Fill writes data into the room of a module that [Module] made with
// Options.Room, and replaces what was there. At the room's address the guest
// finds the length, four bytes, little-endian, then the data, and at its sign's
// the first [SignSize] bytes of that. Nothing is run,
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
		text = append(text, data...)
		segments = append(segments, wasm.Segment{Offset: r.address, Bytes: text})
		if r.sign != 0 {
			segments = append(segments, wasm.Segment{Offset: r.sign, Bytes: text[:min(len(text), SignSize)]})
		}
	}
	return m.WithData(segments).Encode(), nil
}

// clear removes from the segments what is in the room and in its sign.
func (r room) clear(segments []wasm.Segment) []wasm.Segment {
	segments = clearRange(segments, r.address, r.size)
	if r.sign != 0 {
		segments = clearRange(segments, r.sign, SignSize)
	}
	return segments
}

func clearRange(segments []wasm.Segment, address, size uint32) []wasm.Segment {
	out := make([]wasm.Segment, 0, len(segments)+2)
	from, to := uint64(address), uint64(address)+uint64(size)
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
			out = append(out, wasm.Segment{Offset: address + size, Bytes: s.Bytes[to-start:]})
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
