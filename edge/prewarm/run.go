package prewarm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// stderrKept is how much of the guest's standard error an Error has, in bytes.
const stderrKept = 8 << 10

// compilerPays is the size of the files, in bytes, from which compiling the
// module saves more time than it takes. On one machine the interpreter needs
// 0.1 to 0.4 s for a module of 2.5 to 6 MB, and 6 s for each MB of JSON that
// the guest then parses; the compiler needs 1 to 2 s, and 0.6 s for each MB.
// The result is the same.
const compilerPays = 256 << 10

func engine(opt Options) wazero.RuntimeConfig {
	size := 0
	for _, data := range opt.Files {
		size += len(data)
	}
	if size < compilerPays {
		return wazero.NewRuntimeConfigInterpreter()
	}
	return wazero.NewRuntimeConfig() // the compiler where there is one for this machine
}

// run initialises the reactor and returns a snapshot of its state.
func (r *reactor) run(ctx context.Context, config wazero.RuntimeConfig, opt Options) (*snapshot, error) {
	seen, err := newEarly(r)
	if err != nil {
		return nil, err
	}
	ctx = experimental.WithFunctionListenerFactory(ctx, seen)
	rt := wazero.NewRuntimeWithConfig(ctx, config.
		WithCoreFeatures(api.CoreFeaturesV2).
		WithDebugInfoEnabled(false).
		WithCloseOnContextDone(true))
	defer rt.Close(context.WithoutCancel(ctx)) // frees memory; there is nothing to flush

	g := &guest{stderr: &head{limit: stderrKept}, early: seen}
	if err := g.link(ctx, rt, r, opt); err != nil {
		return nil, err
	}
	var at room
	for _, name := range []string{runStart, initExport, opt.Warmup, opt.Room, opt.Sign} {
		f := g.module.ExportedFunction(name)
		if name == "" || f == nil { // no room, no warm-up, or no start function
			continue
		}
		var args []uint64
		if name == opt.Room {
			at.size = opt.RoomSize + roomHead
			args = append(args, uint64(at.size))
		}
		out, err := f.Call(ctx, args...)
		if err != nil {
			return nil, g.explain(ctx, err)
		}
		switch name {
		case opt.Room:
			at.address = uint32(out[0])
		case opt.Sign:
			if at.sign = uint32(out[0]); at.sign == 0 {
				return nil, refuse(BadRoom, "the sign is said to be at address 0")
			}
		}
	}
	s, err := r.capture(g.module, at)
	if err != nil {
		return nil, err
	}
	s.seen = seen
	return s, nil
}

// guest is the reactor while it runs.
type guest struct {
	module api.Module
	stderr *head
	called string // the platform's function that the guest called, if it did
	early  *early
}

// link instantiates the guest without running any of its code.
func (g *guest) link(ctx context.Context, rt wazero.Runtime, r *reactor, opt Options) error {
	if err := g.definePlatform(ctx, rt, r); err != nil {
		return err
	}
	compiled, err := rt.CompileModule(ctx, r.instrument(opt).Encode())
	if err != nil {
		return &Error{Code: Malformed, Reason: "the module is not valid", Cause: err}
	}
	g.module, err = rt.InstantiateModule(ctx, compiled, g.world(r, opt))
	if err != nil {
		return &Error{Code: Unsupported, Reason: "the module cannot be instantiated", Cause: err}
	}
	return nil
}

// Exports that the module has only while it is run, since Go exports none of
// its globals.
const (
	runPrefix = "prewarm "
	runStart  = runPrefix + "start"
)

func runGlobal(i int) string { return fmt.Sprintf("%sglobal %d", runPrefix, i) }

// instrument returns the module that is run: variables are exported, the memory
// ends at MaxPages, and the start function is an export too, so that no code
// runs before it is called.
func (r *reactor) instrument(opt Options) *wasm.Module {
	exports := slices.Concat(r.exports, r.variables())
	if r.start != nil {
		exports = append(exports, wasm.Export{Name: runStart, Kind: wasm.FuncKind, Index: *r.start})
	}
	memory := wasm.Limits{Min: r.memory.Min, Max: opt.MaxPages, HasMax: true}
	if r.memory.HasMax {
		memory.Max = min(r.memory.Max, opt.MaxPages)
	}
	return r.module.
		Without(func(s wasm.Section) bool { return s.ID == wasm.StartSection }).
		WithMemories([]wasm.Limits{memory}).
		WithExports(exports)
}

// variables exports all variables.
func (r *reactor) variables() (exports []wasm.Export) {
	for i, g := range r.globals {
		if g.Mutable {
			exports = append(exports, wasm.Export{Name: runGlobal(i), Kind: wasm.GlobalKind, Index: uint32(i)})
		}
	}
	return exports
}

// exporting returns the module with more exports.
func (r *reactor) exporting(exports ...wasm.Export) *wasm.Module {
	return r.module.WithExports(slices.Concat(r.exports, exports))
}

// explain turns the engine's error into ours.
func (g *guest) explain(ctx context.Context, err error) error {
	var own *Error
	var exit *sys.ExitError
	switch {
	case g.called != "":
		own = refuse(HostCall, "the module called %s%s while it was being initialised: "+
			"open handles lazily, at the first request", g.called, g.from())
	case ctx.Err() != nil:
		own = &Error{Code: Canceled, Reason: "initialisation did not end in time", Cause: context.Cause(ctx)}
	case errors.As(err, &exit):
		own = refuse(GuestExit, "the module exited with %d%s while it was being initialised", exit.ExitCode(), g.from())
		own.ExitCode = exit.ExitCode()
	default:
		own = &Error{Code: GuestTrap, Reason: "the module failed while it was being initialised", Cause: err}
	}
	own.Stderr = g.stderr.String()
	return own
}

// from says who called the platform last, if that was seen.
func (g *guest) from() string {
	if g.early.by == "" {
		return ""
	}
	return ", from " + g.early.by + ","
}

// head keeps the first bytes that are written to it.
type head struct {
	kept  bytes.Buffer
	limit int
}

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	room := h.limit - h.kept.Len()
	h.kept.Write(p[:min(room, len(p))])
	return len(p), nil
}

// String returns what was kept, as UTF-8.
func (h *head) String() string { return strings.ToValidUTF8(h.kept.String(), "\uFFFD") }
