package prewarm

import (
	"fmt"
	"strings"
)

// Code is the kind of an [Error]. The texts are stable: programs may log and
// compare them.
type Code string

// The kinds of errors.
const (
	// BadOption: an option cannot be used as it is.
	BadOption Code = "bad_option"
	// Malformed: the input is no WebAssembly module, or a damaged one.
	Malformed Code = "malformed"
	// Unsupported: the module does something that a snapshot cannot preserve.
	Unsupported Code = "unsupported"
	// NotReactor: the module has no _initialize, or already has a _start.
	NotReactor Code = "not_reactor"
	// BadExport: an export that the options name is missing, or is no function
	// without parameters and results.
	BadExport Code = "bad_export"
	// HostCall: the guest called a function of the platform, and there is no
	// platform at build time.
	HostCall Code = "host_call"
	// GuestExit: the guest ended the process, as os.Exit and log.Fatal do.
	GuestExit Code = "guest_exit"
	// GuestTrap: the guest hit a WebAssembly trap. A Go reactor traps after a
	// panic, a deadlock or when out of memory, and writes the reason to
	// standard error first.
	GuestTrap Code = "guest_trap"
	// BadRoom: the room is not in memory, or not empty.
	BadRoom Code = "bad_room"
	// NoRoom: the module has no room: it was not prewarmed by this package, or
	// without Options.Room.
	NoRoom Code = "no_room"
	// RoomTooSmall: the data does not fit into the room.
	RoomTooSmall Code = "room_too_small"
	// Canceled: the context ended first.
	Canceled Code = "canceled"
)

// Error is what [Module] and [Fill] return when they return no module.
type Error struct {
	Code Code
	// Reason says what is wrong, where, and what to do about it.
	Reason string
	// ExitCode is the guest's exit code, with code GuestExit.
	ExitCode uint32
	// Room and Need are the bytes that the room has and that the data needs,
	// with code RoomTooSmall.
	Room, Need int
	// Stderr is the first 8 KiB of what the guest wrote to standard error; a Go
	// panic is found there.
	Stderr string
	// Cause is the underlying error, if there is one.
	Cause error
}

// Error returns code and reason, and on the next lines what the guest wrote to
// standard error.
func (e *Error) Error() string {
	s := "prewarm: " + string(e.Code) + ": " + e.Reason
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	if text := strings.TrimSpace(e.Stderr); text != "" {
		s += "\nthe guest wrote:\n" + text
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

func refuse(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Reason: fmt.Sprintf(format, args...)}
}

func malformed(err error) *Error {
	return &Error{Code: Malformed, Reason: "cannot read the module", Cause: err}
}
