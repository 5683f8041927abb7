package prewarm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// Rehearsal is a request with which a finished module is tried, so that prewarm
// sees which pages of memory such a request touches. It runs in a copy: nothing
// of it gets into the module but the numbers of pages.
type Rehearsal struct {
	// Name is for messages.
	Name string
	// Method and URI are the request line; "GET" and
	// "https://rehearsal.example/" if empty.
	Method, URI string
	// Header are the request's fields.
	Header []Field
	// Room is what [Fill] has put into the room, if there is one.
	Room []byte
	// Secrets are what every secret store holds, by name. Make them up.
	Secrets map[string]string
	// Answer is what every backend answers; 200 without fields if zero.
	Answer Answer
	// Status is what the guest must answer, or the rehearsal has failed; 0:
	// anything, or nothing.
	Status int
}

// Field is one field of a message's header.
type Field struct{ Name, Value string }

// Answer is a backend's response, which has no body.
type Answer struct {
	Status int
	Header []Field
}

const (
	mostRehearsals = 8
	// mostTouches bounds what the entry does. Where a request needs none of
	// the pages, each touch costs it what a page does, 1.7 µs: half a
	// millisecond if all are in vain. One that was not in vain takes a
	// nanosecond and saves 0.4 to 4 µs.
	mostTouches = 256
)

// withDefaults fills in what was left empty.
func (h Rehearsal) withDefaults() Rehearsal {
	if h.Method == "" {
		h.Method = "GET"
	}
	if h.URI == "" {
		h.URI = "https://rehearsal.example/"
	}
	if h.Header == nil {
		h.Header = []Field{{"host", "rehearsal.example"}, {"user-agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/1.0"},
			{"accept", "text/html,application/xhtml+xml,*/*;q=0.8"}, {"accept-encoding", "gzip, br"}, {"accept-language", "en"}}
	}
	if h.Answer.Status == 0 {
		h.Answer.Status = 200
	}
	return h
}

// rehearsed tries the module with all rehearsals, and returns it with stores at
// its entry. A rehearsal that fails is in the report, and the module is then as
// it was.
func (s *snapshot) rehearsed(ctx context.Context, module []byte, opt Options, rep *Report) ([]byte, error) {
	if opt.NoRehearsal {
		return module, nil
	}
	var touched []map[uint32]use
	for _, h := range opt.Rehearsals {
		opt.step("rehearsing %q", h.Name)
		seen := &early{names: s.seen.names, imports: s.seen.imports, request: true}
		pages, err := h.withDefaults().run(ctx, module, opt, seen)
		if ctx.Err() != nil {
			return nil, &Error{Code: Canceled, Reason: "a rehearsal did not end in time", Cause: context.Cause(ctx)}
		}
		if err != nil {
			rep.NotRehearsed = fmt.Errorf("rehearsal %q: %w", h.Name, err)
			return module, nil
		}
		touched = append(touched, pages)
		rep.warn(seen.warnings())
	}
	m, err := wasm.Parse(module)
	if err != nil {
		return nil, malformed(err)
	}
	t := plan(touched, s.terrain(), mostTouches)
	if m, err = touchFirst(m, s.stores(t.written), t.read); err != nil {
		return nil, err
	}
	rep.WrittenFirst, rep.ReadFirst = len(t.written), len(t.read)
	return m.Encode(), nil
}

// run is one rehearsal. Its error says why it failed.
func (h Rehearsal) run(ctx context.Context, module []byte, opt Options, seen *early) (map[uint32]use, error) {
	if h.Room != nil {
		filled, err := Fill(module, h.Room)
		if err != nil {
			return nil, err
		}
		module = filled
	}
	m, err := wasm.Parse(module)
	if err != nil {
		return nil, err
	}
	copied, w, err := watched(m)
	if err != nil {
		return nil, err
	}
	ctx = experimental.WithFunctionListenerFactory(ctx, experimental.MultiFunctionListenerFactory(w, seen))
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().
		WithCoreFeatures(api.CoreFeaturesV2).
		WithMemoryLimitPages(opt.MaxPages).
		WithDebugInfoEnabled(false).
		WithCloseOnContextDone(true))
	defer rt.Close(context.WithoutCancel(ctx))
	c := &canned{rehearsal: h, watch: w, status: 200}
	stderr := &head{limit: stderrKept}
	if err := c.perform(ctx, rt, copied, stderr, opt); err != nil {
		if text := stderr.String(); text != "" {
			err = fmt.Errorf("%w\nthe guest wrote:\n%s", err, text)
		}
		return nil, err
	}
	if h.Status != 0 && c.sent != uint32(h.Status) {
		return nil, fmt.Errorf("the guest answered %d, not %d", c.sent, h.Status)
	}
	return w.pages, nil
}

func (c *canned) perform(ctx context.Context, rt wazero.Runtime, m *wasm.Module, stderr io.Writer, opt Options) error {
	r := &reactor{module: m}
	if err := r.read(); err != nil {
		return err
	}
	if err := c.define(ctx, rt, r); err != nil {
		return err
	}
	compiled, err := rt.CompileModule(ctx, r.exporting(r.variables()[:min(1, len(r.variables()))]...).Encode())
	if err != nil {
		return err
	}
	config := new(clock).configure(wazero.NewModuleConfig()).
		WithName("").WithStartFunctions().
		WithRandSource(rand.NewChaCha8([32]byte([]byte("a rehearsal, with nothing secret")))).
		WithStdout(io.Discard).WithStderr(stderr)
	for _, e := range platformEnvironment {
		config = config.WithEnv(e.Name, e.Value)
	}
	g, err := rt.InstantiateModule(ctx, compiled, config)
	if err != nil {
		return err
	}
	_, err = g.ExportedFunction(startExport).Call(ctx)
	var exit *sys.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 0 {
		return nil
	}
	return err
}

// platformEnvironment is what Compute tells a sandbox, with values as a local
// server has them.
var platformEnvironment = []Field{
	{"FASTLY_CACHE_GENERATION", "0"}, {"FASTLY_CUSTOMER_ID", "0000000000000000000000"}, {"FASTLY_HOSTNAME", "localhost"},
	{"FASTLY_POP", "XXX"}, {"FASTLY_REGION", "Somewhere"}, {"FASTLY_SERVICE_ID", "0000000000000000000000"},
	{"FASTLY_SERVICE_VERSION", "1"}, {"FASTLY_TRACE_ID", "00000000000000000000000000000001"},
}
