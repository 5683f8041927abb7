package pack

import (
	"encoding/binary"
	"slices"
)

const wasmHeader = "\x00asm\x01\x00\x00\x00"

// handmade is a module that Check accepts; tests break one part of it.
type handmade struct {
	imports  [][]byte
	types    [][]byte
	memories [][]byte
	exports  [][]byte
	segments [][]byte
	code     []byte // body of function 0 of its own
	tables   string // the content of a section of tables
	tail     []byte
}

// newHandmade imports one function of WASI and one of Fastly, and does nothing.
func newHandmade() *handmade {
	return &handmade{
		types:    [][]byte{funcType("", ""), funcType("i", ""), funcType("I", "i")},
		imports:  [][]byte{importFunc("wasi_snapshot_preview1", "proc_exit", 1), importFunc("fastly_abi", "init", 2)},
		memories: [][]byte{{0, 1}},
		exports:  [][]byte{export("_start", 0, 2), export("memory", 2, 0)},
		segments: [][]byte{segment(16, "hello")},
		code:     []byte{0, 0x0b},
	}
}

func (h *handmade) bytes() []byte {
	var b []byte
	b = append(b, wasmHeader...)
	b = section(b, 1, h.types)
	b = section(b, 2, h.imports)
	b = section(b, 3, [][]byte{{0}})
	if h.tables != "" {
		b = append(append(b, 4), vec([]byte(h.tables))...)
	}
	b = section(b, 5, h.memories)
	b = section(b, 7, h.exports)
	b = section(b, 10, [][]byte{vec(h.code)})
	b = section(b, 11, h.segments)
	return append(b, h.tail...)
}

func section(b []byte, id byte, items [][]byte) []byte {
	body := binary.AppendUvarint(nil, uint64(len(items)))
	body = append(body, slices.Concat(items...)...)
	return append(append(b, id), vec(body)...)
}

func vec(b []byte) []byte { return append(binary.AppendUvarint(nil, uint64(len(b))), b...) }

func funcType(params, results string) []byte {
	return slices.Concat([]byte{0x60}, vec(types(params)), vec(types(results)))
}

func types(letters string) []byte {
	b := []byte{}
	for _, c := range letters {
		b = append(b, map[rune]byte{'i': 0x7f, 'I': 0x7e}[c])
	}
	return b
}

func importFunc(module, name string, typ byte) []byte {
	return slices.Concat(vec([]byte(module)), vec([]byte(name)), []byte{0, typ})
}

func importMemory(module, name string) []byte {
	return slices.Concat(vec([]byte(module)), vec([]byte(name)), []byte{2, 0, 1})
}

func export(name string, kind, index byte) []byte {
	return append(vec([]byte(name)), kind, index)
}

// segment is an active data segment; its place is below 64.
func segment(at byte, text string) []byte {
	return slices.Concat([]byte{0, 0x41, at, 0x0b}, vec([]byte(text)))
}

func passive(text string) []byte { return append([]byte{1}, vec([]byte(text))...) }
