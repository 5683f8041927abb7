package instrument

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Sections of the binary format, those that are read here
// (https://webassembly.github.io/spec/core/binary/modules.html).
const (
	customSection   = 0
	typeSection     = 1
	importSection   = 2
	functionSection = 3
	globalSection   = 6
	exportSection   = 7
	codeSection     = 10
)

const header = "\x00asm\x01\x00\x00\x00"

var errShort = errors.New("module ends too early")

// section is one section of a module, its body without id and size.
type section struct {
	id   byte
	body []byte
}

func split(module []byte) ([]section, error) {
	if len(module) < len(header) || string(module[:len(header)]) != header {
		return nil, errors.New("not a WebAssembly module of version 1")
	}
	var list []section
	for r := (&reader{b: module[len(header):]}); len(r.b) > 0; {
		s := section{id: r.byte()}
		s.body = r.take(r.u32())
		if r.err != nil {
			return nil, r.err
		}
		list = append(list, s)
	}
	return list, nil
}

func join(list []section) []byte {
	out := []byte(header)
	for _, s := range list {
		out = append(out, s.id)
		out = appendBytes(out, s.body)
	}
	return out
}

// find returns the section of an id, which custom sections do not have to themselves.
func find(list []section, id byte) *section {
	at := slices.IndexFunc(list, func(s section) bool { return s.id == id })
	if at < 0 {
		return &section{id: id, body: []byte{0}}
	}
	return &list[at]
}

// reader reads the binary format. After an error it gives zero values.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail(errShort)
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) u32() uint32 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v>>32 != 0 {
		r.fail(errShort)
		return 0
	}
	r.b = r.b[n:]
	return uint32(v)
}

// count reads how many entries follow, of at least a byte each.
func (r *reader) count() uint32 {
	n := r.u32()
	if uint64(n) > uint64(len(r.b)) {
		r.fail(errShort)
		return 0
	}
	return n
}

// leb steps over a number of either sign.
func (r *reader) leb() {
	for r.byte() >= 0x80 {
	}
}

func (r *reader) take(n uint32) []byte {
	if uint64(n) > uint64(len(r.b)) {
		r.fail(errShort)
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) name() string { return string(r.take(r.u32())) }

func appendU32(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

func appendBytes(b, body []byte) []byte { return append(appendU32(b, uint32(len(body))), body...) }

func appendSigned(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// grown is a vector with entries added at its end.
func grown(body []byte, added int, entries []byte) ([]byte, error) {
	r := &reader{b: body}
	n := r.u32()
	if r.err != nil {
		return nil, r.err
	}
	return append(append(appendU32(nil, n+uint32(added)), r.b...), entries...), nil
}

// funcType is a function type; its values are bytes as in the binary format.
type funcType struct{ params, results []byte }

func types(list []section) ([]funcType, error) {
	r := &reader{b: find(list, typeSection).body}
	out := make([]funcType, r.count())
	for i := range out {
		if form := r.byte(); form != 0x60 && r.err == nil {
			return nil, fmt.Errorf("type of form 0x%02x is not a function", form)
		}
		out[i] = funcType{params: r.take(r.u32()), results: r.take(r.u32())}
	}
	return out, r.err
}

// imports counts imported functions and finds the one that reports go through.
func imports(list []section) (count, report uint32, err error) {
	r, found := &reader{b: find(list, importSection).body}, false
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		module, name := r.name(), r.name()
		switch kind := r.byte(); kind {
		case 0:
			r.u32()
			if module == "fastly_abi" && name == "init" {
				report, found = count, true
			}
			count++
		default:
			return 0, 0, fmt.Errorf("import %q %q is not a function", module, name)
		}
	}
	if r.err == nil && !found {
		return 0, 0, errors.New(`no import "fastly_abi" "init" to report through`)
	}
	return count, report, r.err
}

// functions returns the types of the functions that the module defines.
func functions(list []section) ([]uint32, error) {
	r := &reader{b: find(list, functionSection).body}
	out := make([]uint32, r.count())
	for i := range out {
		out[i] = r.u32()
	}
	return out, r.err
}

// bodies returns the code of the functions that the module defines.
func bodies(list []section) ([][]byte, error) {
	r := &reader{b: find(list, codeSection).body}
	out := make([][]byte, r.count())
	for i := range out {
		out[i] = r.take(r.u32())
	}
	return out, r.err
}

// Names returns the names of all functions by index, imports included, as far as the module has them.
func Names(module []byte) (map[uint32]string, error) {
	list, err := split(module)
	if err != nil {
		return nil, err
	}
	names := map[uint32]string{}
	for _, s := range list {
		r := &reader{b: s.body}
		if s.id != customSection || r.name() != "name" {
			continue
		}
		for len(r.b) > 0 {
			id, body := r.byte(), r.take(r.u32())
			if id != 1 {
				continue
			}
			sub := &reader{b: body}
			for n := sub.u32(); n > 0 && sub.err == nil; n-- {
				index := sub.u32()
				names[index] = sub.name()
			}
			if sub.err != nil {
				return nil, sub.err
			}
		}
		if r.err != nil {
			return nil, r.err
		}
	}
	return names, nil
}
