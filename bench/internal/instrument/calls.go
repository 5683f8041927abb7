package instrument

import "fmt"

// Event is one report of an instrumented module:
//
//	kind     8 bits, from the top
//	extra   24 bits   for Enter: where a Go function resumes, 0 for its beginning; for Read and Write: how many bytes
//	subject 32 bits   for Enter and Leave: the function's index; for Read and Write: the address
type Event uint64

// Kind tells what an event is about.
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

// Extra is what the kind needs beside the subject.
func (e Event) Extra() uint32 { return uint32(e>>32) & 0xffffff }

// Subject is a function index or an address.
func (e Event) Subject() uint32 { return uint32(e) }

func event(k Kind, extra, subject uint32) int64 {
	return int64(uint64(k)<<56 | uint64(extra)<<32 | uint64(subject))
}

// Cost is the fuel that a wrapper adds, by wasmtime's count, in the order of its events.
type Cost struct {
	BeforeEnter uint64 // between the caller's call and the report of the entry
	AfterEnter  uint64 // between that report and the function's first instruction
	BeforeLeave uint64 // between its last instruction and the report of its end
}

// Called is an instrumented module.
type Called struct {
	Module []byte
	Costs  map[uint32]Cost   // by function index
	Names  map[uint32]string // by function index
}

// StackPointer is the export under which a Go module's stack pointer can be read afterwards. It is Go's global 0
// (cmd/link/internal/wasm, "globals").
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
	typeI32    = 0x7f
	typeI64    = 0x7e
)

// Calls instruments every function of a module. The module must import fastly_abi.init and only functions.
func Calls(module []byte) (*Called, error) {
	m, err := open(module)
	if err != nil {
		return nil, err
	}
	return m.finish(module, nil)
}

// finish adds the wrappers, and behind the functions that they lead to the helpers of accesses.
func (m *opened) finish(module []byte, helped []access) (out *Called, err error) {
	out = &Called{Costs: map[uint32]Cost{}}
	if out.Names, err = Names(module); err != nil {
		return nil, err
	}
	list := make([][]byte, len(m.bodies), 2*len(m.bodies)+len(helped))
	for i, ty := range m.functions {
		index, moved := m.imports+uint32(i), m.imports+uint32(len(m.bodies)+i)
		list[i], out.Costs[index] = m.wrapper(index, moved, m.types[ty])
	}
	list, added := append(list, m.bodies...), m.functions
	for i, a := range helped {
		ty, body := m.helper(a)
		list, added = append(list, body), append(added, uint32(len(m.types)+i))
		m.helperTypes = append(m.helperTypes, ty)
	}
	m.setBodies(list)
	if err := m.addTypes(); err != nil {
		return nil, err
	}
	if err := m.addFunctions(added); err != nil {
		return nil, err
	}
	if err := m.exportStackPointer(); err != nil {
		return nil, err
	}
	out.Module = join(m.sections)
	return out, nil
}

// opened is a module with the parts that instrumentation changes.
type opened struct {
	sections        []section
	types           []funcType
	functions       []uint32
	bodies          [][]byte
	imports, report uint32
	helperTypes     []funcType
}

func open(module []byte) (m *opened, err error) {
	m = &opened{}
	if m.sections, err = split(module); err != nil {
		return nil, err
	}
	if m.types, err = types(m.sections); err != nil {
		return nil, err
	}
	if m.imports, m.report, err = imports(m.sections); err != nil {
		return nil, err
	}
	if m.functions, err = functions(m.sections); err != nil {
		return nil, err
	}
	if m.bodies, err = bodies(m.sections); err != nil {
		return nil, err
	}
	if len(m.bodies) != len(m.functions) {
		return nil, fmt.Errorf("%d functions with %d bodies", len(m.functions), len(m.bodies))
	}
	for _, ty := range m.functions {
		if int(ty) >= len(m.types) {
			return nil, fmt.Errorf("no type %d", ty)
		}
	}
	return m, nil
}

// wrapper is the function that stands in for another. A Go function takes the place where it resumes and tells whether
// it has stopped again, which passes through like any parameter and result.
func (m *opened) wrapper(index, moved uint32, ty funcType) ([]byte, Cost) {
	b := []byte{0} // no locals
	cost := Cost{BeforeEnter: 1 + 2, AfterEnter: uint64(len(ty.params)) + 1, BeforeLeave: 2}
	b = appendSigned(append(b, opI64Const), event(Enter, 0, index))
	if string(ty.params) == string([]byte{typeI32}) {
		b = append(b, opLocalGet, 0, opExtend, opI64Const, 32, opI64Shl, opI64Or)
		cost.BeforeEnter += 5
	}
	b = m.reported(b)
	for i := range ty.params {
		b = appendU32(append(b, opLocalGet), uint32(i))
	}
	b = appendU32(append(b, opCall), moved)
	b = appendSigned(append(b, opI64Const), event(Leave, 0, index))
	return append(m.reported(b), opEnd), cost
}

// reported appends the call that sends the word on the stack.
func (m *opened) reported(b []byte) []byte {
	return append(appendU32(append(b, opCall), m.report), opDrop)
}

func (m *opened) setBodies(list [][]byte) {
	b := appendU32(nil, uint32(len(list)))
	for _, body := range list {
		b = appendBytes(b, body)
	}
	find(m.sections, codeSection).body = b
}

// addTypes gives each helper a type of its own.
func (m *opened) addTypes() error {
	var entries []byte
	for _, ty := range m.helperTypes {
		entries = appendBytes(appendBytes(append(entries, 0x60), ty.params), ty.results)
	}
	s := find(m.sections, typeSection)
	body, err := grown(s.body, len(m.helperTypes), entries)
	s.body = body
	return err
}

func (m *opened) addFunctions(types []uint32) error {
	var entries []byte
	for _, ty := range types {
		entries = appendU32(entries, ty)
	}
	s := find(m.sections, functionSection)
	body, err := grown(s.body, len(types), entries)
	s.body = body
	return err
}

// exportStackPointer exports global 0 of a module whose global 0 can be a stack pointer: a variable i32.
func (m *opened) exportStackPointer() error {
	r := &reader{b: find(m.sections, globalSection).body}
	if r.u32() == 0 || r.byte() != typeI32 || r.byte() != 1 {
		return nil
	}
	s := find(m.sections, exportSection)
	entry := append(appendBytes(nil, []byte(StackPointer)), 3, 0)
	body, err := grown(s.body, 1, entry)
	s.body = body
	return err
}
