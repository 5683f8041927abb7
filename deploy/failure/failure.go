// Package failure describes how a command fails: what is wrong, what to do
// about it, and the exit code of the process.
//
// Start with [Usage] and [Bad]. A package behind a command returns one of them
// where it knows what the operator should do; any other error ends the command
// with [ExitBad] and no hint.
package failure

import (
	"errors"
	"fmt"
	"io"
)

// The exit codes of the command.
const (
	ExitOK       = 0
	ExitBad      = 1 // the input is invalid, or the command failed
	ExitUsage    = 2 // called wrongly: flags, arguments, a file that cannot be read
	ExitWarnings = 3 // the doctor found warnings and no error
	// ExitInterrupted is the code after Ctrl-C, as shells have it; after
	// another signal it is 128 and the signal's number.
	ExitInterrupted = 130
)

// Error is an error of a command.
type Error struct {
	Exit   int
	Err    error
	Hint   string // what to do; empty: the error says it all
	Detail string // lines that come first, empty for none
}

// Error is what is wrong, without detail and hint.
func (f *Error) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Error) Unwrap() error { return f.Err }

// Report writes detail, error and hint.
func (f *Error) Report(w io.Writer) {
	if f.Detail != "" {
		fmt.Fprintln(w, f.Detail)
	}
	fmt.Fprintf(w, "clickedge: %v\n", f.Err)
	if f.Hint != "" {
		fmt.Fprintf(w, "hint: %s\n", f.Hint)
	}
}

// Is reports whether an error already is a failure.
func Is(err error) bool { return errors.As(err, new(*Error)) }

// Of finds the failure in an error; nil for none. An error without one gets the
// exit code [ExitBad].
func Of(err error) *Error {
	var f *Error
	if err == nil || errors.As(err, &f) {
		return f
	}
	return Bad(err, "")
}

// Usage is a failure for wrong flags, arguments or files.
func Usage(err error, hint string) *Error { return &Error{Exit: ExitUsage, Err: err, Hint: hint} }

// Bad is a failure for invalid input, or of the command itself.
func Bad(err error, hint string) *Error { return &Error{Exit: ExitBad, Err: err, Hint: hint} }
