package pack

import (
	"context"
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
	params := strings.NewReplacer("i", "i32 ", "I", "i64 ") // hostsim's notation
	for _, c := range hostsim.HostCalls() {
		p[c.Module+"."+c.Name] = "(" + strings.TrimSpace(params.Replace(c.Params)) + ") i32"
	}
	return p, nil
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
