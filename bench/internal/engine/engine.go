// Package engine runs Compute modules on wazero with the simulator's host
// calls, and counts what each run takes: instructions, host calls, and pages
// written. Nothing is timed here, and the same run gives the same counts.
//
// Start with [New], and give the engine to hostsim.Config.Engine. Modules are
// instrumented before (package instrument). It runs one guest at a time, so that
// what is counted is of that guest only. It is not a full host: a guest that
// loops without a host call is not ended, and there are no files.
package engine

import (
	"context"
	"fmt"
	"sync"

	"github.com/tetratelabs/wazero"

	"github.com/clickedge/clickedge/hostsim"
)

// Probe follows a run of an instrumented module.
type Probe interface {
	// Start is called before a run, with a way to read the instructions that
	// were executed so far, an exported global, and memory.
	Start(fuel func() uint64, global func(name string) uint64, memory hostsim.Memory)
	// Event is a report of the module, an instrument.Event.
	Event(word uint64)
	// HostCall says that a host call has returned, and what. WASI calls have the
	// module's name and status 0.
	HostCall(module, name string, status hostsim.Status)
	// Touch says that a host call has read or written guest memory, before
	// HostCall says which one.
	Touch(Touch)
}

// Touch is an access of a host call to guest memory.
type Touch struct {
	Module, Name string // of the call
	Offset, Size uint32
	Written      bool
}

// Counts is what one run took.
type Counts struct {
	// Fuel is the number of instructions executed in the entry, as wasmtime
	// counts them, if the module is instrumented (instrument.Fuel).
	Fuel uint64
	// FirstCall is Fuel at the guest's first host call, without fastly_abi.init
	// if the module is started cold.
	FirstCall uint64
	HostCalls int // of the Fastly ABI
	WASICalls int
	Changed   int // pages of 4 KiB whose bytes differ afterwards
	Memory    int // bytes
}

// Engine is a hostsim.Engine on wazero. One guest runs at a time.
type Engine struct {
	probe   Probe
	mu      sync.Mutex
	current *running
	last    Counts
}

var _ hostsim.Engine = (*Engine)(nil)

// New makes an engine.
func New() *Engine { return &Engine{} }

// SetProbe sets the probe of the following runs, which must be of an
// instrumented module; see package instrument. Nil: none.
func (e *Engine) SetProbe(p Probe) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.probe = p
}

// Last returns the counts of the latest run.
func (e *Engine) Last() Counts {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}

// Compile implements hostsim.Engine.
func (e *Engine) Compile(ctx context.Context, module []byte) (hostsim.Program, error) {
	p := &program{engine: e, runtime: wazero.NewRuntime(ctx)}
	if err := p.load(ctx, module); err != nil {
		p.runtime.Close(ctx)
		return nil, err
	}
	return p, nil
}

type program struct {
	engine   *Engine
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
}

const wasiModule = "wasi_snapshot_preview1"

func (p *program) load(ctx context.Context, module []byte) (err error) {
	if p.compiled, err = p.runtime.CompileModule(ctx, module); err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	for _, m := range p.compiled.ImportedMemories() {
		module, name, _ := m.Import()
		return fmt.Errorf("import %q %q is not a function", module, name)
	}
	known := map[[2]string]*hostsim.HostCall{}
	for _, c := range hostsim.HostCalls() {
		known[[2]string{c.Module, c.Name}] = c
	}
	builders, linked := map[string]wazero.HostModuleBuilder{}, map[[2]string]bool{}
	for _, fn := range p.compiled.ImportedFunctions() {
		module, name, _ := fn.Import()
		id := [2]string{module, name}
		if linked[id] {
			continue // Go modules import some functions twice
		}
		linked[id] = true
		call := p.engine.wasi(name)
		if module != wasiModule {
			if known[id] == nil {
				return fmt.Errorf("unknown import %q %q", module, name)
			}
			call = p.engine.hostCall(known[id])
		}
		if builders[module] == nil {
			builders[module] = p.runtime.NewHostModuleBuilder(module)
		}
		builders[module].NewFunctionBuilder().WithGoModuleFunction(call, fn.ParamTypes(), fn.ResultTypes()).Export(name)
	}
	for module, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("link %s: %w", module, err)
		}
	}
	return nil
}

// Close implements hostsim.Program.
func (p *program) Close(ctx context.Context) error { return p.runtime.Close(ctx) }
