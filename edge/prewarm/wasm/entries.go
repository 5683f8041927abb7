package wasm

import "fmt"

// ValType is a value type, as the byte that stands for it.
type ValType byte

// The value types of WebAssembly 2.0.
const (
	I32       ValType = 0x7f
	I64       ValType = 0x7e
	F32       ValType = 0x7d
	F64       ValType = 0x7c
	V128      ValType = 0x7b
	FuncRef   ValType = 0x70
	ExternRef ValType = 0x6f
)

var valTypeNames = map[ValType]string{
	I32: "i32", I64: "i64", F32: "f32", F64: "f64", V128: "v128", FuncRef: "funcref", ExternRef: "externref",
}

// String returns the type's name in the text format.
func (t ValType) String() string {
	if s, ok := valTypeNames[t]; ok {
		return s
	}
	return fmt.Sprintf("type 0x%02x", byte(t))
}

// ExternKind says what an import or export is.
type ExternKind byte

// The kinds of imports and exports.
const (
	FuncKind   ExternKind = 0
	TableKind  ExternKind = 1
	MemoryKind ExternKind = 2
	GlobalKind ExternKind = 3
	TagKind    ExternKind = 4
)

var externNames = [...]string{"function", "table", "memory", "global", "tag"}

// String returns the kind's name.
func (k ExternKind) String() string {
	if int(k) < len(externNames) {
		return externNames[k]
	}
	return fmt.Sprintf("kind %d", byte(k))
}

// FuncType is the type of a function.
type FuncType struct{ Params, Results []ValType }

// String gives the type as parameters and results, "(i32) -> (i64)".
func (t FuncType) String() string { return list(t.Params) + " -> " + list(t.Results) }

func list(types []ValType) string {
	s := "("
	for i, t := range types {
		if i > 0 {
			s += ", "
		}
		s += t.String()
	}
	return s + ")"
}

// Import is one import.
type Import struct {
	Module, Name string
	Kind         ExternKind
	// Type is a function's index into the types, and 0 for other kinds.
	Type uint32
}

// Export is one export.
type Export struct {
	Name string
	Kind ExternKind
	// Index counts in the index space of Kind, imports first.
	Index uint32
}

// Limits is the size of a memory, in pages of 64 KiB, or of a table, in
// elements.
type Limits struct {
	Min, Max uint32
	// HasMax is false where the module names no Max.
	HasMax bool
}

// Global is a global variable that the module defines.
type Global struct {
	Type    ValType
	Mutable bool
	// Init is the initialiser: a constant expression with its closing end
	// opcode.
	Init []byte
}

func entries[T any](d *decoder, one func() T) ([]T, error) {
	n := d.count()
	out := make([]T, 0, min(n, 1<<16)) // grown from there: n is the module's word
	for i := 0; i < n && d.err == nil; i++ {
		out = append(out, one())
	}
	return out, d.end()
}

// Types returns the function types. A module with other types is refused.
func (m *Module) Types() ([]FuncType, error) {
	d := m.decode(TypeSection)
	return entries(d, func() FuncType {
		if form := d.byte(); form != 0x60 {
			d.fail(d.pos-1, "type of form 0x%02x is not a function", form)
		}
		return FuncType{Params: d.valTypes(), Results: d.valTypes()}
	})
}

// WithTypes returns the module with these function types.
func (m *Module) WithTypes(types []FuncType) *Module {
	return m.WithBody(TypeSection, appendVector(nil, types, func(b []byte, t FuncType) []byte {
		b = appendVector(append(b, 0x60), t.Params, appendValType)
		return appendVector(b, t.Results, appendValType)
	}))
}

func appendValType(b []byte, t ValType) []byte { return append(b, byte(t)) }

func (d *decoder) valTypes() []ValType {
	raw := d.bytes(uint32(d.count()))
	out := make([]ValType, len(raw))
	for i, c := range raw {
		out[i] = d.known(ValType(c))
	}
	return out
}

func (d *decoder) valType() ValType { return d.known(ValType(d.byte())) }

// refType reads the type of a reference, as tables hold them.
func (d *decoder) refType() {
	if t := d.valType(); t != FuncRef && t != ExternRef {
		d.fail(d.pos-1, "%s is no reference", t)
	}
}

func (d *decoder) known(t ValType) ValType {
	if _, ok := valTypeNames[t]; !ok && d.err == nil {
		d.fail(d.pos-1, "unknown value %s", t)
	}
	return t
}

// Imports returns the imports.
func (m *Module) Imports() ([]Import, error) {
	d := m.decode(ImportSection)
	return entries(d, func() Import {
		im := Import{Module: d.name(), Name: d.name(), Kind: ExternKind(d.byte())}
		switch im.Kind {
		case FuncKind:
			im.Type = d.u32()
		case TableKind:
			d.refType()
			d.limits()
		case MemoryKind:
			d.limits()
		case GlobalKind:
			d.valType()
			d.flag()
		case TagKind:
			d.tag()
		default:
			d.fail(d.pos-1, "import %q.%q of unknown %s", im.Module, im.Name, im.Kind)
		}
		return im
	})
}

// WithImports returns the module with these imports, which must be functions.
func (m *Module) WithImports(imports []Import) *Module {
	return m.WithBody(ImportSection, appendVector(nil, imports, func(b []byte, im Import) []byte {
		b = append(AppendBytes(AppendBytes(b, im.Module), im.Name), byte(FuncKind))
		return AppendU32(b, im.Type)
	}))
}

// tag reads the type of an exception: a byte 0, and the index of a type.
func (d *decoder) tag() {
	if c := d.byte(); c != 0 {
		d.fail(d.pos-1, "tag of unknown kind 0x%02x", c)
	}
	d.u32()
}

// flag reads a byte that is 0 or 1.
func (d *decoder) flag() bool {
	c := d.byte()
	if c > 1 {
		d.fail(d.pos-1, "flag is 0x%02x, not 0 or 1", c)
	}
	return c == 1
}

// limits refuses the flags of shared and 64-bit memories, of which no snapshot
// can be taken.
func (d *decoder) limits() Limits {
	start := d.pos
	flags := d.byte()
	if flags > 1 {
		d.fail(start, "limits of kind 0x%02x (shared or 64-bit)", flags)
	}
	l := Limits{Min: d.u32(), HasMax: flags == 1}
	if l.HasMax {
		l.Max = d.u32()
	}
	return l
}

// Functions returns the types, as indices, of the functions that the module
// defines.
func (m *Module) Functions() ([]uint32, error) {
	d := m.decode(FunctionSection)
	return entries(d, d.u32)
}

// FunctionTypes returns the types, as indices, of all functions: those of the
// imports first. A type that is not there is an error: wazero looks at the
// types of functions that are called before it has checked them.
func (m *Module) FunctionTypes() ([]uint32, error) {
	types, err := m.Types()
	if err != nil {
		return nil, err
	}
	imports, err := m.Imports()
	if err != nil {
		return nil, err
	}
	defined, err := m.Functions()
	if err != nil {
		return nil, err
	}
	var functions []uint32
	for _, im := range imports {
		if im.Kind == FuncKind {
			functions = append(functions, im.Type)
		}
	}
	functions = append(functions, defined...)
	for i, ty := range functions {
		if uint64(ty) >= uint64(len(types)) {
			return nil, fmt.Errorf("function %d has type %d, and there are %d types", i, ty, len(types))
		}
	}
	return functions, nil
}

// WithFunctions returns the module with functions of these types, as indices.
// It needs as many bodies.
func (m *Module) WithFunctions(types []uint32) *Module {
	return m.WithBody(FunctionSection, appendVector(nil, types, AppendU32))
}

// Tables returns the sizes of the tables that the module defines.
func (m *Module) Tables() ([]Limits, error) {
	d := m.decode(TableSection)
	return entries(d, func() Limits {
		d.refType()
		return d.limits()
	})
}

// Memories returns the memories that the module defines.
func (m *Module) Memories() ([]Limits, error) {
	d := m.decode(MemorySection)
	return entries(d, d.limits)
}

// WithMemories returns the module with these memories.
func (m *Module) WithMemories(memories []Limits) *Module {
	return m.WithBody(MemorySection, appendVector(nil, memories, func(b []byte, l Limits) []byte {
		if l.HasMax {
			return AppendU32(AppendU32(append(b, 1), l.Min), l.Max)
		}
		return AppendU32(append(b, 0), l.Min)
	}))
}

// Globals returns the globals that the module defines.
func (m *Module) Globals() ([]Global, error) {
	d := m.decode(GlobalSection)
	return entries(d, func() Global {
		g := Global{Type: d.valType(), Mutable: d.flag()}
		g.Init = d.constant()
		return g
	})
}

// WithGlobals returns the module with these globals.
func (m *Module) WithGlobals(globals []Global) *Module {
	return m.WithBody(GlobalSection, appendVector(nil, globals, func(b []byte, g Global) []byte {
		b = append(b, byte(g.Type), 0)
		if g.Mutable {
			b[len(b)-1] = 1
		}
		return append(b, g.Init...)
	}))
}

// Exports returns the exports.
func (m *Module) Exports() ([]Export, error) {
	d := m.decode(ExportSection)
	return entries(d, func() Export {
		e := Export{Name: d.name(), Kind: ExternKind(d.byte())}
		if e.Kind > TagKind {
			d.fail(d.pos-1, "export %q of unknown %s", e.Name, e.Kind)
		}
		e.Index = d.u32()
		return e
	})
}

// WithExports returns the module with these exports.
func (m *Module) WithExports(exports []Export) *Module {
	return m.WithBody(ExportSection, appendVector(nil, exports, func(b []byte, e Export) []byte {
		return AppendU32(append(AppendBytes(b, e.Name), byte(e.Kind)), e.Index)
	}))
}

// Start returns the index of the start function, or nil.
func (m *Module) Start() (*uint32, error) {
	body, ok := m.Body(StartSection)
	if !ok {
		return nil, nil
	}
	d := &decoder{b: body, section: StartSection.String()}
	index := d.u32()
	return &index, d.end()
}

// Segment is a run of bytes that is in memory 0 when the module starts.
type Segment struct {
	Offset uint32
	Bytes  []byte
}

// DataSegment is a data segment of any kind.
type DataSegment struct {
	Segment
	// Passive says that the segment is not in memory until an instruction
	// copies it; its Offset is 0 then.
	Passive bool
	// Explicit says that an active segment names its memory, which Data does
	// not read even where it is memory 0.
	Explicit bool
}

// The kinds of data segments.
const (
	activeSegment   = 0
	passiveSegment  = 1
	explicitSegment = 2 // active, with the memory named
)

// AllData returns the data segments of every kind. A segment whose offset is
// not a constant number is refused, since its place is not known; so is a data
// count section that announces another number of segments.
func (m *Module) AllData() ([]DataSegment, error) {
	d := m.decode(DataSection)
	segments, err := entries(d, func() DataSegment { return d.dataSegment(d.constantOffset) })
	if err != nil {
		return nil, err
	}
	return segments, m.checkDataCount(len(segments))
}

// checkDataCount reads the data count section, if there is one.
func (m *Module) checkDataCount(segments int) error {
	body, ok := m.Body(DataCountSection)
	if !ok {
		return nil
	}
	d := &decoder{b: body, section: DataCountSection.String()}
	if n := d.u32(); d.err == nil && int64(n) != int64(segments) {
		d.fail(0, "%d data segments announced, %d there", n, segments)
	}
	return d.end()
}

// dataSegment reads a segment; offset reads where an active one, which begins
// at start, lies.
func (d *decoder) dataSegment(offset func(start int) uint32) DataSegment {
	start := d.pos
	var s DataSegment
	switch kind := d.u32(); kind {
	case activeSegment:
	case passiveSegment:
		s.Passive = true
	case explicitSegment:
		s.Explicit = true
		d.u32()
	default:
		d.fail(start, "data segment of unknown kind %d", kind)
	}
	if !s.Passive {
		s.Offset = offset(start)
	}
	s.Bytes = d.bytes(d.u32())
	return s
}

func (d *decoder) constantOffset(start int) uint32 {
	const reason = "data segment whose offset is no constant number"
	if op := d.byte(); op != byte(OpI32Const) {
		d.fail(start, reason)
	}
	offset := uint32(int32(d.signed(32)))
	if op := d.byte(); op != byte(OpEnd) {
		d.fail(start, reason)
	}
	return offset
}

// Data returns the data segments. Segments that are not active, or that name a
// memory, are refused, since their place is not known; so is a data count
// section that announces another number of segments.
func (m *Module) Data() ([]Segment, error) {
	d := m.decode(DataSection)
	segments, err := entries(d, func() Segment {
		start := d.pos
		s := d.dataSegment(d.constantOffset)
		if s.Passive || s.Explicit {
			d.fail(start, "data segment is not an active one of memory 0")
		}
		return s.Segment
	})
	if err != nil {
		return nil, err
	}
	return segments, m.checkDataCount(len(segments))
}

// WithData returns the module with these data segments, as active ones at
// constant offsets. If the module has a data count section, it is updated.
func (m *Module) WithData(segments []Segment) *Module {
	size := 5
	for _, s := range segments {
		size += len(s.Bytes) + 13 // kind, opcode and end of the offset, and two numbers of at most five bytes
	}
	b := AppendU32(make([]byte, 0, size), uint32(len(segments)))
	for _, s := range segments {
		b = append(b, 0, byte(OpI32Const)) // 0: active, memory 0
		b = append(AppendSigned(b, int64(int32(s.Offset))), byte(OpEnd))
		b = AppendBytes(b, s.Bytes)
	}
	out := m.WithBody(DataSection, b)
	if _, ok := m.Body(DataCountSection); ok {
		out = out.WithBody(DataCountSection, AppendU32(nil, uint32(len(segments))))
	}
	return out
}
