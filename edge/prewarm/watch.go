package prewarm

import (
	"bytes"
	"context"
	"fmt"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// framePage is what an operating system copies when it is first written to, in
// bytes.
const framePage = 4 << 10

// mostSteps bounds a rehearsal, in accesses to memory and rounds of loops. A
// request of a large program takes half a million. Time would be no bound: the
// same input would give other bytes on a slower machine.
const mostSteps = 5_000_000

// use is what a rehearsal does to one page.
type use struct {
	// read: the page was read before it was written to.
	read bool
	// written: at least one byte was stored to, even if it was the same byte.
	written bool
}

// watch records every page that a rehearsal touches, by the guest's own
// instructions or by a host call. Comparing memory before and after would miss
// what is written and read back, and all that is written again as it was.
type watch struct {
	first uint32 // index of the first helper
	pages map[uint32]use
	steps int
	// before is memory before the call of WASI that is under way.
	before []byte
}

// The helpers that follow those of wasm.Accesses.
var (
	copyHelper = len(wasm.Accesses)
	fillHelper = copyHelper + 1
	loopHelper = fillHelper + 1
)

// watched returns a copy of the module in which every access to memory is made
// by a helper, and every round of a loop calls one. A helper is a function at
// the end, so that no index changes; a listener sees its arguments.
func watched(m *wasm.Module) (*wasm.Module, *watch, error) {
	r := &reactor{module: m}
	if err := r.read(); err != nil {
		return nil, nil, err
	}
	bodies, err := m.Bodies()
	if err != nil {
		return nil, nil, err
	}
	w := &watch{first: uint32(len(r.funcs)), pages: map[uint32]use{}}
	for i, body := range bodies {
		if bodies[i], err = w.rewritten(body); err != nil {
			return nil, nil, fmt.Errorf("function %d: %w", len(r.funcs)-len(bodies)+i, err)
		}
	}
	defined, err := m.Functions()
	if err != nil {
		return nil, nil, err
	}
	types, code := helpers()
	for i := range types {
		defined = append(defined, uint32(len(r.types)+i))
	}
	return m.WithTypes(append(r.types, types...)).WithFunctions(defined).WithBodies(append(bodies, code...)), w, nil
}

// rewritten replaces accesses by calls of helpers. The offset of an access,
// which is part of the instruction, becomes the helper's last argument.
func (w *watch) rewritten(body []byte) ([]byte, error) {
	code, vectors := make([]byte, 0, len(body)+len(body)/4), false
	call := func(helper int) { code = wasm.AppendU32(append(code, byte(wasm.OpCall)), w.first+uint32(helper)) }
	locals, err := wasm.EachInstruction(body, func(in wasm.Instruction) {
		access, ok := helperOf[in.Op]
		vectors = vectors || in.Op.IsVector()
		switch {
		case ok:
			code = wasm.AppendSigned(append(code, byte(wasm.OpI32Const)), int64(int32(in.Offset)))
			call(access)
		case in.Op == wasm.OpMemoryCopy:
			call(copyHelper)
		case in.Op == wasm.OpMemoryFill:
			call(fillHelper)
		case in.Op == wasm.OpLoop:
			code = append(code, in.Bytes...)
			call(loopHelper)
		default:
			code = append(code, in.Bytes...)
		}
	})
	if err == nil && vectors {
		err = fmt.Errorf("instructions of vectors cannot be followed")
	}
	return append(locals, code...), err
}

var helperOf = func() map[wasm.Op]int {
	m := make(map[wasm.Op]int, len(wasm.Accesses))
	for i, a := range wasm.Accesses {
		m[a.Op] = i
	}
	return m
}()

// helpers returns the types and bodies of all helpers. One for a load takes an
// address and an offset, one for a store address, value and offset.
func helpers() (types []wasm.FuncType, bodies [][]byte) {
	get := func(n byte) []byte { return []byte{byte(wasm.OpLocalGet), n} }
	body := func(parts ...[]byte) []byte {
		return append(append([]byte{0}, bytes.Join(parts, nil)...), byte(wasm.OpEnd))
	}
	for _, a := range wasm.Accesses {
		access := []byte{byte(a.Op), 0, 0}
		add := []byte{byte(wasm.OpI32Add)}
		if a.Store {
			types = append(types, wasm.FuncType{Params: []wasm.ValType{wasm.I32, a.Value, wasm.I32}})
			bodies = append(bodies, body(get(0), get(2), add, get(1), access))
			continue
		}
		types = append(types, wasm.FuncType{Params: []wasm.ValType{wasm.I32, wasm.I32}, Results: []wasm.ValType{a.Value}})
		bodies = append(bodies, body(get(0), get(1), add, access))
	}
	three := wasm.FuncType{Params: []wasm.ValType{wasm.I32, wasm.I32, wasm.I32}}
	types = append(types, three, three, wasm.FuncType{})
	return types, append(bodies,
		body(get(0), get(1), get(2), []byte{0xfc, 10, 0, 0}), body(get(0), get(1), get(2), []byte{0xfc, 11, 0}), body())
}

var _ experimental.FunctionListenerFactory = (*watch)(nil)

// NewFunctionListener implements experimental.FunctionListenerFactory: the
// helpers are listened to, and WASI.
func (w *watch) NewFunctionListener(def api.FunctionDefinition) experimental.FunctionListener {
	if def.GoFunction() != nil {
		if def.ModuleName() == wasi_snapshot_preview1.ModuleName {
			return (*wasiListener)(w)
		}
		return nil
	}
	if def.Index() < w.first {
		return nil
	}
	helper := int(def.Index() - w.first)
	return experimental.FunctionListenerFunc(func(_ context.Context, m api.Module, _ api.FunctionDefinition, p []uint64, _ experimental.StackIterator) {
		w.step()
		w.helper(helper, p, m.Memory().Size())
	})
}

// tired ends a rehearsal that took too many steps.
type tired struct{}

func (tired) Error() string { return fmt.Sprintf("it takes more than %d steps", mostSteps) }

func (w *watch) step() {
	if w.steps++; w.steps > mostSteps {
		panic(tired{})
	}
}

// helper notes what a helper is about to do in a memory of so many bytes. What
// reaches beyond it traps, and touches nothing.
func (w *watch) helper(helper int, p []uint64, size uint32) {
	switch helper {
	case copyHelper:
		if to, from, n := uint64(uint32(p[0])), uint64(uint32(p[1])), uint64(uint32(p[2])); max(to, from)+n <= uint64(size) {
			w.read(uint32(from), uint32(n))
			w.write(uint32(to), uint32(n))
		}
	case fillHelper:
		if to, n := uint64(uint32(p[0])), uint64(uint32(p[2])); to+n <= uint64(size) {
			w.write(uint32(to), uint32(n))
		}
	case loopHelper:
	default:
		w.access(wasm.Accesses[helper], uint64(uint32(p[0]))+uint64(uint32(p[len(p)-1])), uint64(size))
	}
}

// access ends the rehearsal where the helper's address would begin anew at
// zero, since the instruction that it stands for traps.
func (w *watch) access(a wasm.Access, at, size uint64) {
	switch {
	case at+uint64(a.Size) > size:
		panic(beyond{})
	case a.Store:
		w.write(uint32(at), a.Size)
	default:
		w.read(uint32(at), a.Size)
	}
}

// beyond ends a rehearsal that left memory.
type beyond struct{}

func (beyond) Error() string { return "it reads or writes beyond the end of memory" }

func (w *watch) read(at, n uint32) {
	w.each(at, n, func(u use) use { return use{read: u.read || !u.written, written: u.written} })
}

func (w *watch) write(at, n uint32) {
	w.each(at, n, func(u use) use { return use{read: u.read, written: true} })
}

// each notes the pages of n bytes that are in memory.
func (w *watch) each(at, n uint32, note func(use) use) {
	if n == 0 {
		return
	}
	for page := at / framePage; page <= (at+n-1)/framePage; page++ {
		w.pages[page] = note(w.pages[page])
	}
}

// wasiListener notes what WASI's functions write, which wazero implements: all
// pages that they change.
type wasiListener watch

// Before implements experimental.FunctionListener.
func (l *wasiListener) Before(_ context.Context, m api.Module, _ api.FunctionDefinition, _ []uint64, _ experimental.StackIterator) {
	(*watch)(l).step()
	memory, _ := m.Memory().Read(0, m.Memory().Size())
	l.before = append(l.before[:0], memory...)
}

// After implements experimental.FunctionListener.
func (l *wasiListener) After(_ context.Context, m api.Module, _ api.FunctionDefinition, _ []uint64) {
	after, _ := m.Memory().Read(0, m.Memory().Size())
	for at := 0; at < len(l.before) && at < len(after); at += framePage {
		if !bytes.Equal(l.before[at:at+framePage], after[at:at+framePage]) {
			(*watch)(l).write(uint32(at), 1)
		}
	}
}

// Abort implements experimental.FunctionListener.
func (l *wasiListener) Abort(context.Context, api.Module, api.FunctionDefinition, error) {}
