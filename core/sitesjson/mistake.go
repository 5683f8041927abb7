package sitesjson

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxMistakes bounds how many mistakes a Error holds; the rest are counted.
const maxMistakes = 100

// Error is every mistake of a file, in the order of its lines. After a
// syntax error nothing more is read, so what follows it is not in the list.
type Error struct {
	// Name of the file, as given to [Parse]; [ParseSite] gives the host.
	Name string
	// Mistakes are the first 100, sorted by line and column.
	Mistakes []Mistake
	// More is the number of mistakes after those.
	More int
}

// Mistake is one thing to mend.
type Mistake struct {
	// Line and Column count from 1; Column counts characters, not bytes.
	Line, Column int
	// Field is the way to the value, "sites.link.example.com.esp". It is empty
	// where no field is to blame, as for a syntax error.
	Field string
	// Problem says what is wrong.
	Problem string
	// Hint says what to write instead; "" where there is nothing to guess.
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

// mistakes collects what is wrong with one document.
type mistakes struct {
	list []placedMistake
	more int
	bar  int // what lies at or after this offset is only counted; 0: no bar yet
}

// placedMistake has a byte offset; its line is worked out at the end.
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

// full counts a mistake that comes after the first hundred. Whoever spends time
// on a hint asks first, so that a file of nothing but mistakes is read quickly.
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

// report returns nil where there is no mistake.
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

// position walks through a document and counts lines and characters.
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
