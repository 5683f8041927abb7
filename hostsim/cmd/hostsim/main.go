// Command hostsim runs modules built for Fastly Compute.
//
//	hostsim run [-C fastly.toml] MODULE [ARG...]
//
// gives the module one made-up request, GET http://example.com/, passes the
// arguments and the standard streams on and exits with the guest's code: go
// test -exec "hostsim run -C fastly.toml" runs tests that were built for
// wasip1.
//
//	hostsim serve [-C fastly.toml] [--addr 127.0.0.1:7676] [--tls] [--trace text|json] MODULE
//
// serves it, and loads it again when its file has changed. Without a subcommand
// the arguments are taken as for serve, which is how Fastly's CLI calls the
// program that "fastly compute serve --viceroy-path" names.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// Exit codes of the command itself; run otherwise exits with the guest's code.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// usageError is a mistake in the arguments.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// exitError is a guest's exit code. No message is printed for it.
type exitError uint32

func (e exitError) Error() string { return fmt.Sprintf("guest exited with code %d", uint32(e)) }

// command runs one command line and returns the exit code.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, stdout, stderr)
	var usage *usageError
	var exit exitError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "hostsim: %v\nhint: hostsim --help lists the arguments\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "hostsim: %v\n", err)
	return exitFailed
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	sub := "serve"
	if len(args) > 0 && (args[0] == "run" || args[0] == "serve") {
		sub, args = args[0], args[1:]
	}
	switch first := append(args, "")[0]; {
	case sub == "serve" && (first == "-V" || first == "--version"):
		fmt.Fprintln(stdout, version())
		return nil
	case sub == "serve" && first == "adapt":
		return &usageError{`"adapt" makes components, which hostsim does not run; it runs modules as they are`}
	}
	o, err := parse(sub, args, stdout)
	if err != nil {
		return err
	}
	if sub == "run" {
		return runOnce(ctx, o, stdout, stderr)
	}
	return serve(ctx, o, stdout, stderr)
}

// version is that of the module that the command was built from, where it is
// known.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return "hostsim " + info.Main.Version
	}
	return "hostsim (devel)"
}
