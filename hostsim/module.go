package hostsim

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
)

// check finds, before anything runs, what would fail at instantiation or at the first request, and says it in full.
func check(module wazero.CompiledModule, wasi wazero.CompiledModule, cfg *Config) error {
	problems := checkImports(module, wasi.ExportedFunctions())
	problems = append(problems, checkExports(module, cfg)...)
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("module cannot run on Compute: %s", strings.Join(problems, "; "))
}

func checkImports(module wazero.CompiledModule, wasi map[string]api.FunctionDefinition) (problems []string) {
	for _, def := range module.ImportedFunctions() {
		from, name, _ := def.Import()
		var want string
		if w, ok := wasi[name]; ok && from == wasi_snapshot_preview1.ModuleName {
			want = typeText(w.ParamTypes(), w.ResultTypes())
		} else if fn := abi.Lookup(from, name); fn != nil {
			want = typeText(valueTypes(fn.Params), []api.ValueType{api.ValueTypeI32})
		} else {
			problems = append(problems, fmt.Sprintf("unknown import %q %q", from, name))
			continue
		}
		if have := typeText(def.ParamTypes(), def.ResultTypes()); have != want {
			problems = append(problems, fmt.Sprintf("import %q %q has type %s, want %s", from, name, have, want))
		}
	}
	if len(module.ImportedMemories()) > 0 {
		problems = append(problems, "memory must not be imported")
	}
	return problems
}

func checkExports(module wazero.CompiledModule, cfg *Config) (problems []string) {
	entry, ok := module.ExportedFunctions()[cfg.Entry]
	switch {
	case !ok:
		problems = append(problems, fmt.Sprintf("no exported function %q", cfg.Entry))
	case len(entry.ParamTypes()) > 0:
		problems = append(problems, fmt.Sprintf("exported function %q takes parameters", cfg.Entry))
	}
	memory, ok := module.ExportedMemories()["memory"]
	switch {
	case !ok:
		problems = append(problems, `no exported memory "memory"`)
	case memory.Min() > cfg.Limits.MemoryPages:
		problems = append(problems, fmt.Sprintf("memory starts with %d pages, the limit is %d", memory.Min(), cfg.Limits.MemoryPages))
	}
	return problems
}

func typeText(params, results []api.ValueType) string {
	var b strings.Builder
	for i, types := range [][]api.ValueType{params, results} {
		if i == 1 {
			b.WriteString("->")
		}
		b.WriteByte('(')
		for j, t := range types {
			if j > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(api.ValueTypeName(t))
		}
		b.WriteByte(')')
	}
	return b.String()
}

func valueTypes(params string) []api.ValueType {
	types := make([]api.ValueType, len(params))
	for i := range params {
		types[i] = api.ValueTypeI32
		if params[i] == 'I' {
			types[i] = api.ValueTypeI64
		}
	}
	return types
}

// link defines every host call of the ABI, so that any module can be instantiated.
func link(ctx context.Context, rt wazero.Runtime) error {
	builders := map[string]wazero.HostModuleBuilder{}
	for _, fn := range abi.Functions() {
		b := builders[fn.Module]
		if b == nil {
			b = rt.NewHostModuleBuilder(fn.Module)
			builders[fn.Module] = b
		}
		b.NewFunctionBuilder().WithGoModuleFunction(trampoline(fn), valueTypes(fn.Params), []api.ValueType{api.ValueTypeI32}).Export(fn.Name)
	}
	for name, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("link %s: %w", name, err)
		}
	}
	return nil
}

type runKey struct{}

// trampoline hands a host call to the sandbox of the request. When the request is over, the guest does not get to see the
// call's outcome: it ends here.
func trampoline(fn *abi.Function) api.GoModuleFunc {
	params := len(fn.Params)
	return func(ctx context.Context, guest api.Module, stack []uint64) {
		r := ctx.Value(runKey{}).(*run)
		st := r.sandbox.Call(fn, guest.Memory(), stack[:params])
		r.rec.call(fn, st)
		if ctx.Err() != nil {
			panic(sys.NewExitError(sys.ExitCodeContextCanceled))
		}
		stack[0] = uint64(st)
	}
}

// instantiateWASI links wazero's WASI and returns its definitions.
func instantiateWASI(ctx context.Context, rt wazero.Runtime) (wazero.CompiledModule, error) {
	compiled, err := wasi_snapshot_preview1.NewBuilder(rt).Compile(ctx)
	if err != nil {
		return nil, err
	}
	_, err = rt.InstantiateModule(ctx, compiled, wazero.NewModuleConfig())
	return compiled, err
}

var errNoModule = errors.New("module is empty")
