package sitesjson

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxMistakes is the most mistakes that an Error holds; the rest are only
// counted.
const maxMistakes = 100

// Error has every mistake of a file, in the order of its lines. Reading ends at
// a syntax error, so mistakes after it are not in the list.
type Error struct {
	// Name of the file, as given to [Parse]; [ParseSite] gives the host.
	Name string
	// Mistakes are the first 100, sorted by line and column.
	Mistakes []Mistake
	// More is the number of mistakes after those.
	More int
}

// Mistake is one thing to fix.
type Mistake struct {
	// Line and Column count from 1; Column counts characters, not bytes.
	Line, Column int
	// Field is the path of the value, "sites.link.example.com.esp". It is empty
	// for a mistake that is not in a field, such as a syntax error.
	Field string
	// Problem says what is wrong.
	Problem string
	// Hint says what to write instead; "" for none.
	Hint string
}

// Error returns one line per mistake:
//
//	sites.json:7: sites.link.example.com.esp: unknown esp "sengrid": did you mean "sendgrid"?
//	sites.json:9:3: found '}' after a comma: remove the comma
func (e *Error) Error() string {
	var b strings.Builder
	for i, m := range e.Mistakes {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Name + ":" + m.String())
	}
	if e.More > 0 {
		b.WriteString("\n" + e.Name + ": and " + strconv.Itoa(e.More) + " more mistakes")
	}
	return b.String()
}

// String returns the mistake on one line, without the file's name.
func (m Mistake) String() string {
	s := strconv.Itoa(m.Line) + ":"
	if m.Field == "" {
		s += strconv.Itoa(m.Column) + ":"
	} else {
		s += " " + m.Field + ":"
	}
	s += " " + m.Problem
	if m.Hint != "" {
		s += ": " + m.Hint
	}
	return s
}

// mistakes collects the mistakes of one document.
type mistakes struct {
	list []placedMistake
	more int
	bar  int // a mistake at or after this offset is only counted; 0: none yet
}

// placedMistake has a byte offset; its line is computed at the end.
type placedMistake struct {
	at int
	Mistake
}

func (m *mistakes) add(at int, field, problem, hint string) {
	if m.full(at) {
		return
	}
	m.list = append(m.list, placedMistake{at, Mistake{Field: field, Problem: problem, Hint: hint}})
	if len(m.list) == 2*maxMistakes {
		m.prune()
		m.bar = m.list[maxMistakes-1].at
	}
}

// full reports whether a mistake here comes after the first hundred, and counts
// it if so. It is called before a hint is made, which takes time, so that a
// file with very many mistakes is read quickly.
func (m *mistakes) full(at int) bool {
	if m.bar == 0 || at < m.bar {
		return false
	}
	m.more++
	return true
}

// prune sorts the mistakes and keeps the first hundred.
func (m *mistakes) prune() {
	slices.SortStableFunc(m.list, func(a, b placedMistake) int { return a.at - b.at })
	if n := len(m.list) - maxMistakes; n > 0 {
		m.more += n
		m.list = m.list[:maxMistakes]
	}
}

// report returns nil if there is no mistake.
func (m *mistakes) report(name string, data []byte) *Error {
	if len(m.list) == 0 {
		return nil
	}
	m.prune()
	e := &Error{Name: name, More: m.more}
	pos := position{line: 1, column: 1}
	for _, p := range m.list {
		pos.advance(data, p.at)
		p.Line, p.Column = pos.line, pos.column
		e.Mistakes = append(e.Mistakes, p.Mistake)
	}
	return e
}

// position is a place in a document, in lines and characters.
type position struct{ at, line, column int }

func (p *position) advance(data []byte, to int) {
	for to = min(to, len(data)); p.at < to; {
		c, n := utf8.DecodeRune(data[p.at:])
		p.at += n
		p.column++
		if c == '\n' {
			p.line++
			p.column = 1
		}
	}
}
