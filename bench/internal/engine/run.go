package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"github.com/clickedge/clickedge/bench/internal/instrument"
	"github.com/clickedge/clickedge/hostsim"
)

// running is the running guest.
type running struct {
	guest    *hostsim.Guest
	instance api.Module
	memory   memory
	counts   Counts
	clock    int64
}

// Run implements hostsim.Program.
func (p *program) Run(ctx context.Context, guest *hostsim.Guest) error {
	e := p.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	r := &running{guest: guest}
	e.current = r
	defer func() { e.current = nil }()
	err := p.run(context.WithoutCancel(ctx), r)
	e.last = r.counts
	return err
}

func (p *program) run(ctx context.Context, r *running) (err error) {
	r.instance, err = p.runtime.InstantiateModule(ctx, p.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return fmt.Errorf("instantiate: %w", err)
	}
	defer r.instance.Close(ctx)
	if r.memory.mem = r.instance.ExportedMemory("memory"); r.memory.mem == nil {
		return errors.New(`no exported memory "memory"`)
	}
	before := r.memory.snapshot()
	err = r.enter(ctx, p.engine.probe)
	r.counts.Fuel = r.fuel()
	r.counts.Memory = int(r.memory.Size())
	r.counts.Changed = r.memory.changed(before)
	return err
}

func (r *running) enter(ctx context.Context, probe Probe) error {
	if probe != nil {
		probe.Start(r.fuel, r.global, &r.memory)
		r.memory.follow = true
	}
	if r.guest.Entry != "_start" {
		if initialize := r.instance.ExportedFunction("_initialize"); initialize != nil {
			if _, err := initialize.Call(ctx); err != nil {
				return err
			}
		}
	}
	entry := r.instance.ExportedFunction(r.guest.Entry)
	if entry == nil {
		return fmt.Errorf("no exported function %q", r.guest.Entry)
	}
	_, err := entry.Call(ctx)
	return err
}

// fuel is the number of instructions so far.
func (r *running) fuel() uint64 { return r.global(instrument.FuelCount) }

func (r *running) global(name string) uint64 {
	g := r.instance.ExportedGlobal(name)
	if g == nil {
		return 0
	}
	return g.Get()
}

func (e *Engine) hostCall(fn *hostsim.HostCall) api.GoModuleFunc {
	vcpu := fn.Module == "fastly_compute_runtime" && fn.Name == "get_vcpu_ms"
	reports := fn.Module == "fastly_abi" && fn.Name == "init"
	params := len(fn.Params)
	return func(_ context.Context, _ api.Module, stack []uint64) {
		r, words := e.current, [16]uint64{}
		if reports && stack[0]>>32 != 0 && e.probe != nil {
			e.probe.Event(stack[0])
			stack[0] = 0
			return
		}
		if r.counts.HostCalls == 0 {
			r.counts.FirstCall = r.fuel()
		}
		r.counts.HostCalls++
		args := append(words[:0], stack[:params]...)
		st, err := r.guest.Call(fn, &r.memory, stack[:params])
		if vcpu && st == hostsim.StatusOK {
			r.steadyVCPU(uint32(args[0]))
		}
		r.memory.results(fn, args)
		e.called(fn.Module, fn.Name, st)
		if err != nil {
			panic(sys.NewExitError(sys.ExitCodeContextCanceled))
		}
		stack[0] = uint64(st)
	}
}

// called tells the probe about a host call.
func (e *Engine) called(module, name string, st hostsim.Status) {
	if e.probe == nil {
		return
	}
	for _, t := range e.current.memory.touched() {
		t.Module, t.Name = module, name
		e.probe.Touch(t)
	}
	e.probe.HostCall(module, name, st)
}

// steadyVCPU replaces the vCPU time that a guest has just got, since the number
// of its digits changes the count.
func (r *running) steadyVCPU(at uint32) {
	if b, ok := r.memory.room(at, 8); ok {
		binary.LittleEndian.PutUint64(b, 1)
	}
}

// PageSize is the page that the operating system maps, in bytes. WebAssembly's
// own pages have 64 KiB.
const PageSize = 4096

// memory is the linear memory of the running guest.
type memory struct {
	mem    api.Memory
	follow bool
	views  []view // of the present host call
}

// view is a part of memory that a host call has, and what was there before.
type view struct {
	offset uint32
	now    []byte
	before []byte
	result bool // it is there to be written
}

var _ hostsim.Memory = (*memory)(nil)

// Read implements hostsim.Memory.
func (m *memory) Read(offset, n uint32) ([]byte, bool) {
	b, ok := m.mem.Read(offset, n)
	if ok && m.follow && n > 0 {
		m.views = append(m.views, view{offset: offset, now: b, before: bytes.Clone(b)})
	}
	return b, ok
}

// room is a view that is written.
func (m *memory) room(offset, n uint32) ([]byte, bool) {
	b, ok := m.Read(offset, n)
	if ok && m.follow && n > 0 {
		m.views[len(m.views)-1].result = true
	}
	return b, ok
}

// results marks the views of a host call that are there to be written.
func (m *memory) results(fn *hostsim.HostCall, args []uint64) {
	for i, a := range args {
		if !fn.Writes(i) {
			continue
		}
		for j := range m.views {
			m.views[j].result = m.views[j].result || m.views[j].offset == uint32(a)
		}
	}
}

// Size implements hostsim.Memory.
func (m *memory) Size() uint32 { return m.mem.Size() }

// touched returns the accesses of the host call that has just been made.
func (m *memory) touched() []Touch {
	list := make([]Touch, len(m.views))
	for i, v := range m.views {
		list[i] = Touch{Offset: v.offset, Size: uint32(len(v.now)), Written: v.result}
		list[i].narrow(v)
	}
	m.views = m.views[:0]
	return list
}

// narrow finds the bytes of a buffer that were written: it is seldom filled.
func (t *Touch) narrow(v view) {
	if v.result && len(v.now) <= 8 {
		return // a number
	}
	first, last := -1, -1
	for i := range v.now {
		if v.now[i] != v.before[i] {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first >= 0 {
		t.Written, t.Offset, t.Size = true, v.offset+uint32(first), uint32(last-first+1)
	}
}

func (m *memory) snapshot() []byte {
	b, _ := m.mem.Read(0, m.mem.Size())
	return bytes.Clone(b)
}

// changed counts the pages that have changed; new pages count if they are not
// zero.
func (m *memory) changed(before []byte) (pages int) {
	after, _ := m.mem.Read(0, m.mem.Size())
	zero := make([]byte, PageSize)
	for at := 0; at < len(after); at += PageSize {
		old := zero
		if at < len(before) {
			old = before[at : at+PageSize]
		}
		if !bytes.Equal(old, after[at:at+PageSize]) {
			pages++
		}
	}
	return pages
}
