package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/clickedge/clickedge/edge/prewarm"
)

const help = `usage: prewarm IN.wasm -o OUT.wasm [flags]

Runs the initialisation of a Go reactor (GOOS=wasip1 GOARCH=wasm go build
-buildmode=c-shared) and writes a module that begins where it ended. The entry
becomes _start and keeps its name too; all other exports stay. A module without
an entry, as a host with plugins loads it, stays a reactor, whose _initialize
does nothing any more.

OUT.wasm is written whole or not at all, and never over IN.wasm. Warnings name
what the program has read too early; --strict refuses such a program.

flags:
`

// options are the arguments.
type options struct {
	in, out         string
	entry, warmup   string
	reactor, strict bool
	env, files      []string
	args            []string
	maxMemory       uint32
	names, plain    bool
	quiet, json     bool
	noCount         bool
	timeout         time.Duration
}

func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	fs := pflag.NewFlagSet("prewarm", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	o.define(fs)
	fs.Usage = func() { fmt.Fprint(stdout, help, fs.FlagUsages()) }
	err := fs.Parse(args)
	const see = "prewarm --help lists the arguments"
	switch {
	case err == pflag.ErrHelp:
		return nil, err
	case err != nil:
		return nil, usage(see, "%w", err)
	case fs.NArg() != 1:
		return nil, usage(see, "want one module, and got %d", fs.NArg())
	case o.out == "":
		return nil, usage("name the file to write with -o; -o - is standard output", "no output is named")
	case o.reactor && fs.Changed("entry"):
		return nil, usage("give one of the two", "--reactor and --entry: a module that stays a reactor has no entry")
	case o.json && o.out == "-":
		return nil, usage("give -o a file", "the module and --json both go to standard output")
	case o.timeout <= 0:
		return nil, usage("as --timeout 10m", "--timeout is %v: want more than 0", o.timeout)
	case fs.Changed("entry") && o.entry == "":
		return nil, usage("name an export", "--entry is given, but empty")
	}
	o.in = fs.Arg(0)
	return o, nil
}

func (o *options) define(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.StringVarP(&o.out, "output", "o", "", "the `file` to write; - is standard output")
	fs.StringVar(&o.entry, "entry", "", "the `export` that becomes _start (default: serve)")
	fs.BoolVar(&o.reactor, "reactor", false, "leave the module a reactor, with all exports under their names")
	fs.StringVar(&o.warmup, "warmup", "", "an `export` to call once after initialisation; it is removed")
	fs.StringArrayVar(&o.env, "env", nil, "`NAME=VALUE` in the environment of initialisation; may be given again")
	fs.StringArrayVar(&o.args, "arg", nil, "one of the `arguments` of initialisation; may be given again")
	fs.StringArrayVar(&o.files, "file", nil, "`PATH=FILE`: what init functions find at /PATH; may be given again")
	fs.Uint32Var(&o.maxMemory, "max-memory", 128, "the most memory that the guest may have, in `MiB`")
	fs.DurationVar(&o.timeout, "timeout", 2*time.Minute, "the most `time` for all that the guest runs")
	fs.BoolVar(&o.names, "keep-names", false, "keep the names of functions, for profilers and stack traces")
	fs.BoolVar(&o.plain, "no-rehearsal", false, "do not try a request to see which pages of memory it touches")
	fs.BoolVar(&o.noCount, "no-count", false, "do not count instructions")
	fs.BoolVar(&o.strict, "strict", false, "write nothing if there is a warning")
	fs.BoolVar(&o.json, "json", false, "print the report as JSON")
	fs.BoolVarP(&o.quiet, "quiet", "q", false, "print errors and warnings only")
}

// library are the options of package prewarm.
func (o *options) library() (prewarm.Options, error) {
	const mostMemory, pagesPerMiB = 4095, 16
	opt := prewarm.Options{
		Entry: o.entry, KeepEntry: true, Reactor: o.reactor, Warmup: o.warmup, Args: o.args,
		MaxPages: o.maxMemory * pagesPerMiB, KeepNames: o.names, NoRehearsal: o.plain, Stderr: nil,
	}
	if o.maxMemory == 0 || o.maxMemory > mostMemory {
		return opt, usage("Compute gives a sandbox 128", "--max-memory is %d: want 1 to %d MiB", o.maxMemory, mostMemory)
	}
	for _, variable := range o.env {
		name, value, ok := strings.Cut(variable, "=")
		if !ok {
			return opt, usage("as --env MODE=production", "--env %q has no =", variable)
		}
		if opt.Env == nil {
			opt.Env = map[string]string{}
		}
		if _, twice := opt.Env[name]; twice {
			return opt, usage("give it once", "--env names %q twice", name)
		}
		opt.Env[name] = value
	}
	return opt, o.readFiles(&opt)
}

// mostFile is more than a guest's memory has room for.
const mostFile = 1 << 30

func (o *options) readFiles(opt *prewarm.Options) error {
	for _, file := range o.files {
		path, name, ok := strings.Cut(file, "=")
		if !ok || name == "" {
			return usage("as --file sites.json=conf/sites.json", "--file %q names no file on this machine behind =", file)
		}
		path = strings.TrimPrefix(path, "/")
		data, err := readFile(name, mostFile)
		if err != nil {
			return &failure{err: fmt.Errorf("--file: %w", err), hint: "as --file sites.json=conf/sites.json: the second is a file on this machine"}
		}
		if opt.Files == nil {
			opt.Files = map[string][]byte{}
		}
		if _, twice := opt.Files[path]; twice {
			return usage("give it once", "--file names %q twice", path)
		}
		opt.Files[path] = data
	}
	return nil
}
