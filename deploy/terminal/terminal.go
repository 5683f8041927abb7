// Package terminal is what the command knows of the terminal that it writes to:
// its width, whether to colour, and a line of progress that is written anew.
//
// Start with [Style] and [NewProgress]. A file or a pipe is no terminal.
package terminal

import (
	"cmp"
	"io"
	"os"
	"strconv"
)

// Is reports whether somebody would have to type what is read, or sees what is
// written.
func Is(w any) bool {
	_, ok := widthOf(w)
	return ok
}

// file is the file that stands behind a reader or writer.
func file(w any) (*os.File, bool) {
	if o, ok := w.(interface{ Unwrap() io.Writer }); ok {
		w = o.Unwrap()
	}
	f, ok := w.(*os.File)
	return f, ok
}

// widthOf returns the width of the terminal behind a reader or writer; ok is
// false where there is none.
func widthOf(w any) (width int, ok bool) {
	if f, ok := file(w); ok {
		return columns(f)
	}
	return 0, false
}

// widest is as far as lines of text are good to read.
const widest = 120

// Style returns the width to write for and whether to colour: that of a
// terminal, unless COLUMNS and NO_COLOR (no-color.org) say otherwise; 80 and
// none for a file.
func Style(w io.Writer, lookupEnv func(string) (string, bool)) (width int, color bool) {
	width, color = widthOf(w)
	width = cmp.Or(width, 80)
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
