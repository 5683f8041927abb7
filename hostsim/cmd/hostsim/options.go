package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/clickedge/clickedge/hostsim"
)

// options are the arguments of both commands.
type options struct {
	config  string
	mocks   string
	profile profiling
	debug   string
	ui      uiAddress
	addr    string
	tls     bool
	trace   traceFormat
	live    bool
	cache   bool
	verbose bool
	quiet   bool
	stderr  io.Writer // set by load
	logged  [2]bool   // stdout and stderr go out as log lines
	module  string
	args    []string

	noWebSockets bool
	unknown      hostsim.UnknownImports
	ignored      []string // flags of Viceroy's that change nothing here
}

// traceFormat is empty, text or json.
type traceFormat string

func (t *traceFormat) String() string { return string(*t) }

// --trace alone means text
func (t *traceFormat) IsBoolFlag() bool { return true }

func (t *traceFormat) Set(text string) error {
	switch text {
	case "true", "text":
		*t = "text"
	case "json":
		*t = "json"
	default:
		return fmt.Errorf("%q is neither text nor json", text)
	}
	return nil
}

const help = `usage: hostsim run [flags] MODULE [ARG...]
       hostsim [serve] [flags] MODULE

run gives MODULE one made-up request and exits with its code; serve listens.

flags:
`

// parse stops at MODULE for run: what follows belongs to the guest. For serve,
// flags may follow it.
func parse(sub string, args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	fs := flag.NewFlagSet(sub, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	o.define(fs)
	o.defineViceroys(fs)
	err := fs.Parse(args)
	if err == nil && fs.NArg() > 0 {
		o.module, o.args = fs.Arg(0), fs.Args()[1:]
		if sub == "serve" {
			err = fs.Parse(o.args)
			o.args = fs.Args()
		}
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, help)
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		return nil, err
	case err != nil:
		return nil, &usageError{err.Error()}
	case o.module == "":
		return nil, &usageError{"no module is named"}
	case sub == "run" && o.debug != "":
		return nil, &usageError{"--debug-addr is for serve"}
	case sub == "run" && o.ui != "":
		return nil, &usageError{"--ui is for serve"}
	case sub == "serve" && len(o.args) > 0:
		return nil, &usageError{fmt.Sprintf("%q is one argument too many", o.args[0])}
	}
	if len(o.args) > 0 && o.args[0] == "--" {
		o.args = o.args[1:]
	}
	return o, nil
}

func (o *options) define(fs *flag.FlagSet) {
	for _, name := range []string{"C", "config"} {
		fs.StringVar(&o.config, name, "", "read backends, stores and tables from this `fastly.toml`")
	}
	fs.StringVar(&o.mocks, "mocks", "", "read answers of backends from this `file`, tables mocks and dynamic_mocks")
	fs.StringVar(&o.addr, "addr", "127.0.0.1:7676", "serve on this `address`; port 0 chooses one")
	fs.BoolVar(&o.tls, "tls", false, "serve HTTPS, HTTP/1.1 and HTTP/2, with a certificate made at the start; guests see https URIs")
	fs.BoolVar(&o.live, "production", false, "behave as Fastly's platform does where Viceroy does not: TLS only, fields, limits")
	fs.BoolVar(&o.cache, "http-cache", false, "send GET and HEAD through a cache, as Fastly does, and have fastly_http_cache; implied by --production")
	fs.Var(&o.trace, "trace", "write each request with its host calls; --trace=json for one JSON object a line")
	fs.Func("profile", "write to this `file`, at the end, where guests' time went, for go tool pprof; guest[,PATH[,INTERVAL]] as in Viceroy", o.profile.set)
	fs.Var(&o.ui, "ui", "show requests, with their host calls, logs and backends, on a page; --ui=ADDRESS for another one than 127.0.0.1:7677; for serve")
	fs.StringVar(&o.debug, "debug-addr", "", "serve /debug/pprof on this `address`, of hostsim itself and (/guest) of guests; for serve")
	fs.BoolVar(&o.logged[0], "log-stdout", false, "write what guests write to stdout as lines of a log endpoint of that name")
	fs.BoolVar(&o.logged[1], "log-stderr", false, "the same for stderr")
	for _, name := range []string{"v", "vv", "vvv", "verbose"} {
		fs.BoolVar(&o.verbose, name, false, "write a line for each request")
	}
	for _, name := range []string{"q", "quiet"} {
		fs.BoolVar(&o.quiet, name, false, "write nothing of the host's own")
	}
	fs.BoolFunc("enable-local-websocket-passthrough", "false: redirect_to_websocket_proxy answers unsupported (default true)", func(text string) error {
		on, err := strconv.ParseBool(text)
		o.noWebSockets = !on
		return err
	})
	fs.Func("unknown-import-behavior", "what becomes of imports that Compute does not have: `link-error`, trap or zero-or-null", func(text string) error {
		if o.unknown = hostsim.UnknownImports(text); text == "link-error" {
			o.unknown = hostsim.RefuseUnknownImports
		} else if o.unknown != hostsim.TrapUnknownImports && o.unknown != hostsim.ZeroUnknownImports {
			return errors.New("want link-error, trap or zero-or-null")
		}
		return nil
	})
}

// viceroys are Viceroy's flags for what hostsim does not have, with the reason
// why they change nothing here.
var viceroys = map[string]string{
	"local-pushpin-proxy-port": "there is no Pushpin: redirect_to_grip_proxy answers unsupported",
	"experimental_modules":     "only WASI preview 1 is there",
	"adapt":                    "modules run as they are, not as components",
	"g":                        "there is no native debug information",
	"debug-info":               "there is no native debug information",
	"wasm-exceptions":          "exceptions are not supported",
	"wasm-gc":                  "the GC proposal is not supported",
	"wasm-cm-gc":               "components are not supported",
}

// defineViceroys takes flags that Viceroy has, so that hostsim can be put in
// its place.
func (o *options) defineViceroys(fs *flag.FlagSet) {
	for name, reason := range viceroys {
		set := func(string) error {
			o.ignored = append(o.ignored, "--"+name+" changes nothing here: "+reason)
			return nil
		}
		switch name {
		case "local-pushpin-proxy-port":
			fs.Func(name, "taken for Viceroy's sake: "+reason, func(text string) error {
				if _, err := strconv.ParseUint(text, 10, 16); err != nil {
					return errors.New("want a `port`")
				}
				return set(text)
			})
		case "experimental_modules":
			fs.Func(name, "taken for Viceroy's sake: "+reason, set)
		default:
			fs.BoolFunc(name, "taken for Viceroy's sake: "+reason, set)
		}
	}
}

// load reads the configuration and adds what both commands share.
func (o *options) load(stdout, stderr io.Writer) (cfg hostsim.Config, err error) {
	if o.config != "" {
		if cfg, err = hostsim.LoadConfig(o.config); err != nil {
			return cfg, err
		}
	}
	if o.mocks != "" {
		if err = hostsim.LoadMocks(o.mocks, &cfg); err != nil {
			return cfg, err
		}
	}
	out := &lines{w: stdout}
	o.stderr = &lines{w: stderr}
	cfg.Args, cfg.Stdout, cfg.Stderr = o.args, out, o.stderr
	cfg.OnLog = func(l hostsim.LogLine) { logLine(out, l.Endpoint, l.Line) }
	if o.logged[0] {
		cfg.Stdout = &endpoint{out, "stdout"}
	}
	if o.logged[1] {
		cfg.Stderr = &endpoint{out, "stderr"}
	}
	cfg.Production, cfg.UnknownImports, cfg.HTTPCache = o.live, o.unknown, o.cache
	cfg.NoWebSockets = cfg.NoWebSockets || o.noWebSockets
	cfg.Warnings = append(append(cfg.Warnings, o.ignored...), o.profile.ignored...)
	if o.profile.wanted() || o.debug != "" {
		cfg.Profile = &hostsim.Profile{}
	}
	cfg.Trace = o.trace != ""
	if cacheDir, err := os.UserCacheDir(); err == nil {
		cfg.CacheDir = filepath.Join(cacheDir, "hostsim")
	}
	if !o.quiet {
		cfg.Log = slog.New(slog.NewTextHandler(o.stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	}
	return cfg, nil
}

func logLine(out io.Writer, name, line string) {
	fmt.Fprintf(out, "%s :: %s\n", name, strings.ReplaceAll(line, "\n", `\n`))
}

// endpoint makes a log line of each write.
type endpoint struct {
	out  io.Writer
	name string
}

func (e *endpoint) Write(p []byte) (int, error) {
	if line := strings.TrimSuffix(string(p), "\n"); line != "" {
		logLine(e.out, e.name, line)
	}
	return len(p), nil
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// lines lets several goroutines write, one at a time.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
