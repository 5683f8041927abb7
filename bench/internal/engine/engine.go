// Package engine runs Compute modules on wasmtime, the engine that Fastly
// Compute uses, with the simulator's host calls, and measures each run:
// instructions as fuel, time by stage, page faults and pages written.
//
// Start with [New], and give the engine to hostsim.Config.Engine. It runs one
// guest at a time, so that a measurement is of that guest only. It is not a
// full host: a guest that loops without a host call is not ended, and there are
// no files.
package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bytecodealliance/wasmtime-go/v42"

	"github.com/clickedge/clickedge/hostsim"
)

// Options say what is measured. The zero value measures time: the guest runs as
// fast as it can.
type Options struct {
	// Fuel counts instructions. The guest's clock and random numbers are the
	// same in every run, so the count is too.
	Fuel bool
	// Pages compares memory before and after a run.
	Pages bool
}

// Probe follows a run of an instrumented module.
type Probe interface {
	// Start is called before a run, with a way to read the fuel that was used
	// so far.
	Start(fuel func() uint64, global func(name string) uint64, memory hostsim.Memory)
	// Event is a report of the module, an instrument.Event.
	Event(word uint64)
	// HostCall says what a host call returned. WASI calls have the module's
	// name and status 0.
	HostCall(module, name string, status hostsim.Status)
	// Touch says that the host wrote or read guest memory.
	Touch(offset, n uint32)
}

// Measure is what one run took.
type Measure struct {
	Instantiate time.Duration // a store and an instance
	Request     time.Duration // the entry, from its call to its return
	Drop        time.Duration // dropping the instance
	// Fuel is what wasmtime counts between the call of the entry and its end:
	// every instruction executed by the guest counts 1, but nop, drop, block,
	// loop, unreachable, return, else and end, which count 0; a function counts
	// 1 more when it is entered. Work of the host within a call is not counted.
	Fuel uint64
	// FirstCall is Fuel at the guest's first host call, without fastly_abi.init
	// if the module is started cold.
	FirstCall uint64
	HostCalls int // of the Fastly ABI
	WASICalls int // only with Options.Fuel
	Faults    int64
	Written   int // pages of 4 KiB whose bytes differ, with Options.Pages
	Memory    int // bytes
}

// Total is the time that one request takes, all stages together.
func (m *Measure) Total() time.Duration { return m.Instantiate + m.Request + m.Drop }

// Engine is a hostsim.Engine on wasmtime. One guest runs at a time.
type Engine struct {
	opt      Options
	wasmtime *wasmtime.Engine
	probe    Probe
	mu       sync.Mutex
	current  *running
	last     Measure
}

var _ hostsim.Engine = (*Engine)(nil)

// New makes an engine.
func New(opt Options) *Engine {
	cfg := wasmtime.NewConfig()
	cfg.SetConsumeFuel(opt.Fuel)
	if opt.Fuel {
		cfg.SetCraneliftOptLevel(wasmtime.OptLevelNone) // the count is the same, and compiling is faster
	}
	pool(cfg)
	return &Engine{opt: opt, wasmtime: wasmtime.NewEngineWithConfig(cfg)}
}

// SetProbe sets the probe of the following runs, which must be of an
// instrumented module; see package instrument. Nil: none.
func (e *Engine) SetProbe(p Probe) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.probe = p
}

// Last returns the measure of the latest run.
func (e *Engine) Last() Measure {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}

// Compile implements hostsim.Engine.
func (e *Engine) Compile(_ context.Context, module []byte) (hostsim.Program, error) {
	compiled, err := wasmtime.NewModule(e.wasmtime, module)
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return e.Program(compiled)
}

// Program links a compiled module.
func (e *Engine) Program(compiled *wasmtime.Module) (hostsim.Program, error) {
	p := &program{engine: e, module: compiled, linker: wasmtime.NewLinker(e.wasmtime)}
	p.linker.AllowShadowing(true) // Go modules import some functions twice
	if !e.opt.Fuel {
		if err := p.linker.DefineWasi(); err != nil {
			return nil, err
		}
	}
	for _, im := range compiled.Imports() {
		if err := p.link(im.Module(), *im.Name(), im.Type().FuncType()); err != nil {
			return nil, err
		}
	}
	return p, nil
}

type program struct {
	engine *Engine
	module *wasmtime.Module
	linker *wasmtime.Linker
}

const wasiModule = "wasi_snapshot_preview1"

func (p *program) link(module, name string, ty *wasmtime.FuncType) error {
	if ty == nil {
		return fmt.Errorf("import %q %q is not a function", module, name)
	}
	if module == wasiModule {
		if p.engine.opt.Fuel {
			return p.linker.FuncNew(module, name, ty, p.engine.wasi(name))
		}
		return nil
	}
	at := slices.IndexFunc(hostsim.HostCalls(), func(c *hostsim.HostCall) bool { return c.Module == module && c.Name == name })
	if at < 0 {
		return fmt.Errorf("unknown import %q %q", module, name)
	}
	return p.linker.FuncNew(module, name, ty, p.engine.hostCall(hostsim.HostCalls()[at]))
}

// Close implements hostsim.Program.
func (p *program) Close(context.Context) error {
	p.linker.Close()
	p.module.Close()
	return nil
}
