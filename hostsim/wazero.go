package hostsim

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"

	"github.com/clickedge/clickedge/hostsim/internal/meter"
	"github.com/clickedge/clickedge/hostsim/internal/wasmbin"
)

// wazeroEngine is the default engine.
type wazeroEngine struct {
	cacheDir string
	entry    string
	pages    uint32
	unknown  UnknownImports
	profile  *Profile
	plain    bool // take modules as they are; for comparison
}

// wazeroProgram is a module and the runtime that it was compiled in.
type wazeroProgram struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	image    *image // nil: the module's own segments make its memory
	metered  bool   // it calls tick from time to time
	profile  *Profile
	problems []string // of the profile
}

var (
	_ Engine  = (*wazeroEngine)(nil)
	_ Program = (*wazeroProgram)(nil)
)

// Compile also finds what would fail at instantiation or at the first request;
// see check. It refuses what wazero is lax about: wasmtime, on which the
// platform is built, takes no such module.
func (e *wazeroEngine) Compile(ctx context.Context, module []byte) (Program, error) {
	p := &wazeroProgram{profile: e.profile}
	original := module
	switch err := wasmbin.Check(module); {
	case errors.Is(err, wasmbin.ErrLater): // as it is, for wazero to refuse or to take
	case err != nil:
		return nil, fmt.Errorf("compile module: %w", err)
	case !e.plain:
		module = p.prepare(module, e.pages)
	}
	p.problems = p.profileProblems(original)
	var err error
	if p.runtime, err = e.runtime(ctx, p.metered); err != nil {
		return nil, err
	}
	if err := p.load(ctx, e, module); err != nil {
		p.Close(ctx)
		return nil, err
	}
	return p, nil
}

// prepare takes the segments of memory out and puts counters in, where it can.
func (p *wazeroProgram) prepare(module []byte, maxPages uint32) []byte {
	if stripped, data, err := splitImage(module, maxPages); err == nil {
		module, p.image = stripped, newImage(data)
	}
	turns := int32(meter.Turns)
	if p.profile != nil {
		turns = profileTurns
	}
	if metered, err := meter.Rewrite(module, turns); err == nil {
		module, p.metered = metered, true
	}
	return module
}

// runtime leaves the memory limit to the allocator, which can report that it
// was reached. A module without counters has to be stopped by wazero, which
// costs about half of its time, and stops loops only.
func (e *wazeroEngine) runtime(ctx context.Context, metered bool) (wazero.Runtime, error) {
	rc := wazero.NewRuntimeConfig().WithCloseOnContextDone(!metered)
	if e.cacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(e.cacheDir)
		if err != nil {
			return nil, fmt.Errorf("compilation cache %q: %w", e.cacheDir, err)
		}
		rc = rc.WithCompilationCache(cache)
	}
	return wazero.NewRuntimeWithConfig(ctx, rc), nil
}

// compile compiles a module. wazero panics where it looks at a part of one that
// is not valid before it has checked that part.
func compile(ctx context.Context, rt wazero.Runtime, module []byte) (c wazero.CompiledModule, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the module is not valid; wazero: %v", p)
		}
	}()
	return rt.CompileModule(experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0)), module)
}

func (p *wazeroProgram) load(ctx context.Context, e *wazeroEngine, module []byte) (err error) {
	p.compiled, err = compile(ctx, p.runtime, module)
	if err != nil {
		return fmt.Errorf("compile module: %w", err)
	}
	wasi, err := wasi_snapshot_preview1.NewBuilder(p.runtime).Compile(ctx)
	if err != nil {
		return fmt.Errorf("link wasi: %w", err)
	}
	imports := p.imports()
	if err := check(p.compiled, imports, wasi, e); err != nil {
		return err
	}
	if p.profile != nil {
		// after the guest's module: its own functions have no listeners
		ctx = experimental.WithFunctionListenerFactory(ctx, looks{p.profile})
	}
	return link(ctx, p.runtime, unknownImports(imports, wasi), e.unknown)
}

// imports are the functions that the guest itself imports.
func (p *wazeroProgram) imports() []api.FunctionDefinition {
	imports := p.compiled.ImportedFunctions()
	for p.metered && len(imports) > 0 {
		module, name, _ := imports[len(imports)-1].Import()
		if module != meter.Module || name != meter.Tick && name != meter.Zero {
			break
		}
		imports = imports[:len(imports)-1]
	}
	return imports
}

// link defines WASI and every host call of the ABI, so that any module can be
// instantiated, and stands in for the imports that nobody has.
func link(ctx context.Context, rt wazero.Runtime, unknown []api.FunctionDefinition, behavior UnknownImports) error {
	wasi := rt.NewHostModuleBuilder(wasi_snapshot_preview1.ModuleName)
	wasi_snapshot_preview1.NewFunctionExporter().ExportFunctions(wasi)
	builders := map[string]wazero.HostModuleBuilder{wasi_snapshot_preview1.ModuleName: wasi}
	function := func(module string) wazero.HostFunctionBuilder {
		if builders[module] == nil {
			builders[module] = rt.NewHostModuleBuilder(module)
		}
		return builders[module].NewFunctionBuilder()
	}
	for _, call := range HostCalls() {
		function(call.Module).WithGoModuleFunction(trampoline(call), valueTypes(call.Params), []api.ValueType{api.ValueTypeI32}).Export(call.Name)
	}
	function(meter.Module).WithGoModuleFunction(api.GoModuleFunc(tick), nil, nil).Export(meter.Tick)
	three := valueTypes("iii")
	function(meter.Module).WithGoModuleFunction(api.GoModuleFunc(zero), three, three).Export(meter.Zero)
	for _, def := range unknown {
		module, name, _ := def.Import()
		function(module).WithGoModuleFunction(standIn(def, behavior), def.ParamTypes(), def.ResultTypes()).Export(name)
	}
	for name, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("link %s: %w", name, err)
		}
	}
	return nil
}

// standIn is an imported function that nobody has.
func standIn(def api.FunctionDefinition, behavior UnknownImports) api.GoModuleFunc {
	module, name, _ := def.Import()
	return func(_ context.Context, _ api.Module, stack []uint64) {
		if behavior == TrapUnknownImports {
			panic(fmt.Errorf("unknown import %q %q was called", module, name))
		}
		clear(stack)
	}
}

type guestKey struct{}

// trampoline passes a host call to the guest's sandbox.
func trampoline(call *HostCall) api.GoModuleFunc {
	params := len(call.Params)
	return func(ctx context.Context, instance api.Module, stack []uint64) {
		st, err := ctx.Value(guestKey{}).(*Guest).Call(call, instance.Memory(), stack[:params])
		if err != nil {
			panic(sys.NewExitError(sys.ExitCodeContextCanceled))
		}
		stack[0] = uint64(st)
	}
}

// tick is called by modules that count; see package meter.
func tick(ctx context.Context, _ api.Module, _ []uint64) {
	if ctx.Value(guestKey{}).(*Guest).Tick() != nil {
		panic(sys.NewExitError(sys.ExitCodeContextCanceled))
	}
}

// zero fills for modules that leave it to the host; see package meter.
func zero(ctx context.Context, instance api.Module, stack []uint64) {
	from, value, n := uint64(uint32(stack[0])), byte(stack[1]), uint64(uint32(stack[2]))
	if value == 0 && from+n <= uint64(instance.Memory().Size()) {
		ctx.Value(guestKey{}).(*Guest).memory.zero(int(from), int(from+n))
		stack[2] = 0
	}
}

// Run implements Program.
func (p *wazeroProgram) Run(ctx context.Context, g *Guest) error {
	ctx = context.WithValue(ctx, guestKey{}, g)
	g.profiled = p.profiled(g)
	memory := &memory{image: p.image, limit: uint64(g.MemoryPages) << 16, refused: g.MemoryRefused}
	defer memory.release()
	g.memory = memory
	instance, err := p.instantiate(ctx, g, memory)
	if err != nil {
		return fmt.Errorf("instantiate: %w", err)
	}
	defer instance.Close(context.WithoutCancel(ctx))
	g.profiled.part("(a new instance)", "host")
	defer func() { g.profiled.part(g.Entry, "guest") }()
	if initialize := instance.ExportedFunction("_initialize"); initialize != nil && g.Entry != "_start" {
		if _, err := initialize.Call(ctx); err != nil {
			return err
		}
	}
	_, err = instance.ExportedFunction(g.Entry).Call(ctx)
	return err
}

func (p *wazeroProgram) instantiate(ctx context.Context, g *Guest, m *memory) (api.Module, error) {
	return p.runtime.InstantiateModule(experimental.WithMemoryAllocator(ctx, m), p.compiled, moduleConfig(g))
}

// moduleConfig is what the guest sees through WASI. There is no start function:
// Run calls the entry.
func moduleConfig(g *Guest) wazero.ModuleConfig {
	mc := wazero.NewModuleConfig().WithName("").WithStartFunctions().WithArgs(g.Args...).
		WithStdout(g.Stdout).WithStderr(g.Stderr).WithRandSource(g.Rand).
		WithWalltime(func() (int64, int32) {
			now := g.Now()
			return now.Unix(), int32(now.Nanosecond())
		}, sys.ClockResolution(time.Microsecond)).
		WithSysNanotime().WithNanosleep(func(ns int64) { g.Sleep(time.Duration(ns)) })
	for _, pair := range g.Env {
		mc = mc.WithEnv(pair[0], pair[1])
	}
	if g.FS != nil {
		mc = mc.WithFSConfig(wazero.NewFSConfig().WithFSMount(g.FS, "/"))
	}
	return mc
}

// Close implements Program.
func (p *wazeroProgram) Close(ctx context.Context) error {
	p.image.close()
	p.profile.forget()
	if p.runtime == nil {
		return nil
	}
	return p.runtime.Close(ctx)
}
