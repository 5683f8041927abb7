package instrument

import (
	"errors"
	"fmt"
	"slices"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

const bulkPrefix = 0xfc

// accesses are the instructions of WebAssembly 2.0 that read or write memory,
// except for vectors and segments.
var accesses = append(slices.Clone(wasm.Accesses), wasm.Access{Op: wasm.OpMemoryCopy}, wasm.Access{Op: wasm.OpMemoryFill})

// Memory instruments every function of a module and every access to memory. It
// refuses a module with vector instructions.
func Memory(module []byte) (*Called, error) {
	m, err := openReporting(module)
	if err != nil {
		return nil, err
	}
	first := m.imports + uint32(2*len(m.bodies))
	helpers := map[wasm.Op]uint32{}
	for i, a := range accesses {
		helpers[a.Op] = first + uint32(i)
	}
	for i, body := range m.bodies {
		if m.bodies[i], err = rewritten(body, helpers); err != nil {
			return nil, fmt.Errorf("function %d: %w", m.imports+uint32(i), err)
		}
	}
	memories, err := m.module.Memories()
	if err != nil {
		return nil, err
	}
	if len(memories) == 0 {
		return m.finish(nil) // without a memory there is no access
	}
	return m.finish(accesses)
}

// helper is a function that reports an access and performs it.
func (m *opened) helper(a wasm.Access) (wasm.FuncType, []byte) {
	switch a.Op {
	case wasm.OpMemoryCopy:
		return m.bulk(Write, []byte{bulkPrefix, 10, 0, 0}, true)
	case wasm.OpMemoryFill:
		return m.bulk(Write, []byte{bulkPrefix, 11, 0}, false)
	}
	ty := wasm.FuncType{Params: []wasm.ValType{wasm.I32, wasm.I32}, Results: []wasm.ValType{a.Value}}
	kind, offset := Read, byte(1)
	if a.Store {
		ty = wasm.FuncType{Params: []wasm.ValType{wasm.I32, a.Value, wasm.I32}}
		kind, offset = Write, 2
	}
	b := []byte{0, opLocalGet, 0, opLocalGet, offset, opI32Add, opExtend}
	b = append(wasm.AppendSigned(append(b, opI64Const), event(kind, a.Size, 0)), opI64Or)
	b = m.reported(b)
	b = append(b, opLocalGet, 0, opLocalGet, offset, opI32Add)
	if a.Store {
		b = append(b, opLocalGet, 1)
	}
	return ty, append(b, byte(a.Op), 0, 0, opEnd)
}

// bulk reports the target, and the source if there is one, with a length of up
// to 16 MiB.
func (m *opened) bulk(kind Kind, instruction []byte, source bool) (wasm.FuncType, []byte) {
	b := m.span([]byte{0}, kind, 0)
	if source {
		b = m.span(b, Read, 1)
	}
	b = append(b, opLocalGet, 0, opLocalGet, 1, opLocalGet, 2)
	return wasm.FuncType{Params: []wasm.ValType{wasm.I32, wasm.I32, wasm.I32}}, append(append(b, instruction...), opEnd)
}

// span reports the bytes from the address in a parameter; the third parameter
// is their number.
func (m *opened) span(b []byte, kind Kind, param byte) []byte {
	b = append(b, opLocalGet, 2, opExtend, opI64Const, 32, opI64Shl, opLocalGet, param, opExtend, opI64Or)
	b = append(wasm.AppendSigned(append(b, opI64Const), event(kind, 0, 0)), opI64Or)
	return m.reported(b)
}

// rewritten is a function body with every access to memory replaced by a call
// of its helper.
func rewritten(body []byte, helpers map[wasm.Op]uint32) ([]byte, error) {
	code, unknown := make([]byte, 0, len(body)+len(body)/4), false
	locals, err := wasm.EachInstruction(body, func(in wasm.Instruction) {
		unknown = unknown || in.Op.IsVector()
		helper, ok := helpers[in.Op]
		if !ok {
			code = append(code, in.Bytes...)
			return
		}
		if in.Op != wasm.OpMemoryCopy && in.Op != wasm.OpMemoryFill {
			code = wasm.AppendSigned(append(code, opI32Const), int64(int32(in.Offset)))
		}
		code = wasm.AppendU32(append(code, opCall), helper)
	})
	if err == nil && unknown {
		err = errors.New("instruction 0xfd is not known here")
	}
	return append(locals, code...), err
}
