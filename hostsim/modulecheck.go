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
func check(module wazero.CompiledModule, imports []api.FunctionDefinition, wasi wazero.CompiledModule, e *wazeroEngine) error {
	problems := checkImports(imports, wasi.ExportedFunctions(), e.unknown)
	if len(module.ImportedMemories()) > 0 {
		problems = append(problems, "memory must not be imported")
	}
	problems = append(problems, checkExports(module, e)...)
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("module cannot run on Compute: %s", strings.Join(problems, "; "))
}

func checkImports(imports []api.FunctionDefinition, wasi map[string]api.FunctionDefinition, unknown UnknownImports) (problems []string) {
	for _, def := range imports {
		from, name, _ := def.Import()
		want, known := importType(def, wasi)
		switch have := typeText(def.ParamTypes(), def.ResultTypes()); {
		case !known && unknown == RefuseUnknownImports:
			problems = append(problems, fmt.Sprintf("unknown import %q %q", from, name))
		case known && have != want:
			problems = append(problems, fmt.Sprintf("import %q %q has type %s, want %s", from, name, have, want))
		}
	}
	return problems
}

// importType is the type that an imported function must have; false when WASI
// and Compute have none of that name.
func importType(def api.FunctionDefinition, wasi map[string]api.FunctionDefinition) (string, bool) {
	from, name, _ := def.Import()
	if w, ok := wasi[name]; ok && from == wasi_snapshot_preview1.ModuleName {
		return typeText(w.ParamTypes(), w.ResultTypes()), true
	}
	if fn := abi.Lookup(from, name); fn != nil {
		return typeText(valueTypes(fn.Params), []api.ValueType{api.ValueTypeI32}), true
	}
	return "", false
}

// unknownImports are the functions that nobody has, each once.
func unknownImports(imports []api.FunctionDefinition, wasi wazero.CompiledModule) (unknown []api.FunctionDefinition) {
	seen := map[[2]string]bool{}
	for _, def := range imports {
		from, name, _ := def.Import()
		if _, known := importType(def, wasi.ExportedFunctions()); !known && !seen[[2]string{from, name}] {
			seen[[2]string{from, name}] = true
			unknown = append(unknown, def)
		}
	}
	return unknown
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
