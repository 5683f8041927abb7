package prewarm

import (
	"strings"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// The exports that give a WASI module its kind: a reactor has the first, a
// command the second.
const (
	initExport  = "_initialize"
	startExport = "_start"
)

// reactor is a module of which a snapshot can be taken.
type reactor struct {
	binary  []byte
	module  *wasm.Module
	types   []wasm.FuncType
	imports []wasm.Import
	funcs   []uint32 // type of every function, imports first
	memory  wasm.Limits
	globals []wasm.Global
	exports []wasm.Export
	start   *uint32 // the start function, if there is one
}

// inspect reads the module and refuses one whose state a snapshot of one memory
// and numeric globals would not preserve.
func inspect(b []byte, opt Options) (*reactor, error) {
	m, err := wasm.Parse(b)
	if err != nil {
		return nil, malformed(err)
	}
	if err := m.Check(); err != nil {
		return nil, malformed(err) // before an engine makes room for what it announces
	}
	r := &reactor{binary: b, module: m}
	if err := r.read(); err != nil {
		return nil, malformed(err)
	}
	for _, check := range []func(Options) error{
		r.checkImports, r.checkMemory, r.checkTables, r.checkGlobals, r.checkCode, r.checkStart, r.checkExports,
	} {
		if err := check(opt); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *reactor) read() (err error) {
	if r.types, err = r.module.Types(); err != nil {
		return err
	}
	if r.imports, err = r.module.Imports(); err != nil {
		return err
	}
	if r.globals, err = r.module.Globals(); err != nil {
		return err
	}
	if r.exports, err = r.module.Exports(); err != nil {
		return err
	}
	if r.start, err = r.module.Start(); err != nil {
		return err
	}
	r.funcs, err = r.module.FunctionTypes()
	return err
}

// checkImports allows only functions: the state of other imports is outside the
// module, and a snapshot of the module would miss it.
func (r *reactor) checkImports(Options) error {
	for _, im := range r.imports {
		if im.Kind != wasm.FuncKind {
			return refuse(Unsupported, "the module imports the %s %q.%q: only functions can be imported",
				im.Kind, im.Module, im.Name)
		}
	}
	return nil
}

func (r *reactor) checkMemory(opt Options) error {
	memories, err := r.module.Memories()
	if err != nil {
		return malformed(err)
	}
	if len(memories) != 1 {
		return refuse(Unsupported, "the module has %d memories: one is needed", len(memories))
	}
	if r.memory = memories[0]; r.memory.Min > opt.MaxPages {
		return refuse(Unsupported, "the module begins with %d pages of memory: MaxPages is %d", r.memory.Min, opt.MaxPages)
	}
	return nil
}

// maxTable is the most elements that engines have in a table: the limit that
// the JavaScript interface of WebAssembly sets. wazero makes room for 13 times
// as many, in each instance.
const maxTable = 10_000_000

func (r *reactor) checkTables(Options) error {
	tables, err := r.module.Tables()
	if err != nil {
		return malformed(err)
	}
	left := uint64(maxTable)
	for i, t := range tables {
		if uint64(t.Min) > left {
			return refuse(Unsupported, "table %d begins with %d elements: engines have %d in all tables", i, t.Min, maxTable)
		}
		left -= uint64(t.Min)
	}
	return nil
}

func (r *reactor) checkGlobals(Options) error {
	for i, g := range r.globals {
		if _, err := wasm.Const(g.Type, 0); err != nil && g.Mutable {
			return refuse(Unsupported, "global %d is a variable of type %s: only numbers of 32 and 64 bits can be kept",
				i, g.Type)
		}
	}
	return nil
}

// checkCode refuses modules that write to a table, because tables are not part
// of the snapshot, and modules that use data segments at run time, because the
// snapshot replaces those. Go's compiler emits neither.
func (r *reactor) checkCode(Options) error {
	var refused error
	err := r.module.EachOp(func(fn int, op wasm.Op) error {
		if name := op.Name(); name != "" {
			refused = refuse(Unsupported, "function %d has the instruction %s: tables and data segments must not "+
				"change at run time", fn, name)
		}
		return refused
	})
	if refused == nil && err != nil {
		return malformed(err)
	}
	return refused
}

func (r *reactor) checkExports(opt Options) error {
	if _, ok := r.export(startExport); ok {
		return refuse(NotReactor, "the module exports %s: build it as a reactor, with -buildmode=c-shared", startExport)
	}
	if _, ok := r.module.Custom(doneSection); ok {
		return refuse(NotReactor, "the module has been prewarmed already: prewarm what the compiler has made")
	}
	if _, ok := r.export(initExport); !ok {
		return refuse(NotReactor, "the module exports no %s: build it as a reactor, with -buildmode=c-shared", initExport)
	}
	for _, e := range r.exports {
		if strings.HasPrefix(e.Name, runPrefix) {
			return refuse(Unsupported, "the module exports %q: names that begin with %q are taken", e.Name, runPrefix)
		}
	}
	for _, name := range []string{initExport, opt.Entry, opt.Warmup} {
		if err := r.checkExport(name, wasm.FuncType{}); name != "" && err != nil {
			return err
		}
	}
	if opt.Room == "" {
		return nil
	}
	if err := r.checkExport(opt.Room, wasm.FuncType{Params: []wasm.ValType{wasm.I32}, Results: []wasm.ValType{wasm.I32}}); err != nil || opt.Sign == "" {
		return err
	}
	return r.checkExport(opt.Sign, wasm.FuncType{Results: []wasm.ValType{wasm.I32}})
}

func (r *reactor) checkExport(name string, want wasm.FuncType) error {
	e, ok := r.export(name)
	if !ok || e.Kind != wasm.FuncKind {
		return refuse(BadExport, "the module exports no function %q: mark it with //go:wasmexport %s", name, name)
	}
	t, ok := r.signature(e.Index)
	if !ok {
		return refuse(Malformed, "export %q is function %d, and there are %d", name, e.Index, len(r.funcs))
	}
	if t.String() != want.String() {
		return refuse(BadExport, "%q has type %s: it must have %s", name, t, want)
	}
	return nil
}

func (r *reactor) checkStart(Options) error {
	if r.start == nil {
		return nil
	}
	if t, ok := r.signature(*r.start); !ok || len(t.Params)+len(t.Results) != 0 {
		return refuse(Malformed, "the start function is function %d of %d, with type %s", *r.start, len(r.funcs), t)
	}
	return nil
}

// signature returns the type of a function, if there is one with that index.
func (r *reactor) signature(index uint32) (wasm.FuncType, bool) {
	if uint64(index) >= uint64(len(r.funcs)) {
		return wasm.FuncType{}, false
	}
	return r.types[r.funcs[index]], true
}

func (r *reactor) export(name string) (wasm.Export, bool) {
	for _, e := range r.exports {
		if e.Name == name {
			return e, true
		}
	}
	return wasm.Export{}, false
}
