package hostsim

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/clickedge/clickedge/hostsim/internal/meter"
	"github.com/clickedge/clickedge/hostsim/internal/pprof"
	"github.com/clickedge/clickedge/hostsim/internal/wasmbin"
)

// Profile collects where the time of requests goes, by function of the guest.
// The zero value is empty and ready. It may serve several Hosts at once.
//
// The stack is looked at whenever the guest calls the host, and after every
// thousand loops and calls; the time since the last look goes to the functions
// that are found. So a small function without loops is counted with its caller.
// A Go program's stacks begin where its goroutine went on: what had called it
// before a wait is not there.
type Profile struct {
	mu      sync.Mutex
	names   map[api.FunctionDefinition]uint32
	ids     map[pprof.Function]uint32
	list    []pprof.Function // by id
	samples map[string]*profileSample
	labels  map[string]bool
	started time.Time
}

// profileSample is what was found with the same functions and the same request.
type profileSample struct {
	stack []uint32 // ids, the innermost first
	label string
	count int64
	spent time.Duration
}

// Bounds of a Profile: the functions of a stack that are kept, the innermost;
// and how many different requests are told apart.
const (
	profileDepth    = 256
	profileRequests = 200
)

// profileTurns is how many turns a guest with a profile makes between two
// looks; see package meter.
const profileTurns = 1000

// Write writes what has been collected so far, for go tool pprof. Samples have
// the label "request", with method and path.
func (p *Profile) Write(w io.Writer) error {
	p.mu.Lock()
	out := pprof.Profile{Types: []pprof.Type{{Name: "samples", Unit: "count"}, {Name: "time", Unit: "nanoseconds"}}, Start: p.started}
	for _, key := range slices.Sorted(maps.Keys(p.samples)) {
		s := p.samples[key]
		stack := make([]pprof.Function, len(s.stack))
		for i, id := range s.stack {
			stack[i] = p.list[id]
		}
		out.Samples = append(out.Samples, pprof.Sample{Stack: stack, Values: []int64{s.count, int64(s.spent)}, Labels: [][2]string{{"request", s.label}}})
		out.Duration += s.spent
	}
	p.mu.Unlock()
	return out.Write(w)
}

// add counts a stack, the innermost function first.
func (p *Profile) add(stack []uint32, label string, spent time.Duration) {
	if p.samples == nil {
		p.samples, p.labels, p.started = map[string]*profileSample{}, map[string]bool{}, time.Now()
	}
	if !p.labels[label] && len(p.labels) >= profileRequests {
		label = "(others)"
	}
	p.labels[label] = true
	key := make([]byte, 0, 4*len(stack)+len(label))
	for _, id := range stack {
		key = binary.LittleEndian.AppendUint32(key, id)
	}
	key = append(key, label...)
	s := p.samples[string(key)]
	if s == nil {
		s = &profileSample{stack: slices.Clone(stack), label: label}
		p.samples[string(key)] = s
	}
	s.count++
	s.spent += spent
}

func (p *Profile) id(f pprof.Function) uint32 {
	id, ok := p.ids[f]
	if !ok {
		if p.ids == nil {
			p.ids = map[pprof.Function]uint32{}
		}
		id = uint32(len(p.list))
		p.ids[f], p.list = id, append(p.list, f)
	}
	return id
}

// function numbers a function of the guest or of the host.
func (p *Profile) function(def api.FunctionDefinition, added uint32) uint32 {
	if id, ok := p.names[def]; ok {
		return id
	}
	f := pprof.Function{Name: def.Name(), File: "guest"}
	switch {
	case def.GoFunction() != nil:
		f = pprof.Function{Name: def.ModuleName() + "." + def.Name(), File: "host"}
	case f.Name == "":
		f.Name = fmt.Sprintf("function %d", def.Index()-added)
	}
	if p.names == nil {
		p.names = map[api.FunctionDefinition]uint32{}
	}
	id := p.id(f)
	p.names[def] = id
	return id
}

// forget lets go of a module that is closed.
func (p *Profile) forget() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names = nil
}

// profiled is what a guest with a profile remembers.
type profiled struct {
	profile *Profile
	label   func() string
	added   uint32 // functions that the rewriting has put before the guest's
	last    time.Time
	stack   []uint32 // of the host call under way, which is its first
}

// profiled starts the profile of a guest; nil when there is none.
func (p *wazeroProgram) profiled(g *Guest) *profiled {
	if p.profile == nil {
		return nil
	}
	request := func() string {
		if g.session == nil {
			return ""
		}
		r := &g.session.current.rec.x.Request
		path, _, _ := strings.Cut(r.Target, "?")
		return r.Method + " " + path
	}
	return &profiled{profile: p.profile, label: request, last: time.Now(), added: uint32(len(p.compiled.ImportedFunctions()) - len(p.imports()))}
}

// part counts the time since the last look for something that has no stack.
func (d *profiled) part(name, file string) {
	if d == nil {
		return
	}
	now := time.Now()
	d.profile.mu.Lock()
	d.profile.add([]uint32{d.profile.id(pprof.Function{Name: name, File: file})}, d.label(), now.Sub(d.last))
	d.profile.mu.Unlock()
	d.last = time.Now()
}

// looks are the listeners of host calls: there the stack can be seen.
type looks struct{ profile *Profile }

var (
	_ experimental.FunctionListenerFactory = looks{}
	_ experimental.FunctionListener        = looks{}
)

// NewFunctionListener implements experimental.FunctionListenerFactory.
func (l looks) NewFunctionListener(api.FunctionDefinition) experimental.FunctionListener { return l }

// Before counts the time up to a host call for the functions that have called
// it.
func (l looks) Before(ctx context.Context, _ api.Module, def api.FunctionDefinition, _ []uint64, frames experimental.StackIterator) {
	d := profileOf(ctx)
	if d == nil {
		return
	}
	now, p := time.Now(), d.profile
	p.mu.Lock()
	d.stack = append(d.stack[:0], p.function(def, d.added))
	for frames.Next() && len(d.stack) < profileDepth {
		if frame := frames.Function().Definition(); frame.GoFunction() == nil {
			d.stack = append(d.stack, p.function(frame, d.added))
		}
	}
	p.add(d.stack[1:], d.label(), now.Sub(d.last))
	p.mu.Unlock()
	d.last = now
}

// After counts the time of a host call; that of a look itself does not count,
// and that of an instruction which is left to the host is the guest's.
func (l looks) After(ctx context.Context, _ api.Module, def api.FunctionDefinition, _ []uint64) {
	d := profileOf(ctx)
	if d == nil {
		return
	}
	stack := d.stack
	if def.ModuleName() == meter.Module {
		stack = stack[1:]
	}
	if def.Name() != meter.Tick {
		d.profile.mu.Lock()
		d.profile.add(stack, d.label(), time.Since(d.last))
		d.profile.mu.Unlock()
	}
	d.last = time.Now()
}

// Abort counts the time of a call that does not return.
func (l looks) Abort(ctx context.Context, m api.Module, def api.FunctionDefinition, _ error) {
	l.After(ctx, m, def, nil)
}

func profileOf(ctx context.Context) *profiled {
	if g, ok := ctx.Value(guestKey{}).(*Guest); ok {
		return g.profiled
	}
	return nil
}

// profileProblems says what a profile will lack.
func (p *wazeroProgram) profileProblems(module []byte) (problems []string) {
	if p.profile == nil {
		return nil
	}
	if !p.metered {
		problems = append(problems, "profile: the module cannot be rewritten, so that only host calls show where it is")
	}
	if !hasNames(module) {
		problems = append(problems, "profile: the module has no names of functions; build it without -s, as in -ldflags=-s")
	}
	return problems
}

// hasNames reports whether a module has a section with names.
func hasNames(module []byte) bool {
	r := &wasmbin.Reader{Bytes: module}
	r.Take(8)
	for r.More() {
		id, content := r.Byte(), r.Vector()
		custom := &wasmbin.Reader{Bytes: content}
		if id == 0 && string(custom.Vector()) == "name" {
			return true
		}
	}
	return false
}
