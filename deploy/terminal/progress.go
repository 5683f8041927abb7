package terminal

import (
	"io"
	"unicode/utf8"
)

// Progress is one line on a terminal, written anew for each thing that is
// waited for. Where there is no terminal there is no line.
type Progress struct {
	w     io.Writer // nil: nobody looks
	width int
	shown bool
}

// NewProgress returns the line of w. Quiet asks for none.
func NewProgress(w io.Writer, lookupEnv func(string) (string, bool), quiet bool) *Progress {
	p := &Progress{}
	if term, _ := lookupEnv("TERM"); quiet || term == "dumb" {
		return p
	}
	if width, ok := widthOf(w); ok {
		p.w, p.width = w, width
	}
	return p
}

// eraseLine goes to the line's beginning and clears it (ECMA-48).
const eraseLine = "\r\x1b[K"

// Show writes text in place of what was there, cut to the terminal's width: a
// line that wraps could not be taken back.
func (p *Progress) Show(text string) {
	if p.w == nil {
		return
	}
	if p.width > 1 && utf8.RuneCountInString(text) >= p.width {
		text = string([]rune(text)[:p.width-1])
	}
	p.shown = true
	_, _ = io.WriteString(p.w, eraseLine+text) // a terminal that has gone needs no line
}

// End clears the line.
func (p *Progress) End() {
	if p.shown {
		_, _ = io.WriteString(p.w, eraseLine)
	}
}
