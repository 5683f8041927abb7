package cli

import (
	"io"
	"unicode/utf8"
)

// progressLine is one line on a terminal, written anew for each thing that is
// waited for. Where there is no terminal there is no line.
type progressLine struct {
	w     io.Writer // nil: nobody looks
	width int
	shown bool
}

// progress returns the line of standard error. quiet asks for none.
func (env *Env) progress(quiet bool) *progressLine {
	p := &progressLine{}
	if term, _ := env.LookupEnv("TERM"); quiet || term == "dumb" {
		return p
	}
	if f, ok := terminalOf(env.Err); ok {
		if width, terminal := columns(f); terminal {
			p.w, p.width = env.Err, width
		}
	}
	return p
}

// eraseLine goes to the line's beginning and clears it (ECMA-48).
const eraseLine = "\r\x1b[K"

// show writes text in place of what was there, cut to the terminal's width: a
// line that wraps could not be taken back.
func (p *progressLine) show(text string) {
	if p.w == nil {
		return
	}
	if p.width > 1 && utf8.RuneCountInString(text) >= p.width {
		text = string([]rune(text)[:p.width-1])
	}
	p.shown = true
	_, _ = io.WriteString(p.w, eraseLine+text) // a terminal that has gone needs no line
}

// end clears the line.
func (p *progressLine) end() {
	if p.shown {
		_, _ = io.WriteString(p.w, eraseLine)
	}
}
