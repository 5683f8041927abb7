package hostsim

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
)

// check finds, before anything runs, what would fail at instantiation or at the
// first request, and says it in full.
func check(module wazero.CompiledModule, wasi wazero.CompiledModule, e *wazeroEngine) error {
	problems := checkImports(module, wasi.ExportedFunctions())
	problems = append(problems, checkExports(module, e)...)
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

func checkExports(module wazero.CompiledModule, e *wazeroEngine) (problems []string) {
	entry, ok := module.ExportedFunctions()[e.entry]
	switch {
	case !ok:
		problems = append(problems, fmt.Sprintf("no exported function %q", e.entry))
	case len(entry.ParamTypes()) > 0:
		problems = append(problems, fmt.Sprintf("exported function %q takes parameters", e.entry))
	}
	memory, ok := module.ExportedMemories()["memory"]
	switch {
	case !ok:
		problems = append(problems, `no exported memory "memory"`)
	case memory.Min() > e.pages:
		problems = append(problems, fmt.Sprintf("memory starts with %d pages, the limit is %d", memory.Min(), e.pages))
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

var errNoModule = errors.New("module is empty")
