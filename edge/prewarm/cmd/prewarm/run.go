package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	in, err := readFile(name, mostModule)
	if err != nil {
		return nil, &failure{err: err, hint: "IN.wasm is what GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o IN.wasm makes"}
	}
	const component = "\x00asm\x0d\x00\x01\x00"
	if bytes.HasPrefix(in, []byte(component)) {
		return nil, &failure{err: fmt.Errorf("%q is a component, and not a module", name), hint: "prewarm takes what go build makes"}
	}
	return in, nil
}

// readFile reads a file whole, or standard input.
func readFile(name string, most int64) ([]byte, error) {
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = os.Open(name); err != nil {
			return nil, err
		}
		defer f.Close()
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() > most {
		return nil, fmt.Errorf("%q has %s bytes: the most is %s", name, grouped(uint64(info.Size())), grouped(uint64(most)))
	}
	in, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(in)) > most {
		return nil, fmt.Errorf("%q has more than %s bytes", name, grouped(uint64(most)))
	}
	return in, err
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
	has := func(name string) bool {
		return slices.ContainsFunc(exports, func(e wasm.Export) bool { return e.Name == name })
	}
	opt.Reactor = !isCompute(in) && has("_initialize") && !has(defaultEntry)
	return opt, nil
}

// isCompute reports whether a module calls Compute's functions.
func isCompute(in []byte) bool {
	m, err := wasm.Parse(in)
	if err != nil {
		return false
	}
	imports, err := m.Imports()
	return err == nil && slices.ContainsFunc(imports, func(im wasm.Import) bool { return strings.HasPrefix(im.Module, "fastly_") })
}

// warm makes the module and the report.
func warm(ctx context.Context, in []byte, opt prewarm.Options, o *options, progress io.Writer) ([]byte, *report, error) {
	start := time.Now()
	step := func(format string, args ...any) { fmt.Fprintf(progress, "prewarm: "+format+"\n", args...) }
	opt.Progress = func(s string) { step("%s", s) }
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	out, rep, err := prewarm.Module(limited, in, opt)
	if err != nil {
		return nil, nil, o.explain(err)
	}
	r := &report{Report: rep, Reactor: opt.Reactor, Compute: isCompute(in), Took: time.Since(start).Round(time.Millisecond).String()}
	if o.noCount {
		return out, r, nil
	}
	step("counting instructions")
	if rep.NotRehearsed != nil { // the entry does not end well: initialisation is what can be counted
		opt.Reactor, opt.Entry = true, ""
	}
	gain, err := prewarm.Count(limited, in, out, opt)
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

// explain says which file an error is about, and that there is a time limit.
func (o *options) explain(err error) error {
	var own *prewarm.Error
	if !errors.As(err, &own) || own.Code == prewarm.BadOption {
		return err
	}
	hint := hints[own.Code]
	if strings.Contains(own.Reason, "MaxPages") {
		hint = fmt.Sprintf("raise --max-memory, which is %d MiB", o.maxMemory)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		hint = fmt.Sprintf("an init function may loop or wait forever; if it only takes long, raise --timeout, which is %v", o.timeout)
	}
	return &failure{err: fmt.Errorf("%q: %s", o.in, strings.TrimPrefix(err.Error(), "prewarm: ")), hint: hint}
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
	if dir, err := os.Stat(filepath.Dir(o.out)); err != nil || !dir.IsDir() {
		return &failure{err: fmt.Errorf("cannot write %q: there is no folder %q", o.out, filepath.Dir(o.out)), hint: "make the folder, or name another file"}
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
