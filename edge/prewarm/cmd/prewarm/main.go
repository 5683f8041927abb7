// Command prewarm initialises a Go reactor at build time.
//
//	prewarm in.wasm -o out.wasm
//
// in.wasm is what go build -buildmode=c-shared makes for wasip1. out.wasm
// begins with the memory that its initialisation leaves. The report says what
// that gains, and what the program has read too early.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/clickedge/clickedge/edge/prewarm"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// failure is an error with a hint; exit is exitFailed if 0.
type failure struct {
	err  error
	hint string
	exit int
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

func usage(hint, format string, args ...any) error {
	return &failure{fmt.Errorf(format, args...), hint, exitUsage}
}

// command runs one command line and returns the exit code.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, stdout, stderr)
	if err == nil || errors.Is(err, pflag.ErrHelp) {
		return exitOK
	}
	text := err.Error()
	if !strings.HasPrefix(text, "prewarm: ") { // the library's errors begin so
		text = "prewarm: " + text
	}
	fmt.Fprintln(stderr, text)
	exit := exitFailed
	var f *failure
	var own *prewarm.Error
	hint := ""
	switch {
	case errors.As(err, &f):
		hint, exit = f.hint, max(f.exit, exit)
	case errors.As(err, &own):
		hint = hints[own.Code]
	}
	if hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", hint)
	}
	return exit
}

// hints are what to do about an error of the library.
var hints = map[prewarm.Code]string{
	prewarm.BadOption:   "prewarm --help lists the flags",
	prewarm.Malformed:   "build it with GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared",
	prewarm.Unsupported: "what Go's compiler makes has none of this; a tool that ran after it may have added it",
	prewarm.NotReactor:  "build it with GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared; a module is prewarmed once",
	prewarm.BadExport: "a program with only func main gets the entry by importing edge/prewarm/guest/compute or " +
		"guest/command; --entry names another export; --reactor keeps the module a reactor",
	prewarm.HostCall:  "move the call out of init functions and package variables, as with sync.OnceValue",
	prewarm.GuestExit: "what init functions read is given by --env and --file",
	prewarm.GuestTrap: "what init functions read is given by --env and --file; --max-memory bounds the memory",
}
