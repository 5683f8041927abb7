package jsontext

import (
	"strconv"
	"unicode/utf8"
)

// Error is a syntax error at a byte offset.
type Error struct {
	At            int
	Problem, Hint string
}

// fault is a syntax error without its text, which is only made when Err is
// called. Clicks never call it, so an error costs them nothing.
type fault struct {
	at            int
	problem, hint string // the problem is "" if there is no error
	found         bool   // the message begins with what was found at the offset
	belongs       bool   // the problem is what was expected there
}

// Fail records a syntax error, if it is the first.
func (r *Reader) Fail(at int, problem, hint string) {
	r.record(fault{at: at, problem: problem, hint: hint})
}

// Unexpected records that something else was expected here. The hint is guessed
// from what was found, unless one is given.
func (r *Reader) Unexpected(belongs, hint string) {
	r.record(fault{at: r.at, belongs: true, problem: belongs, hint: hint})
}

// failFound records an error whose message begins with what was found here.
func (r *Reader) failFound(problem, hint string) {
	r.record(fault{at: r.at, problem: problem, hint: hint, found: true})
}

func (r *Reader) record(f fault) {
	if !r.Failed() {
		r.fault = f
	}
}

// Failed reports whether there was a syntax error.
func (r *Reader) Failed() bool { return r.fault.problem != "" }

// Err returns the first syntax error, nil for none.
func (r *Reader) Err() *Error {
	f := r.fault
	switch {
	case !r.Failed():
		return nil
	case f.belongs:
		e := &Error{f.at, "found " + r.found(f.at) + " where " + f.problem + " belongs", f.hint}
		if e.Hint == "" {
			e.Hint = r.why(f.at)
		}
		return e
	case f.found:
		return &Error{f.at, "found " + r.found(f.at) + f.problem, f.hint}
	}
	return &Error{f.at, f.problem, f.hint}
}

// found describes what is at an offset: a word, a character, or the end of the
// file.
func (r *Reader) found(at int) string {
	rest := r.data[at:]
	if len(rest) == 0 {
		return "the end of the file"
	}
	n := 0
	for n < len(rest) && n < 20 && isWordByte(rest[n]) {
		n++
	}
	if n > 1 {
		return strconv.Quote(string(rest[:n]))
	}
	c, size := utf8.DecodeRune(rest)
	if c == utf8.RuneError && size == 1 {
		return "a byte that is not UTF-8"
	}
	return strconv.QuoteRune(c)
}

// why guesses from what is at an offset what the author meant.
func (r *Reader) why(at int) string {
	if at == len(r.data) {
		return ""
	}
	switch c := r.data[at]; {
	case c == '\'':
		return "strings stand in double quotes"
	case c == '/' || c == '#':
		return "JSON has no comments"
	case c == '"':
		return "is a comma or a colon missing before it?"
	case c == 'T' || c == 'F' || c == 'N':
		return "true, false and null are written in lower case"
	case isLetter(c):
		return "strings and names stand in double quotes"
	}
	return ""
}
