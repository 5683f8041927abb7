// Package terminal is what the command knows of the terminal that it writes to:
// its width, whether to colour, and a line of progress that is written anew.
//
// Start with [Style] and [NewProgress]. A file or a pipe is no terminal.
package terminal

import (
	"io"
	"os"
	"strconv"
)

// Wrapper is a writer around another, which may be a terminal.
type Wrapper interface{ Unwrap() io.Writer }

// File is the file that stands behind a reader or writer.
func File(w any) (*os.File, bool) {
	if o, ok := w.(Wrapper); ok {
		w = o.Unwrap()
	}
	f, ok := w.(*os.File)
	return f, ok
}

// Is reports whether somebody would have to type what is read, or sees what is
// written.
func Is(w any) bool {
	f, ok := File(w)
	if ok {
		_, ok = columns(f)
	}
	return ok
}

// widest is as far as lines of text are good to read.
const widest = 120

// Style returns the width to write for and whether to colour: that of a
// terminal, unless COLUMNS and NO_COLOR (no-color.org) say otherwise; 80 and
// none for a file.
func Style(w io.Writer, lookupEnv func(string) (string, bool)) (width int, color bool) {
	width = 80
	if f, ok := File(w); ok {
		if n, terminal := columns(f); terminal {
			color = true
			if n > 0 {
				width = n
			}
		}
	}
	if text, ok := lookupEnv("COLUMNS"); ok {
		if n, err := strconv.Atoi(text); err == nil && n > 0 {
			width = n
		}
	}
	if text, ok := lookupEnv("NO_COLOR"); ok && text != "" {
		color = false
	}
	return min(width, widest), color
}
