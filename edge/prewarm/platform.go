package prewarm

import (
	"context"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// abiInit is the first function that Fastly's SDK calls, in an init function.
const abiInit = "fastly_abi.init"

// definePlatform defines every import that is not WASI's. There is no sandbox
// and no request yet, so a call ends the run with an error. Only
// fastly_abi.init succeeds.
func (g *guest) definePlatform(ctx context.Context, rt wazero.Runtime, r *reactor) error {
	return definePlatform(ctx, rt, r, g.define)
}

// definePlatform defines WASI, and every other import by define.
func definePlatform(ctx context.Context, rt wazero.Runtime, r *reactor, define func(wazero.HostModuleBuilder, wasm.Import, wasm.FuncType)) error {
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, rt); err != nil {
		return &Error{Code: Unsupported, Reason: "no WASI", Cause: err}
	}
	modules := map[string]wazero.HostModuleBuilder{}
	for _, im := range firstOfEach(r.imports) {
		if im.Module == wasi_snapshot_preview1.ModuleName {
			if err := checkWASI(rt.Module(im.Module), im, r.types[im.Type]); err != nil {
				return err
			}
			continue
		}
		if modules[im.Module] == nil {
			modules[im.Module] = rt.NewHostModuleBuilder(im.Module)
		}
		define(modules[im.Module], im, r.types[im.Type])
	}
	for name, b := range modules {
		if _, err := b.Instantiate(ctx); err != nil {
			return &Error{Code: Unsupported, Reason: "no stubs for the import module " + name, Cause: err}
		}
	}
	return nil
}

// firstOfEach drops repeated imports: Go's linker writes one entry per
// declaration.
func firstOfEach(imports []wasm.Import) []wasm.Import {
	seen := map[[2]string]bool{}
	return slices.DeleteFunc(slices.Clone(imports), func(im wasm.Import) bool {
		id := [2]string{im.Module, im.Name}
		again := seen[id]
		seen[id] = true
		return again
	})
}

func checkWASI(wasi api.Module, im wasm.Import, t wasm.FuncType) error {
	f := wasi.ExportedFunctionDefinitions()[im.Name]
	if f == nil {
		return refuse(Unsupported, "the module imports %s.%s, which WASI preview 1 does not have", im.Module, im.Name)
	}
	if !slices.Equal(f.ParamTypes(), engineTypes(t.Params)) || !slices.Equal(f.ResultTypes(), engineTypes(t.Results)) {
		return refuse(Unsupported, "the module imports %s.%s with type %s, which is not WASI's", im.Module, im.Name, t)
	}
	return nil
}

// define adds a stub. A host function of wazero ends the guest by a panic,
// which wazero recovers.
func (g *guest) define(b wazero.HostModuleBuilder, im wasm.Import, t wasm.FuncType) {
	id := im.Module + "." + im.Name
	call := func(_ context.Context, stack []uint64) {
		if id != abiInit {
			g.called = id
			panic(refuse(HostCall, "%s", id))
		}
		clear(stack)
	}
	b.NewFunctionBuilder().
		WithGoFunction(api.GoFunc(call), engineTypes(t.Params), engineTypes(t.Results)).Export(im.Name)
}

// engineTypes converts types to the engine's, which have the same values.
func engineTypes(types []wasm.ValType) []api.ValueType {
	out := make([]api.ValueType, len(types))
	for i, t := range types {
		out[i] = api.ValueType(t)
	}
	return out
}
