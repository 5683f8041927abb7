// Package profile counts where the instructions of one run went, function by
// function.
//
// A [Profile] follows an instrumented module on an engine that counts fuel. It
// does not sample: the same run gives the same figures, and they add up to what
// the module uses without instrumentation.
package profile

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/bench/internal/engine"
	"github.com/clickedge/clickedge/bench/internal/instrument"
	"github.com/clickedge/clickedge/hostsim"
)

// Profile follows a run, and then has its figures.
type Profile struct {
	called *instrument.Called
	fuel   func() uint64
	global func(string) uint64
	memory hostsim.Memory

	stack  []activation
	last   uint64 // fuel at the last event
	active map[uint32]int

	functions map[uint32]*Function
	edges     map[[2]uint32]*Edge

	// Folded is fuel by stack, in the form that flame graph tools read: function
	// names from the outermost on with ";" between them.
	Folded map[string]uint64
	// Allocs and AllocBytes are the calls of Go's allocator, and the bytes that
	// they requested.
	Allocs     int
	AllocBytes uint64
	sites      map[string]*Site
	// Calls are the host calls in order, those of WASI included.
	Calls []Call
}

var _ engine.Probe = (*Profile)(nil)

// Function is what one function used.
type Function struct {
	Name  string
	Self  uint64 // fuel in the function itself
	Total uint64 // with all that it called; recursion counts once
	Calls int    // how often it was called; resuming after a pause does not count
}

// Edge is what one function used on behalf of another.
type Edge struct {
	Caller, Callee string
	Total          uint64
	Calls          int
}

// Site is a function that allocates.
type Site struct {
	Name   string // the nearest function outside the runtime
	Allocs int
	Bytes  uint64
}

// Call is one host call.
type Call struct {
	Module, Name string
	Status       hostsim.Status
	By           string // the function that made it
}

type activation struct {
	fn    uint32
	total uint64
}

// New makes a profile of the next run of an instrumented module.
func New(called *instrument.Called) *Profile {
	return &Profile{called: called, active: map[uint32]int{}, functions: map[uint32]*Function{}, edges: map[[2]uint32]*Edge{},
		Folded: map[string]uint64{}, sites: map[string]*Site{}}
}

// Start implements engine.Probe.
func (p *Profile) Start(fuel func() uint64, global func(string) uint64, memory hostsim.Memory) {
	p.fuel, p.global, p.memory = fuel, global, memory
}

// HostCall implements engine.Probe.
func (p *Profile) HostCall(module, name string, status hostsim.Status) {
	c := Call{Module: module, Name: name, Status: status}
	for _, a := range slices.Backward(p.stack) {
		if c.By = p.function(a.fn).Name; !strings.Contains(c.By, "import") && !strings.HasPrefix(c.By, "runtime.") {
			break
		}
	}
	p.Calls = append(p.Calls, c)
}

// Touch implements engine.Probe.
func (p *Profile) Touch(engine.Touch) {}

// Event implements engine.Probe.
func (p *Profile) Event(word uint64) {
	e, now := instrument.Event(word), p.fuel()
	p.spend(now - p.last)
	p.last = now
	switch e.Kind() {
	case instrument.Enter:
		p.enter(e)
	case instrument.Leave:
		p.leave()
	}
}

// spend adds fuel to the running function.
func (p *Profile) spend(n uint64) {
	if len(p.stack) == 0 || n == 0 {
		return
	}
	top := &p.stack[len(p.stack)-1]
	top.total += n
	p.function(top.fn).Self += n
	p.Folded[p.path()] += n
}

func (p *Profile) path() string {
	names := make([]string, len(p.stack))
	for i, a := range p.stack {
		names[i] = p.function(a.fn).Name
	}
	return strings.Join(names, ";")
}

func (p *Profile) function(index uint32) *Function {
	f := p.functions[index]
	if f == nil {
		f = &Function{Name: p.called.Names[index]}
		p.functions[index] = f
	}
	return f
}

func (p *Profile) enter(e instrument.Event) {
	fn := e.Subject()
	if e.Extra() == 0 {
		p.function(fn).Calls++
		if n := len(p.stack); n > 0 {
			p.edge(p.stack[n-1].fn, fn).Calls++
		}
		p.allocation(fn)
	}
	p.stack = append(p.stack, activation{fn: fn})
	p.active[fn]++
}

func (p *Profile) leave() {
	n := len(p.stack)
	if n == 0 {
		return
	}
	done := p.stack[n-1]
	p.stack = p.stack[:n-1]
	if p.active[done.fn]--; p.active[done.fn] == 0 {
		p.function(done.fn).Total += done.total
	}
	if n > 1 {
		caller := &p.stack[n-2]
		caller.total += done.total
		p.edge(caller.fn, done.fn).Total += done.total
	}
}

func (p *Profile) edge(caller, callee uint32) *Edge {
	e := p.edges[[2]uint32{caller, callee}]
	if e == nil {
		e = &Edge{Caller: p.function(caller).Name, Callee: p.function(callee).Name}
		p.edges[[2]uint32{caller, callee}] = e
	}
	return e
}

const allocator = "runtime.mallocgc"

// allocation counts a call of Go's allocator, whose first argument is a size.
// When a Go function begins, the stack pointer points to its return address,
// and the arguments follow (cmd/internal/obj/wasm, "Function calls").
func (p *Profile) allocation(fn uint32) {
	if !strings.HasPrefix(p.function(fn).Name, allocator) {
		return
	}
	site := ""
	for _, a := range slices.Backward(p.stack) {
		name := p.function(a.fn).Name
		if strings.HasPrefix(name, allocator) {
			return // one variant of it calls another
		}
		if site == "" && !strings.HasPrefix(name, "runtime.") {
			site = name
		}
	}
	size := uint64(0)
	if b, ok := p.memory.Read(uint32(p.global(instrument.StackPointer))+8, 8); ok {
		size = binary.LittleEndian.Uint64(b)
	}
	p.Allocs++
	p.AllocBytes += size
	s := p.sites[site]
	if s == nil {
		s = &Site{Name: site}
		p.sites[site] = s
	}
	s.Allocs++
	s.Bytes += size
}

// Fuel is the sum over all functions.
func (p *Profile) Fuel() (sum uint64) {
	for _, f := range p.functions {
		sum += f.Self
	}
	return sum
}

// Functions returns all functions that ran, by falling fuel of their own.
func (p *Profile) Functions() []Function {
	return sorted(p.functions, func(f Function) (uint64, string) { return f.Self, f.Name })
}

// Edges returns all calls, the most expensive first.
func (p *Profile) Edges() []Edge {
	return sorted(p.edges, func(e Edge) (uint64, string) { return e.Total, e.Caller + e.Callee })
}

// Sites returns all functions that allocate, the most frequent first.
func (p *Profile) Sites() []Site {
	return sorted(p.sites, func(s Site) (uint64, string) { return uint64(s.Allocs), s.Name })
}

// sorted lists the values by falling weight, and by name where that is the
// same.
func sorted[K comparable, V any](m map[K]*V, key func(V) (uint64, string)) []V {
	list := make([]V, 0, len(m))
	for _, v := range m {
		list = append(list, *v)
	}
	slices.SortFunc(list, func(a, b V) int {
		weightA, nameA := key(a)
		weightB, nameB := key(b)
		return cmp.Or(cmp.Compare(weightB, weightA), cmp.Compare(nameA, nameB))
	})
	return list
}
