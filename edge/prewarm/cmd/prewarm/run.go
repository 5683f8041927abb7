package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/clickedge/clickedge/edge/prewarm"
	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	opt, err := o.library()
	if err != nil {
		return err
	}
	if err := o.checkOutput(stdout); err != nil {
		return err
	}
	in, err := readModule(o.in)
	if err != nil {
		return err
	}
	if opt, err = withEntry(in, opt); err != nil {
		return err
	}
	progress := io.Discard
	if !o.quiet {
		progress = stderr
	}
	out, r, err := warm(ctx, in, opt, o, progress)
	if err != nil {
		return err
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(stderr, "warning: %s\n", w)
	}
	if o.strict && len(r.Warnings) > 0 {
		return &failure{err: fmt.Errorf("%d warnings, and --strict: nothing was written", len(r.Warnings)), hint: "each warning says what to do"}
	}
	if err := put(o.out, out, stdout); err != nil {
		return err
	}
	return r.print(o, stdout, stderr)
}

const mostModule = 1 << 30

func readModule(name string) ([]byte, error) {
	var in []byte
	var err error
	if name == "-" {
		in, err = io.ReadAll(io.LimitReader(os.Stdin, mostModule))
	} else {
		in, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, &failure{err: err, hint: "IN.wasm is what GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o IN.wasm makes"}
	}
	const component = "\x00asm\x0d\x00\x01\x00"
	if bytes.HasPrefix(in, []byte(component)) {
		return nil, &failure{err: fmt.Errorf("%q is a component, and not a module", name), hint: "prewarm takes what go build makes"}
	}
	return in, nil
}

const defaultEntry = "serve"

// withEntry chooses what becomes of the module where the arguments do not say:
// one with the default entry becomes a command, and one without stays a
// reactor, unless it is made for Compute, which runs commands only.
func withEntry(in []byte, opt prewarm.Options) (prewarm.Options, error) {
	m, err := wasm.Parse(in)
	if err != nil || opt.Reactor || opt.Entry != "" {
		return opt, nil // the library says what is wrong
	}
	exports, err := m.Exports()
	if err != nil {
		return opt, nil
	}
	imports, err := m.Imports()
	if err != nil {
		return opt, nil
	}
	has := func(name string) bool {
		return slices.ContainsFunc(exports, func(e wasm.Export) bool { return e.Name == name })
	}
	compute := slices.ContainsFunc(imports, func(im wasm.Import) bool { return strings.HasPrefix(im.Module, "fastly_") })
	opt.Reactor = !compute && has("_initialize") && !has(defaultEntry)
	return opt, nil
}

// warm makes the module and the report.
func warm(ctx context.Context, in []byte, opt prewarm.Options, o *options, progress io.Writer) ([]byte, *report, error) {
	start := time.Now()
	step := func(format string, args ...any) { fmt.Fprintf(progress, "prewarm: "+format+"\n", args...) }
	opt.Progress = func(s string) { step("%s", s) }
	out, rep, err := prewarm.Module(ctx, in, opt)
	if err != nil {
		return nil, nil, err
	}
	r := &report{Report: rep, Reactor: opt.Reactor, Took: time.Since(start).Round(time.Millisecond).String()}
	if o.noCount {
		return out, r, nil
	}
	step("counting instructions")
	gain, err := prewarm.Count(ctx, in, out, opt)
	switch {
	case ctx.Err() != nil:
		return nil, nil, context.Cause(ctx)
	case err != nil:
		r.NotCounted = err.Error()
	default:
		r.Instructions = &gain
	}
	return out, r, nil
}

// checkOutput refuses, before any work, to write to a terminal or over the
// input.
func (o *options) checkOutput(stdout io.Writer) error {
	if o.out == "-" {
		if f, ok := stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			return usage("name a file with -o, or pipe it on", "a module is not written to a terminal")
		}
		return nil
	}
	out, err := os.Stat(o.out)
	if err != nil {
		return nil // it is not there yet; or writing will say what is wrong
	}
	if out.Mode()&os.ModeCharDevice != 0 && isTerminal(o.out) {
		return usage("name a file with -o", "a module is not written to a terminal, as %q is", o.out)
	}
	inputs := []string{o.in}
	for _, file := range o.files {
		_, name, _ := strings.Cut(file, "=")
		inputs = append(inputs, name)
	}
	for _, name := range inputs {
		if in, err := os.Stat(name); err == nil && os.SameFile(in, out) {
			return usage("give -o another name: the input is needed for the next build", "%q is an input, too", o.out)
		}
	}
	return nil
}

func isTerminal(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	return term.IsTerminal(int(f.Fd()))
}
