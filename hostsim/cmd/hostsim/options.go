package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/clickedge/clickedge/hostsim"
)

// options are the arguments of both commands.
type options struct {
	config  string
	addr    string
	tls     bool
	trace   traceFormat
	live    bool
	verbose bool
	quiet   bool
	stderr  io.Writer // set by load
	logged  [2]bool   // stdout and stderr go out as log lines
	module  string
	args    []string
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

// parse stops at MODULE: what follows belongs to the guest.
func parse(sub string, args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	fs := flag.NewFlagSet(sub, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	for _, name := range []string{"C", "config"} {
		fs.StringVar(&o.config, name, "", "read backends, stores and tables from this `fastly.toml`")
	}
	fs.StringVar(&o.addr, "addr", "127.0.0.1:7676", "serve on this `address`; port 0 chooses one")
	fs.BoolVar(&o.tls, "tls", false, "serve HTTPS, HTTP/1.1 and HTTP/2, with a certificate made at the start; guests see https URIs")
	fs.BoolVar(&o.live, "production", false, "behave as Fastly's platform does where Viceroy does not: TLS only, fields, limits")
	fs.Var(&o.trace, "trace", "write each request with its host calls; --trace=json for one JSON object a line")
	fs.BoolVar(&o.logged[0], "log-stdout", false, "write what guests write to stdout as lines of a log endpoint of that name")
	fs.BoolVar(&o.logged[1], "log-stderr", false, "the same for stderr")
	for _, name := range []string{"v", "vv", "vvv", "verbose"} {
		fs.BoolVar(&o.verbose, name, false, "write a line for each request")
	}
	for _, name := range []string{"q", "quiet"} {
		fs.BoolVar(&o.quiet, name, false, "write nothing of the host's own")
	}
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, help)
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		return nil, err
	case err != nil:
		return nil, &usageError{err.Error()}
	case fs.NArg() == 0:
		return nil, &usageError{"no module is named"}
	case sub == "serve" && fs.NArg() > 1:
		return nil, &usageError{fmt.Sprintf("%q is one argument too many", fs.Arg(1))}
	}
	o.module, o.args = fs.Arg(0), fs.Args()[1:]
	if len(o.args) > 0 && o.args[0] == "--" {
		o.args = o.args[1:]
	}
	return o, nil
}

// load reads the configuration and adds what both commands share.
func (o *options) load(stdout, stderr io.Writer) (cfg hostsim.Config, err error) {
	if o.config != "" {
		if cfg, err = hostsim.LoadConfig(o.config); err != nil {
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
	cfg.Production = o.live
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
