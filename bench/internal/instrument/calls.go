package instrument

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// Event is one report of an instrumented module:
//
//	kind     8 bits, from the top
//	extra   24 bits   Enter: where a Go function resumes, 0 for its beginning
//	                  Read, Write: the number of bytes
//	subject 32 bits   Enter, Leave: the function's index
//	                  Read, Write: the address
type Event uint64

// Kind says what an event is about.
type Kind uint8

// The kinds.
const (
	Enter Kind = 1 + iota
	Leave
	Read
	Write
)

// Kind returns what happened.
func (e Event) Kind() Kind { return Kind(e >> 56) }

// Extra is further data of the kind.
func (e Event) Extra() uint32 { return uint32(e>>32) & 0xffffff }

// Subject is a function index or an address.
func (e Event) Subject() uint32 { return uint32(e) }

func event(k Kind, extra, subject uint32) int64 {
	return int64(uint64(k)<<56 | uint64(extra)<<32 | uint64(subject))
}

// Called is an instrumented module.
type Called struct {
	Module []byte
	Names  map[uint32]string // by function index
	Image  Image
}

// Image is the part of memory that data segments fill, from page to page. An
// engine maps it copy-on-write, and gives zeroes elsewhere.
type Image struct{ Start, End uint32 }

// StackPointer is the export under which a Go module's stack pointer can be
// read afterwards. It is Go's global 0 (cmd/link/internal/wasm, "globals").
const StackPointer = "probe.sp"

const (
	opCall     = 0x10
	opDrop     = 0x1a
	opLocalGet = 0x20
	opI32Const = 0x41
	opI64Const = 0x42
	opEnd      = 0x0b
	opI32Add   = 0x6a
	opI64Or    = 0x84
	opI64Shl   = 0x86
	opExtend   = 0xad // i64.extend_i32_u
)

// Calls instruments every function of a module, and makes it count as [Fuel]
// does; what instrumentation adds does not count. The module must import
// fastly_abi.init and only functions.
func Calls(module []byte) (*Called, error) {
	m, err := openReporting(module)
	if err != nil {
		return nil, err
	}
	if err := m.count(); err != nil {
		return nil, err
	}
	return m.finish(nil)
}

// finish adds the wrappers, the moved functions and, after them, the helpers of
// accesses. Each helper has its own type.
func (m *opened) finish(helped []wasm.Access) (*Called, error) {
	names, err := m.module.FunctionNames()
	if err != nil {
		return nil, err
	}
	out := &Called{Names: names}
	if out.Image, err = imageOf(m.module); err != nil {
		return nil, err
	}
	list := make([][]byte, len(m.bodies), 2*len(m.bodies)+len(helped))
	for i, ty := range m.functions {
		index, moved := m.imports+uint32(i), m.imports+uint32(len(m.bodies)+i)
		list[i] = m.wrapper(index, moved, m.types[ty])
	}
	list, functions, types := append(list, m.bodies...), slices.Concat(m.functions, m.functions), slices.Clone(m.types)
	for _, a := range helped {
		ty, body := m.helper(a)
		functions = append(functions, uint32(len(types)))
		types, list = append(types, ty), append(list, body)
	}
	module, err := exportStackPointer(m.module.WithTypes(types).WithFunctions(functions).WithBodies(list))
	if err != nil {
		return nil, err
	}
	out.Module = module.Encode()
	return out, nil
}

// opened is a parsed module with the parts that instrumentation changes.
type opened struct {
	module          *wasm.Module
	types           []wasm.FuncType
	functions       []uint32
	bodies          [][]byte
	imports, report uint32 // the number of imports, and the index of the one for reports
	reports         bool   // whether there is one for reports
}

// openReporting opens a module that can report.
func openReporting(module []byte) (*opened, error) {
	m, err := open(module)
	if err == nil && !m.reports {
		err = errors.New(`no import "fastly_abi" "init" to report through`)
	}
	return m, err
}

func open(module []byte) (m *opened, err error) {
	m = &opened{}
	if m.module, err = wasm.Parse(module); err != nil {
		return nil, err
	}
	if err = m.module.Check(); err != nil {
		return nil, err
	}
	if m.types, err = m.module.Types(); err != nil {
		return nil, err
	}
	if err = m.readImports(); err != nil {
		return nil, err
	}
	if m.functions, err = m.module.Functions(); err != nil {
		return nil, err
	}
	if m.bodies, err = m.module.Bodies(); err != nil {
		return nil, err
	}
	for _, ty := range m.functions {
		if int(ty) >= len(m.types) {
			return nil, fmt.Errorf("no type %d", ty)
		}
	}
	return m, nil
}

func (m *opened) readImports() error {
	list, err := m.module.Imports()
	if err != nil {
		return err
	}
	for i, im := range list {
		if im.Kind != wasm.FuncKind {
			return fmt.Errorf("import %q %q is not a function", im.Module, im.Name)
		}
		if im.Module == "fastly_abi" && im.Name == "init" {
			if int(im.Type) >= len(m.types) || m.types[im.Type].String() != "(i64) -> (i32)" {
				return errors.New(`the import "fastly_abi" "init" has another type than (i64) -> (i32)`)
			}
			m.report, m.reports = uint32(i), true
		}
	}
	m.imports = uint32(len(list))
	return nil
}

// wrapper is the function in place of another. A Go function takes the point
// where it resumes and returns whether it has paused; the wrapper passes both
// on.
func (m *opened) wrapper(index, moved uint32, ty wasm.FuncType) []byte {
	b := []byte{0} // no locals
	b = wasm.AppendSigned(append(b, opI64Const), event(Enter, 0, index))
	if len(ty.Params) == 1 && ty.Params[0] == wasm.I32 {
		b = append(b, opLocalGet, 0, opExtend, opI64Const, 32, opI64Shl, opI64Or)
	}
	b = m.reported(b)
	for i := range ty.Params {
		b = wasm.AppendU32(append(b, opLocalGet), uint32(i))
	}
	b = wasm.AppendU32(append(b, opCall), moved)
	b = wasm.AppendSigned(append(b, opI64Const), event(Leave, 0, index))
	return append(m.reported(b), opEnd)
}

// reported appends the call that reports the word on the stack.
func (m *opened) reported(b []byte) []byte {
	return append(wasm.AppendU32(append(b, opCall), m.report), opDrop)
}

// exportStackPointer exports global 0 of a module if it can be a stack pointer:
// a variable i32.
func exportStackPointer(m *wasm.Module) (*wasm.Module, error) {
	globals, err := m.Globals()
	if err != nil || len(globals) == 0 || globals[0].Type != wasm.I32 || !globals[0].Mutable {
		return m, err
	}
	return withExport(m, wasm.Export{Name: StackPointer, Kind: wasm.GlobalKind})
}

// withExport is a module with one more export. Names are exported once.
func withExport(m *wasm.Module, e wasm.Export) (*wasm.Module, error) {
	exports, err := m.Exports()
	if err != nil {
		return nil, err
	}
	for _, other := range exports {
		if other.Name == e.Name {
			return nil, fmt.Errorf("the module exports %q already: it has been instrumented", e.Name)
		}
	}
	return m.WithExports(append(exports, e)), nil
}

// page is what the operating system maps, in bytes.
const page = 4096

// imageOf finds the part of memory that a module's segments fill.
func imageOf(m *wasm.Module) (i Image, err error) {
	segments, err := m.AllData()
	if err != nil {
		return i, err
	}
	i.Start = math.MaxUint32
	for _, s := range segments {
		if s.Passive || len(s.Bytes) == 0 {
			continue
		}
		i.Start, i.End = min(i.Start, s.Offset), max(i.End, s.Offset+uint32(len(s.Bytes)))
	}
	i.Start = min(i.Start, i.End) &^ (page - 1)
	i.End = (i.End + page - 1) &^ (page - 1)
	return i, nil
}
