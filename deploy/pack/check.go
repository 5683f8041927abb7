package pack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/clickedge/clickedge/core/contract"
)

// MaxSegments is the most data segments that engines accept (wasmparser's
// MAX_WASM_DATA_SEGMENTS, which wasmtime uses).
const MaxSegments = 100_000

// Code says what kind of problem a module has.
type Code string

// The codes of problems.
const (
	NotWasm       Code = "not_wasm"       // no core module, or cut short
	Invalid       Code = "invalid"        // an engine refuses it
	UnknownImport Code = "unknown_import" // the platform has no such function
	ImportType    Code = "import_type"    // the platform has it with another type
	BadMemory     Code = "memory"         // none, several, imported, not exported, too large
	BadStart      Code = "start"          // no _start, or not a function without parameters
	Segments      Code = "segments"       // more data segments than engines accept
	TooLarge      Code = "too_large"      // more bytes than the platform accepts
	HoldsSecret   Code = "secret"         // holds a secret, or what looks like a private key
)

// Problem is one thing that is wrong.
type Problem struct {
	Code Code
	What string // a clause about the module, "it imports …"; never a secret
}

// Error lists everything that is wrong with a module, at least one thing.
type Error struct{ Problems []Problem }

// Error puts each problem on its own line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = fmt.Sprintf("%s (%s)", p.What, p.Code)
	}
	return strings.Join(lines, "\n")
}

// Has reports whether there is a problem of this kind.
func (e *Error) Has(c Code) bool {
	return slices.ContainsFunc(e.Problems, func(p Problem) bool { return p.Code == c })
}

// Report is what a module is made of. Sizes are in bytes.
type Report struct {
	Imports      int // functions
	MemoryPages  int // at the start, of 64 KiB
	Segments     int // of data
	SegmentBytes int
}

// checker gathers problems.
type checker struct {
	wasm     []byte
	layout   *layout
	rep      Report
	problems []Problem
	hides    bool // the file holds a secret, so nothing in it is quoted
}

// shown is a text that may quote names in the module: a secret may be one.
func (c *checker) shown(format string, args ...any) string {
	if c.hides {
		return "(not shown beside a secret)"
	}
	return fmt.Sprintf(format, args...)
}

func (c *checker) add(code Code, format string, args ...any) {
	c.problems = append(c.problems, Problem{code, fmt.Sprintf(format, args...)})
}

// Check finds what keeps a module from running on Compute, or must not be in
// it: a module that is cut short or that an engine refuses, an import that the
// platform does not have or has with another type, not exactly one memory, no
// _start, too many data segments or bytes, and any of the given secrets. The
// error is an [*Error] with all problems, or ctx's.
func Check(ctx context.Context, wasm []byte, secrets []Secret) (Report, error) {
	c := &checker{wasm: wasm}
	if len(wasm) > contract.MaxPackage { // nothing else matters, and looking takes long
		return c.rep, tooLarge("it", len(wasm), contract.MaxPackage)
	}
	c.secrets(secrets)
	var err error
	if c.layout, err = readLayout(wasm); err != nil {
		c.add(NotWasm, "it is no module: %s", c.shown("%v", err))
		return c.rep, &Error{c.problems}
	}
	c.counts()
	c.secretsInMemory(secrets)
	if err := c.engine(ctx); err != nil {
		return c.rep, err
	}
	if len(c.problems) > 0 {
		return c.rep, &Error{c.problems}
	}
	return c.rep, nil
}

func tooLarge(what string, have, most int) *Error {
	return &Error{[]Problem{{TooLarge, fmt.Sprintf("%s has %d bytes; Compute takes %d", what, have, most)}}}
}

func (c *checker) counts() {
	l := c.layout
	c.rep.Segments, c.rep.SegmentBytes = l.segments, l.bytes
	if l.segments > MaxSegments {
		c.add(Segments, "it has %d data segments; engines take %d", l.segments, MaxSegments)
	}
	if l.memories != 1 {
		c.add(BadMemory, "it has %d memories; Compute takes exactly one", l.memories)
	}
}

// engine has an engine validate every function, then checks imports and
// exports. It is not called for two memories or too many segments, which the
// engine does not read.
func (c *checker) engine(ctx context.Context) error {
	if l := c.layout; l.memories > 1 || l.segments > MaxSegments {
		return nil
	}
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(ctx)
	module, err := rt.CompileModule(ctx, c.wasm)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		c.add(Invalid, "an engine refuses it: %s", c.shown("%v", err))
		return nil
	}
	known, err := newPlatform(ctx, rt)
	if err != nil {
		return err
	}
	c.imports(module.ImportedFunctions(), known)
	c.memory(module)
	c.start(module.ExportedFunctions()["_start"])
	return nil
}

func (c *checker) imports(list []api.FunctionDefinition, known platform) {
	c.rep.Imports = len(list)
	for _, f := range list {
		module, name, _ := f.Import()
		want, ok := known[module+"."+name]
		switch have := typeText(f.ParamTypes(), f.ResultTypes()); {
		case !ok:
			c.add(UnknownImport, "it imports %s, which Compute does not have", c.shown("%q %q", module, name))
		case have != want:
			c.add(ImportType, "it imports %s as %s; Compute has it as %s", c.shown("%q %q", module, name), have, want)
		}
	}
}

func (c *checker) memory(module wazero.CompiledModule) {
	if len(module.ImportedMemories()) > 0 {
		c.add(BadMemory, "it imports its memory; Compute gives none")
		return
	}
	m, ok := module.ExportedMemories()["memory"]
	switch {
	case !ok && c.layout.memories == 1:
		c.add(BadMemory, `it does not export its memory as "memory"`)
	case ok && m.Min() > contract.MaxMemoryPages:
		c.add(BadMemory, "it starts with %d pages of memory; Compute has %d", m.Min(), contract.MaxMemoryPages)
	}
	if ok {
		c.rep.MemoryPages = int(m.Min())
	}
}

func (c *checker) start(f api.FunctionDefinition) {
	switch {
	case f == nil:
		c.add(BadStart, `it exports no function "_start"`)
	case len(f.ParamTypes())+len(f.ResultTypes()) > 0:
		c.add(BadStart, `its "_start" is of type %s; it must take and return nothing`, typeText(f.ParamTypes(), f.ResultTypes()))
	}
}
