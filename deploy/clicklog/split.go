package clicklog

import "bytes"

// Line gives each of the lines of the click log that stand in one line of a
// text to take, without what collectors put before it, as [Reader.Lines] does
// for a whole text.
func (r *Reader) Line(text []byte, take func(line []byte)) {
	r.split(bytes.TrimSpace(text), true, take)
}
