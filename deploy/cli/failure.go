package cli

import (
	"fmt"
	"io"
)

// failure is an error of a command: what is wrong, what to do about it, and the
// exit code.
type failure struct {
	exit   int
	err    error
	hint   string // empty: the error says it all
	detail string // lines that come first, empty for none
}

func (f *failure) Error() string { return f.err.Error() }

// Unwrap gives the error that was met.
func (f *failure) Unwrap() error { return f.err }

func (f *failure) report(w io.Writer) {
	if f.detail != "" {
		fmt.Fprintln(w, f.detail)
	}
	fmt.Fprintf(w, "clickedge: %v\n", f.err)
	if f.hint != "" {
		fmt.Fprintf(w, "hint: %s\n", f.hint)
	}
}

// usage is a failure of the caller.
func usage(err error, hint string) *failure { return &failure{exit: ExitUsage, err: err, hint: hint} }

// bad is a failure of what was checked, or of the work.
func bad(err error, hint string) *failure { return &failure{exit: ExitBad, err: err, hint: hint} }
