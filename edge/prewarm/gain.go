package prewarm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// Gain says how many instructions of WebAssembly a new sandbox executes until
// it has answered one request, counted as wasmtime counts fuel: block, loop,
// else, end, return, drop, nop and unreachable are free.
type Gain struct {
	// Before is that of the reactor: its initialisation and the request.
	Before uint64
	// Initialisation is the part of Before that is gone.
	Initialisation uint64
	// After is that of the prewarmed module. Both requests are the first of
	// Options.Rehearsals, a plain GET if there is none. A module that stays a
	// reactor gets no request: Before is its initialisation, and After 0.
	After uint64
}

// Count runs a reactor and what [Module] made of it with the same options, and
// counts instructions. An error says which of the two could not be run; the
// modules are as good as they were.
func Count(ctx context.Context, reactor, module []byte, opt Options) (g Gain, err error) {
	if opt, err = opt.withDefaults(); err != nil {
		return Gain{}, err
	}
	begin, request, room := []string{runStart, initExport}, opt.Entry, []byte(nil)
	if opt.Reactor {
		request = ""
	} else if room = opt.Rehearsals[0].Room; room != nil {
		if module, err = Fill(module, room); err != nil {
			return Gain{}, err
		}
	}
	counts, err := count(ctx, reactor, opt, append(begin, opt.before(room)...), request)
	if err != nil {
		return Gain{}, fmt.Errorf("the reactor, not prewarmed: %w", err)
	}
	g.Initialisation, g.Before = counts[0], counts[0]+counts[1]
	if opt.Reactor {
		return g, nil
	}
	if counts, err = count(ctx, module, opt, nil, startExport); err != nil {
		return Gain{}, fmt.Errorf("the prewarmed module: %w", err)
	}
	g.After = counts[1]
	return g, nil
}

// before is what the entry of a reactor needs, beside initialisation: a guest
// with a room has none before its export has made it.
func (o Options) before(room []byte) []string {
	if o.Room == "" {
		return nil
	}
	return []string{o.Warmup, o.Room, o.Sign}
}

const countExport = runPrefix + "count"

// count instantiates a module, calls the exports of begin and then request, and
// returns how many instructions each of the two took.
func count(ctx context.Context, module []byte, opt Options, begin []string, request string) (counts [2]uint64, err error) {
	m, err := counted(module)
	if err != nil {
		return counts, err
	}
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().
		WithCoreFeatures(api.CoreFeaturesV2).WithMemoryLimitPages(opt.MaxPages).
		WithDebugInfoEnabled(false).WithCloseOnContextDone(true))
	defer rt.Close(context.WithoutCancel(ctx))
	stderr := &head{limit: stderrKept}
	guest, err := countable(ctx, rt, m, opt, stderr)
	if err != nil {
		return counts, err
	}
	done := uint64(0)
	for i, exports := range [][]string{begin, {request}} {
		for _, name := range exports {
			if err := call(ctx, guest, name, opt); err != nil {
				return counts, fmt.Errorf("%q: %w%s", name, err, said(stderr))
			}
		}
		now := guest.ExportedGlobal(countExport).Get()
		counts[i], done = now-done, now
	}
	return counts, nil
}

func said(stderr *head) string {
	if text := stderr.String(); text != "" {
		return "\nthe guest wrote:\n" + text
	}
	return ""
}

// countable is the guest in the world of its initialisation and on the platform
// of a rehearsal.
func countable(ctx context.Context, rt wazero.Runtime, m *wasm.Module, opt Options, stderr io.Writer) (api.Module, error) {
	r := &reactor{module: m}
	if err := r.read(); err != nil {
		return nil, malformed(err)
	}
	h := Rehearsal{}
	if len(opt.Rehearsals) > 0 {
		h = opt.Rehearsals[0]
	}
	platform := &canned{rehearsal: h.withDefaults(), watch: &watch{pages: map[uint32]use{}}, status: 200}
	if err := platform.define(ctx, rt, r); err != nil {
		return nil, err
	}
	compiled, err := rt.CompileModule(ctx, m.Encode())
	if err != nil {
		return nil, err
	}
	config := new(clock).configure(wazero.NewModuleConfig()).WithName("").WithStartFunctions().
		WithArgs(opt.Args...).WithStdout(io.Discard).WithStderr(stderr).
		WithRandSource(rand.NewChaCha8([32]byte([]byte("instructions are counted, 32 B .")))).
		WithFSConfig(wazero.NewFSConfig().WithFSMount(readOnly(opt.Files), "/"))
	for _, e := range platformEnvironment {
		config = config.WithEnv(e.Name, e.Value)
	}
	for name, value := range opt.Env {
		config = config.WithEnv(name, value)
	}
	return rt.InstantiateModule(ctx, compiled, config)
}

// call calls an export, if there is one with that name. To exit with 0 is to
// return.
func call(ctx context.Context, m api.Module, name string, opt Options) error {
	f := m.ExportedFunction(name)
	if name == "" || f == nil {
		return nil
	}
	var args []uint64
	if name == opt.Room {
		args = []uint64{uint64(opt.RoomSize) + roomHead}
	}
	_, err := f.Call(ctx, args...)
	var exit *sys.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 0 {
		return nil
	}
	return err
}

// counted returns a module that adds up what it executes in a variable of its
// own. The start function is an export, so that nothing runs before.
func counted(module []byte) (*wasm.Module, error) {
	m, err := wasm.Parse(module)
	if err != nil {
		return nil, malformed(err)
	}
	r := &reactor{module: m}
	if err := r.read(); err != nil {
		return nil, malformed(err)
	}
	bodies, err := m.Bodies()
	if err != nil {
		return nil, malformed(err)
	}
	counter := r.nextGlobal()
	for i := range bodies {
		if bodies[i], err = countedBody(bodies[i], counter); err != nil {
			return nil, malformed(err)
		}
	}
	zero, err := wasm.Const(wasm.I64, 0)
	if err != nil {
		return nil, malformed(err)
	}
	exports := append(slices.Clone(r.exports), wasm.Export{Name: countExport, Kind: wasm.GlobalKind, Index: counter})
	if r.start != nil {
		exports = append(exports, wasm.Export{Name: runStart, Kind: wasm.FuncKind, Index: *r.start})
	}
	return m.Without(func(s wasm.Section) bool { return s.ID == wasm.StartSection }).
		WithGlobals(append(slices.Clone(r.globals), wasm.Global{Type: wasm.I64, Mutable: true, Init: zero})).
		WithBodies(bodies).WithExports(exports), nil
}

func (r *reactor) nextGlobal() uint32 {
	n := uint32(len(r.globals))
	for _, im := range r.imports {
		if im.Kind == wasm.GlobalKind {
			n++
		}
	}
	return n
}

const (
	opUnreachable = 0x00
	opNop         = 0x01
	opBlock       = 0x02
	opIf          = 0x04
	opElse        = 0x05
	opBr          = 0x0c
	opBrIf        = 0x0d
	opBrTable     = 0x0e
	opReturn      = 0x0f
	opGlobalGet   = 0x23
	opGlobalSet   = 0x24
	opI64Const    = 0x42
	opI64Add      = 0x7c
)

// free are the instructions that wasmtime does not count.
var free = map[wasm.Op]bool{
	opUnreachable: true, opNop: true, opBlock: true, wasm.OpLoop: true, opElse: true, wasm.OpEnd: true, opReturn: true,
	wasm.OpDrop: true,
}

// turns are the instructions before which the count so far is added up: what
// follows them, or what comes before, may be executed another number of times.
var turns = map[wasm.Op]bool{
	opUnreachable: true, wasm.OpLoop: true, opIf: true, opElse: true, wasm.OpEnd: true,
	opBr: true, opBrIf: true, opBrTable: true, opReturn: true,
}

// countedBody is a function's body with additions before each turn. A call is
// no turn: what follows it is executed as often, unless the guest ends there.
func countedBody(body []byte, counter uint32) ([]byte, error) {
	code, n := make([]byte, 0, len(body)*2), int64(0)
	locals, err := wasm.EachInstruction(body, func(in wasm.Instruction) {
		if !free[in.Op] {
			n++
		}
		if turns[in.Op] && n > 0 {
			code = wasm.AppendU32(append(code, opGlobalGet), counter)
			code = wasm.AppendSigned(append(code, opI64Const), n)
			code = wasm.AppendU32(append(code, opI64Add, opGlobalSet), counter)
			n = 0
		}
		code = append(code, in.Bytes...)
	})
	return append(locals, code...), err
}
