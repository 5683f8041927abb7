package prewarm

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// early observes what a guest reads too early. Go's runtime asks for
// environment, clock and random bytes in every start, so the host's functions
// alone say nothing: what counts is a call from the guest's own code, or from a
// library's, which is known by the names of functions.
type early struct {
	names    map[uint32]string // by index; empty where the module has none
	imports  uint32            // how many functions come first
	request  bool              // a rehearsal, and not initialisation
	found    []Warning
	open     map[uint32]Warning // files that are open, by descriptor
	restored bool               // the guest has read its environment again
	by       string             // who called the platform last
}

func newEarly(r *reactor) (*early, error) {
	names, err := r.module.FunctionNames()
	if err != nil {
		return nil, malformed(err)
	}
	e := &early{names: names, open: map[uint32]Warning{}}
	for _, im := range r.imports {
		if im.Kind == wasm.FuncKind {
			e.imports++
		}
	}
	return e, nil
}

// sources are the functions of Go's library that return what a snapshot
// freezes.
var sources = map[string]WarningCode{
	"syscall.Getenv":  Environment,
	"syscall.Environ": Environment,
	"time.now":        Clock,
	"time.runtimeNow": Clock,
	"time.newTimer":   Clock,
	"runtime.rand":    Random,
}

// called is what a guest's source calls, by the function that is seen.
var called = map[string]string{
	"syscall.Getenv": "os.Getenv", "syscall.Environ": "os.Environ", "time.now": "time.Now",
	"time.runtimeNow": "time.Now", "time.newTimer": "time.NewTimer", "runtime.rand": "math/rand",
	"random_get": "crypto/rand",
}

var _ experimental.FunctionListenerFactory = (*early)(nil)

// NewFunctionListener implements experimental.FunctionListenerFactory.
func (e *early) NewFunctionListener(def api.FunctionDefinition) experimental.FunctionListener {
	if def.GoFunction() != nil {
		switch {
		case e.request:
			return nil
		case def.ModuleName() != wasi_snapshot_preview1.ModuleName:
			return experimental.FunctionListenerFunc(e.platform)
		case def.Name() == "random_get":
			return experimental.FunctionListenerFunc(e.random)
		case def.Name() == "proc_exit":
			return experimental.FunctionListenerFunc(e.exiting)
		case streams[def.Name()]:
			return experimental.FunctionListenerFunc(e.stream)
		case def.Name() == "path_open" || def.Name() == "fd_close":
			return &opening{early: e, name: def.Name()}
		}
		return nil
	}
	name := e.names[def.Index()]
	code, ok := sources[name]
	switch {
	case name == "syscall.Clearenv" && e.request:
		return experimental.FunctionListenerFunc(func(context.Context, api.Module, api.FunctionDefinition, []uint64, experimental.StackIterator) {
			e.restored = true
		})
	case !ok || e.request && code != Environment && code != Random:
		return nil
	}
	return experimental.FunctionListenerFunc(func(_ context.Context, m api.Module, _ api.FunctionDefinition, p []uint64, stack experimental.StackIterator) {
		if len(p) != 1 || p[0] != 0 { // Go goes on in the middle of the function
			return
		}
		if e.restored && code == Environment {
			return
		}
		e.source(m, name, code, stack)
	})
}

func (e *early) source(m api.Module, name string, code WarningCode, stack experimental.StackIterator) {
	w := Warning{Code: code, Called: called[name], AtRequest: e.request}
	frames := e.frames(stack)
	if len(frames) > 1 && ofLibrary(name, frames[1:]) {
		return
	}
	if w.By = e.caller(m, frames); w.By == "" {
		return // the standard library's
	}
	if name == "syscall.Getenv" {
		w.Name = argument(m)
	}
	e.add(w)
}

func (e *early) random(_ context.Context, m api.Module, _ api.FunctionDefinition, _ []uint64, stack experimental.StackIterator) {
	if by := e.caller(m, e.frames(stack)); by != "" {
		e.add(Warning{Code: Random, Called: called["random_get"], By: by})
	}
}

// exiting records who ends the guest.
func (e *early) exiting(_ context.Context, m api.Module, _ api.FunctionDefinition, _ []uint64, stack experimental.StackIterator) {
	e.by = e.caller(m, e.frames(stack))
}

// streams are the functions of WASI that read or write a descriptor.
var streams = map[string]bool{"fd_read": true, "fd_write": true, "fd_pread": true, "fd_pwrite": true}

var standardStreams = [...]string{"os.Stdin", "os.Stdout", "os.Stderr"}

func (e *early) stream(_ context.Context, m api.Module, _ api.FunctionDefinition, p []uint64, stack experimental.StackIterator) {
	if fd := uint32(p[0]); fd < uint32(len(standardStreams)) {
		if by := e.caller(m, e.frames(stack)); by != "" {
			e.add(Warning{Code: Stream, Called: standardStreams[fd], By: by})
		}
	}
}

// platform records who calls the platform.
func (e *early) platform(_ context.Context, m api.Module, _ api.FunctionDefinition, _ []uint64, stack experimental.StackIterator) {
	e.by = e.caller(m, beyondImport(e.frames(stack)))
}

// beyondImport leaves out the function that Go's compiler makes for an import,
// which has the import's name in the program.
func beyondImport(frames []string) []string {
	if len(frames) > 1 {
		return frames[1:]
	}
	return frames
}

func (e *early) add(w Warning) {
	if !slices.Contains(e.found, w) {
		e.found = append(e.found, w)
	}
}

// frames are the names of the functions of WebAssembly that are under way, the
// innermost first. Go unwinds that stack when it switches goroutines or moves a
// goroutine's stack, so the outer ones may be missing.
func (e *early) frames(stack experimental.StackIterator) (names []string) {
	for stack.Next() {
		def := stack.Function().Definition()
		if def.GoFunction() == nil {
			names = append(names, e.names[def.Index()])
		}
	}
	return names
}

// caller is the outermost and the innermost function that are not the standard
// library's, as "main.init > example.com_lib.Open"; "" if there is none. Where
// the stack of WebAssembly ends too early, Go's own is searched for return
// addresses.
func (e *early) caller(m api.Module, frames []string) string {
	frames = slices.DeleteFunc(slices.Clone(frames), func(name string) bool { return !own(name) })
	switch n := len(frames); {
	case n == 0:
		return e.callerInMemory(m)
	case frames[0] == frames[n-1]:
		return frames[0]
	default:
		return frames[n-1] + " > " + frames[0]
	}
}

const (
	// searched is how much of a goroutine's stack is searched, in bytes.
	searched = 8 << 10
	// firstFunction is what Go's linker adds to the index of a function, less
	// the imports, to have the upper part of its addresses.
	firstFunction = 0x1000
)

// callerInMemory goes through the goroutine's stack, from its top on.
func (e *early) callerInMemory(m api.Module) string {
	sp, ok := stackPointer(m)
	if !ok || len(e.names) == 0 {
		return ""
	}
	for at := sp &^ 7; at < sp+searched; at += 8 {
		word, ok := m.Memory().ReadUint64Le(at)
		if !ok {
			return ""
		}
		if word>>16 < firstFunction || word>>16 > firstFunction+1<<20 {
			continue
		}
		name := e.names[uint32(word>>16)-firstFunction+e.imports]
		if own(name) {
			return name
		}
	}
	return ""
}

// stackPointer is the first variable of each module that Go makes.
func stackPointer(m api.Module) (uint32, bool) {
	g := m.ExportedGlobal(runGlobal(0))
	if g == nil || g.Type() != api.ValueTypeI32 {
		return 0, false
	}
	return uint32(g.Get()), true
}

// argument is the first argument of the function that has just been entered, a
// string. It stands on the stack, above the return address.
func argument(m api.Module) string {
	sp, ok := stackPointer(m)
	if !ok {
		return ""
	}
	head, ok := m.Memory().Read(sp+8, 16)
	if !ok {
		return ""
	}
	const most = 256
	length := binary.LittleEndian.Uint64(head[8:])
	text, ok := m.Memory().Read(uint32(binary.LittleEndian.Uint64(head)), uint32(min(length, most)))
	if !ok {
		return ""
	}
	return strings.ToValidUTF8(string(text), "\uFFFD")
}

// standard are the first elements of the paths of Go's packages.
var standard = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields("archive bufio bytes cmp compress container context crypto database debug embed " +
		"encoding errors expvar flag fmt go hash html image index internal io iter log maps math memeqbody mime net os path " +
		"plugin reflect regexp runtime slices sort strconv strings structs sync syscall testing text time type unicode " +
		"unique unsafe vendor weak") {
		m[name] = true
	}
	return m
}()

// own reports whether a function is not of Go's library. Go's linker writes a
// name with _ for every character but letters, digits and points.
func own(name string) bool {
	first, _, ok := strings.Cut(name, ".")
	path, _, _ := strings.Cut(first, "_")
	return ok && path != "" && (first == "go" || !standard[path]) // a host such as go.uber.org
}

// ofLibrary reports whether the callers of a source are Go's library on its own
// account: the runtime draws for maps, select and the scheduler, and
// crypto/rand sets a timer. For a small map the compiler has the program's
// function draw itself, which looks like maphash.MakeSeed or a Uint64 of
// math/rand/v2 that it has inlined: none of them counts.
func ofLibrary(source string, callers []string) bool {
	switch source {
	case "runtime.rand":
		return !strings.HasPrefix(callers[0], "math_rand") && !strings.HasPrefix(callers[0], "hash_maphash.")
	case "time.newTimer":
		i := slices.IndexFunc(callers, func(name string) bool { return !strings.HasPrefix(name, "time.") })
		return i >= 0 && !own(callers[i])
	}
	return false
}

// opening listens to the opening and closing of files.
type opening struct {
	early *early
	name  string
	p     [9]uint64
	by    string
}

// Before implements experimental.FunctionListener.
func (o *opening) Before(_ context.Context, m api.Module, _ api.FunctionDefinition, p []uint64, stack experimental.StackIterator) {
	copy(o.p[:], p)
	if o.name == "path_open" {
		o.by = o.early.caller(m, o.early.frames(stack))
	}
}

// After implements experimental.FunctionListener.
func (o *opening) After(_ context.Context, m api.Module, _ api.FunctionDefinition, results []uint64) {
	if len(results) != 1 || results[0] != 0 {
		return
	}
	if o.name == "fd_close" {
		delete(o.early.open, uint32(o.p[0]))
		return
	}
	// path_open(dir, lookup, path, path_len, oflags, rights, inheriting, fdflags, opened)
	path, _ := m.Memory().Read(uint32(o.p[2]), uint32(o.p[3]))
	if fd, ok := m.Memory().ReadUint32Le(uint32(o.p[8])); ok {
		o.early.open[fd] = Warning{Code: Handle, Called: "os.Open", Name: strings.ToValidUTF8(string(path), "\uFFFD"), By: o.by}
	}
}

// Abort implements experimental.FunctionListener.
func (o *opening) Abort(context.Context, api.Module, api.FunctionDefinition, error) {}

// warnings are what was found, and the files that were left open.
func (e *early) warnings() []Warning {
	if len(e.names) == 0 && !e.request {
		e.add(Warning{Code: Unseen})
	}
	for _, fd := range slices.Sorted(maps.Keys(e.open)) {
		e.add(e.open[fd])
	}
	return e.found
}

// WarningCode is the kind of a [Warning]. The texts are stable.
type WarningCode string

// The kinds of warnings.
const (
	// Environment: the guest has read its environment, and got that of the
	// build.
	Environment WarningCode = "environment"
	// Clock: the guest has read a clock or set a timer while it was being
	// initialised.
	Clock WarningCode = "clock"
	// Random: the guest has drawn a random number while it was being
	// initialised, or from the top-level functions of math/rand at a request,
	// whose seed is that of initialisation; it is the same in every sandbox.
	// What the compiler inlines is not seen, as Uint64 of math/rand/v2 and
	// maphash.MakeSeed.
	Random WarningCode = "random"
	// Handle: the guest has left a file open.
	Handle WarningCode = "handle"
	// Stream: the guest has read standard input, which is empty at the build,
	// or written to standard output or standard error, which a sandbox does
	// not repeat.
	Stream WarningCode = "stream"
	// Unseen: the module has no names of functions, so none of the above but
	// open files could be seen.
	Unseen WarningCode = "unseen"
)

// Warning says that a guest has read too early what differs from sandbox to
// sandbox. The module is made nevertheless.
type Warning struct {
	Code WarningCode
	// Called is the function of Go's library, and By the function of the
	// program or of a library that called it, as Go's linker writes its name.
	Called, By string
	// Name is that of the variable or the file.
	Name string
	// AtRequest: it was seen in a rehearsal. Only Environment and Random are:
	// os.Getenv answers there, too, what it answered at the build, and
	// math/rand goes on from the build's seed.
	AtRequest bool
}

// String says what was seen and what to do.
func (w Warning) String() string {
	what, do := w.text()
	if do == "" {
		return what
	}
	return what + "; " + do
}

func (w Warning) text() (what, do string) {
	by := w.By
	if by == "" {
		by = "the guest"
	}
	switch w.Code {
	case Environment:
		call := w.Called
		if w.Called == "os.Getenv" {
			call = fmt.Sprintf("os.Getenv(%q)", w.Name)
		}
		if w.AtRequest {
			return fmt.Sprintf("%s calls %s at a request: the answer is the build's", by, call),
				"call prewarm/guest.Refresh first in the entry, or use guest.Getenv"
		}
		return fmt.Sprintf("%s calls %s at initialisation: the answer is the build's, in every sandbox", by, call),
			"read it at the entry, with prewarm/guest.Getenv"
	case Clock:
		return fmt.Sprintf("%s calls %s at initialisation: the clock stands in the year 2000", by, w.Called),
			"call it at the entry, as with sync.OnceValue"
	case Random:
		if w.AtRequest {
			return fmt.Sprintf("%s draws from %s at a request: the seed is the build's, and the numbers are the same in every sandbox", by, w.Called),
				"draw from a generator of prewarm/guest.Rand, or from crypto/rand"
		}
		return fmt.Sprintf("%s draws from %s at initialisation: the result is the same in every sandbox, and not secret", by, w.Called),
			"draw at the entry, and seed a generator there with prewarm/guest.Rand"
	case Stream:
		if w.Called == standardStreams[0] {
			return by + " reads os.Stdin at initialisation: it is empty at the build", "read it at the entry"
		}
		return fmt.Sprintf("%s writes to %s at initialisation: no sandbox does", by, w.Called), "write at the entry"
	case Handle:
		return fmt.Sprintf("%s leaves %q open: the file is not open in a sandbox", by, w.Name), "read it whole, and close it"
	}
	return "the module has no names of functions: whether environment, clock or random numbers are read at initialisation was not seen",
		"build it without -ldflags=-s"
}
