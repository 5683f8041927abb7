package instrument

import (
	"fmt"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// FuelCount is the export under which the instructions executed so far can be
// read: a global i64.
const FuelCount = "probe.fuel"

// The opcodes that end a run of instructions which are executed together, and
// those that count 0.
const (
	opUnreachable  = 0x00
	opNop          = 0x01
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCallIndirect = 0x11
	opReturnCall   = 0x12
	opReturnCallIn = 0x13
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opI64Add       = 0x7c
)

// Fuel makes a module count the instructions that it executes, as wasmtime's
// fuel does: every one counts 1, but nop, drop, block, loop, unreachable,
// return, else and end, which count 0; entering a function counts 1.
func Fuel(module []byte) ([]byte, error) {
	m, err := open(module)
	if err != nil {
		return nil, err
	}
	if err := m.count(); err != nil {
		return nil, err
	}
	return m.module.WithBodies(m.bodies).Encode(), nil
}

// count adds the global and makes every function count into it.
func (m *opened) count() error {
	globals, err := m.module.Globals()
	if err != nil {
		return err
	}
	index := uint32(len(globals)) // no global is imported
	globals = append(globals, wasm.Global{Type: wasm.I64, Mutable: true, Init: []byte{opI64Const, 0, opEnd}})
	m.module, err = withExport(m.module.WithGlobals(globals), wasm.Export{Name: FuelCount, Kind: wasm.GlobalKind, Index: index})
	if err != nil {
		return err
	}
	for i, body := range m.bodies {
		if m.bodies[i], err = counted(body, index); err != nil {
			return fmt.Errorf("function %d: %w", m.imports+uint32(i), err)
		}
	}
	return nil
}

// counted is a function body that adds its instructions to a global. They are
// added before each that may lead elsewhere, and where others lead to: so what
// a host call reads is exact.
func counted(body []byte, global uint32) ([]byte, error) {
	code, pending := make([]byte, 0, len(body)*2), int64(1)
	locals, err := wasm.EachInstruction(body, func(in wasm.Instruction) {
		if !isFree(in.Op) {
			pending++
		}
		if leads(in.Op) && pending > 0 {
			code = wasm.AppendU32(append(code, opGlobalGet), global)
			code = append(wasm.AppendSigned(append(code, opI64Const), pending), opI64Add)
			code = wasm.AppendU32(append(code, opGlobalSet), global)
			pending = 0
		}
		code = append(code, in.Bytes...)
	})
	return append(locals, code...), err
}

func isFree(op wasm.Op) bool {
	switch op {
	case opUnreachable, opNop, opBlock, opLoop, opElse, opEnd, opReturn, opDrop:
		return true
	}
	return false
}

// leads reports whether control may go elsewhere from an instruction, or come
// from elsewhere to what follows it.
func leads(op wasm.Op) bool {
	switch op {
	case opUnreachable, opLoop, opIf, opElse, opEnd, opBr, opBrIf, opBrTable, opReturn, opCall, opCallIndirect, opReturnCall, opReturnCallIn:
		return true
	}
	return false
}
