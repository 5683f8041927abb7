package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/bytecodealliance/wasmtime-go/v42"
	"github.com/tetratelabs/wazero/sys"

	"github.com/clickedge/clickedge/hostsim"
)

// maxFuel is more fuel than any run uses.
const maxFuel = 1 << 62

// running is the running guest.
type running struct {
	guest    *hostsim.Guest
	store    *wasmtime.Store
	instance *wasmtime.Instance
	memory   memory
	m        Measure
	exited   bool
	exit     uint32
	clock    int64
}

// Run implements hostsim.Program.
func (p *program) Run(_ context.Context, guest *hostsim.Guest) error {
	e := p.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := &running{guest: guest}
	e.current = r
	defer func() { e.current = nil }()
	err := p.run(r)
	e.last = r.m
	if r.exited {
		return sys.NewExitError(r.exit)
	}
	return exitOf(err)
}

func exitOf(err error) error {
	var w *wasmtime.Error
	if errors.As(err, &w) {
		if code, ok := w.ExitStatus(); ok {
			return sys.NewExitError(uint32(code))
		}
	}
	return err
}

func (p *program) run(r *running) error {
	faults := minorFaults()
	start := time.Now()
	if err := p.instantiate(r); err != nil {
		return err
	}
	ready := time.Now()
	r.m.Instantiate = ready.Sub(start)
	var before []byte
	if p.engine.opt.Pages {
		before = r.memory.snapshot()
		ready = time.Now()
	}
	err := r.enter(p.engine.opt.Fuel, p.engine.probe)
	done := time.Now()
	r.m.Request = done.Sub(ready)
	r.m.Memory = int(r.memory.Size())
	if p.engine.opt.Pages {
		r.m.Written = r.memory.written(before)
	}
	done = time.Now()
	r.store.Close()
	r.m.Drop = time.Since(done)
	r.m.Faults = minorFaults() - faults
	return err
}

func (p *program) instantiate(r *running) (err error) {
	r.store = wasmtime.NewStore(p.engine.wasmtime)
	r.store.Limiter(int64(r.guest.MemoryPages)<<16, -1, -1, -1, -1)
	if p.engine.opt.Fuel {
		if err := r.store.SetFuel(maxFuel); err != nil {
			return err
		}
	} else {
		r.store.SetWasi(wasiConfig(r.guest))
	}
	if r.instance, err = p.linker.Instantiate(r.store, p.module); err != nil {
		return fmt.Errorf("instantiate: %w", err)
	}
	memory := r.instance.GetExport(r.store, "memory")
	if memory == nil || memory.Memory() == nil {
		return errors.New(`no exported memory "memory"`)
	}
	r.memory.mem, r.memory.store = memory.Memory(), r.store
	return nil
}

// wasiConfig is the WASI of a timed run: wasmtime's own, as in production.
func wasiConfig(g *hostsim.Guest) *wasmtime.WasiConfig {
	cfg := wasmtime.NewWasiConfig()
	names, values := make([]string, len(g.Env)), make([]string, len(g.Env))
	for i, pair := range g.Env {
		names[i], values[i] = pair[0], pair[1]
	}
	cfg.SetEnv(names, values)
	cfg.SetArgv(g.Args)
	return cfg
}

func (r *running) enter(counted bool, probe Probe) error {
	if probe != nil {
		probe.Start(r.fuel, r.global, &r.memory)
		r.memory.touch = probe.Touch
	}
	if r.guest.Entry != "_start" {
		if initialize := r.instance.GetFunc(r.store, "_initialize"); initialize != nil {
			if _, err := initialize.Call(r.store); err != nil {
				return err
			}
		}
	}
	entry := r.instance.GetFunc(r.store, r.guest.Entry)
	if entry == nil {
		return fmt.Errorf("no exported function %q", r.guest.Entry)
	}
	_, err := entry.Call(r.store)
	if counted {
		r.m.Fuel = r.fuel()
	}
	return err
}

// fuel is the fuel used so far.
func (r *running) fuel() uint64 {
	left, err := r.store.GetFuel()
	if err != nil {
		return 0
	}
	return maxFuel - left
}

func (r *running) global(name string) uint64 {
	g := r.instance.GetExport(r.store, name)
	if g == nil || g.Global() == nil {
		return 0
	}
	v := g.Global().Get(r.store)
	if v.Kind() == wasmtime.KindI64 {
		return uint64(v.I64())
	}
	return uint64(uint32(v.I32()))
}

func (e *Engine) hostCall(fn *hostsim.HostCall) func(*wasmtime.Caller, []wasmtime.Val) ([]wasmtime.Val, *wasmtime.Trap) {
	vcpu := fn.Module == "fastly_compute_runtime" && fn.Name == "get_vcpu_ms" && e.opt.Fuel
	reports := fn.Module == "fastly_abi" && fn.Name == "init"
	return func(_ *wasmtime.Caller, vals []wasmtime.Val) ([]wasmtime.Val, *wasmtime.Trap) {
		r := e.current
		var words [16]uint64
		args := words[:len(vals)]
		for i := range vals {
			if vals[i].Kind() == wasmtime.KindI64 {
				args[i] = uint64(vals[i].I64())
			} else {
				args[i] = uint64(uint32(vals[i].I32()))
			}
		}
		if reports && args[0]>>32 != 0 && e.probe != nil {
			e.probe.Event(args[0])
			return []wasmtime.Val{wasmtime.ValI32(0)}, nil
		}
		if r.m.HostCalls == 0 && e.opt.Fuel {
			r.m.FirstCall = r.fuel()
		}
		r.m.HostCalls++
		st, err := r.guest.Call(fn, &r.memory, args)
		if vcpu && st == hostsim.StatusOK {
			r.steadyVCPU(uint32(args[0]))
		}
		if e.probe != nil {
			e.probe.HostCall(fn.Module, fn.Name, st)
		}
		if err != nil {
			return nil, wasmtime.NewTrap("the request is over: " + err.Error())
		}
		return []wasmtime.Val{wasmtime.ValI32(int32(st))}, nil
	}
}

// steadyVCPU replaces the vCPU time that a guest has just got, since the number
// of its digits changes the count.
func (r *running) steadyVCPU(at uint32) {
	if b, ok := r.memory.Read(at, 8); ok {
		binary.LittleEndian.PutUint64(b, 1)
	}
}
