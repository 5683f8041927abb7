package wasm

import "encoding/binary"

// AppendU32 appends v as the shortest unsigned LEB128, which is what
// encoding/binary calls a uvarint.
func AppendU32(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

// appendPadded appends v in at least width bytes, as Go's linker does where it
// writes the number last.
func appendPadded(b []byte, v uint32, width int) []byte {
	start := len(b)
	b = AppendU32(b, v)
	for len(b)-start < width {
		b[len(b)-1] |= 0x80
		b = append(b, 0)
	}
	return b
}

// AppendSigned appends v as the shortest signed LEB128.
func AppendSigned(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// AppendBytes appends a vector of bytes, such as a name: its length and b.
func AppendBytes[T []byte | string](to []byte, b T) []byte {
	return append(AppendU32(to, uint32(len(b))), b...)
}

// appendVector appends the length of a list and its entries.
func appendVector[T any](b []byte, list []T, one func(b []byte, entry T) []byte) []byte {
	b = AppendU32(b, uint32(len(list)))
	for _, entry := range list {
		b = one(b, entry)
	}
	return b
}
