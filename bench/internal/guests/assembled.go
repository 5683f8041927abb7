package guests

import "encoding/binary"

// assembler puts a module of one function together. The function is exported as _start, takes and returns nothing, and has
// one page of memory.
type assembler struct {
	types, imports []string
	code           []byte
}

// params are the parameters of an imported function, "i" for i32 and "I" for i64; all return i32. The result is its index.
func (a *assembler) imported(module, name, params string) byte {
	a.types = append(a.types, params)
	a.imports = append(a.imports, string(vector([]byte(module)))+string(vector([]byte(name)))+"\x00"+string(rune(len(a.types)))) // type 0 is ()->()
	return byte(len(a.imports) - 1)
}

// call calls an import with these i32 arguments and drops the result.
func (a *assembler) call(fn byte, args ...byte) {
	for _, arg := range args {
		a.code = append(a.code, 0x41, arg) // i32.const, below 64
	}
	a.code = append(a.code, 0x10, fn, 0x1a)
}

// word pushes the i32 at an address below 64.
func (a *assembler) word(at byte) { a.code = append(a.code, 0x41, at, 0x28, 2, 0) }

func (a *assembler) module() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	types := []byte{0x60, 0, 0}
	for _, params := range a.types {
		types = append(types, 0x60)
		types = append(types, vector(valueTypes(params))...)
		types = append(types, 1, 0x7f)
	}
	imports := []byte{}
	for _, im := range a.imports {
		imports = append(imports, im...)
	}
	body := append(append([]byte{0}, a.code...), 0x0b)
	section := func(id byte, count int, entries []byte) {
		out = append(append(out, id), vector(append(binary.AppendUvarint(nil, uint64(count)), entries...))...)
	}
	section(1, len(a.types)+1, types)
	section(2, len(a.imports), imports)
	section(3, 1, []byte{0})
	section(5, 1, []byte{0, 1})
	section(7, 2, append(append(vector([]byte("memory")), 2, 0), append(vector([]byte("_start")), 0, byte(len(a.imports)))...))
	section(10, 1, vector(body))
	return out
}

func valueTypes(params string) []byte {
	types := make([]byte, len(params))
	for i := range params {
		types[i] = 0x7f
		if params[i] == 'I' {
			types[i] = 0x7e
		}
	}
	return types
}

func vector(b []byte) []byte { return append(binary.AppendUvarint(nil, uint64(len(b))), b...) }

// Empty is the least that a module can do: it answers 204, with four host calls. extra more of them, fastly_abi.init, show
// what a host call as such costs here.
func Empty(extra int) []byte {
	a := &assembler{}
	newResponse := a.imported("fastly_http_resp", "new", "i")
	setStatus := a.imported("fastly_http_resp", "status_set", "ii")
	newBody := a.imported("fastly_http_body", "new", "i")
	send := a.imported("fastly_http_resp", "send_downstream", "iii")
	initABI := a.imported("fastly_abi", "init", "I")
	for range extra {
		a.code = append(a.code, 0x42, 1, 0x10, initABI, 0x1a)
	}
	a.call(newResponse, 0)
	a.word(0)
	a.code = append(a.code, 0x41, 0xcc, 0x01, 0x10, setStatus, 0x1a) // i32.const 204
	a.call(newBody, 4)
	a.word(0)
	a.word(4)
	a.call(send, 0)
	return a.module()
}
