package pack

import (
	"context"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/clickedge/clickedge/hostsim"
)

// platform holds the functions that a module may import, "module.name", with
// their types as text.
type platform map[string]string

// newPlatform lists WASI preview 1 and Fastly's own host calls, each of which
// returns one i32.
func newPlatform(ctx context.Context, rt wazero.Runtime) (platform, error) {
	wasi, err := wasi_snapshot_preview1.NewBuilder(rt).Compile(ctx)
	if err != nil {
		return nil, err
	}
	p := platform{}
	for name, f := range wasi.ExportedFunctions() {
		p[wasi_snapshot_preview1.ModuleName+"."+name] = typeText(f.ParamTypes(), f.ResultTypes())
	}
	for _, c := range hostsim.HostCalls() {
		p[c.Module+"."+c.Name] = typeText(valueTypes(c.Params), []api.ValueType{api.ValueTypeI32})
	}
	return p, nil
}

// refuse says what is wrong with an import; "" if nothing.
func (p platform) refuse(f api.FunctionDefinition) (Code, string) {
	module, name, _ := f.Import()
	want, ok := p[module+"."+name]
	if !ok {
		return UnknownImport, fmt.Sprintf("it imports %q %q, which Compute does not have", module, name)
	}
	if have := typeText(f.ParamTypes(), f.ResultTypes()); have != want {
		return ImportType, fmt.Sprintf("it imports %q %q as %s; Compute has it as %s", module, name, have, want)
	}
	return "", ""
}

// typeText writes a function's type as "(i32 i64) i32".
func typeText(params, results []api.ValueType) string {
	return "(" + typeNames(params) + ") " + typeNames(results)
}

func typeNames(types []api.ValueType) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = api.ValueTypeName(t)
	}
	return strings.Join(names, " ")
}

// valueTypes reads hostsim's notation: i for i32, I for i64.
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
