package core

import "strings"

//go:generate go run ./internal/genagents

// agentClass ranks what a text says of the client whose user agent holds it.
type agentClass uint8

// The classes, lowest first, as internal/genagents/overrides.go has them.
const (
	agentNone      agentClass = iota
	agentDeclared             // calls itself a bot, without a name that the list knows
	agentOffice               // a client of Microsoft Office
	agentKnown                // on the list
	agentMailProxy            // fetches a mail's images for its reader
)

// agentRow is one text of the table.
//
//	off  start of the text in agentTexts
//	n    its length
//	at   where in the text the gram stands under which the row is entered
//	is   bits 0 to 3: class; bit 4: at the start only; bit 5: at the end only
type agentRow struct {
	off       uint16
	n, at, is uint8
}

const (
	agentAtStart = 1 << 4
	agentAtEnd   = 1 << 5
)

func (r *agentRow) text() string      { return agentTexts[r.off : int(r.off)+int(r.n)] }
func (r *agentRow) class() agentClass { return agentClass(r.is & 15) }

// findAgent returns the row of the text that says most of a user agent, nil for
// none: the highest class, then the longest text, then the list's order.
func findAgent(ua string) (best *agentRow) {
	for i, hash := nextAgent(ua, 0, 0); i > 0; i, hash = nextAgent(ua, i, hash) {
		best = confirmAgent(ua, i-agentGram, hash, best)
	}
	return best
}

// nextAgent walks on from byte i of a user agent, two bytes a step, to the end of
// the next gram that leads to a row, and returns that end with the gram's hash; 0
// where there is none. Each text is entered under two neighbouring grams, so one
// of them is met at a step's end. The hash holds the last three bytes: what is
// older has been shifted out. For browsers hardly any gram leads anywhere, so all
// of the time goes here; it calls nothing, since a loop that calls is slow in
// WebAssembly.
func nextAgent(ua string, i int, hash uint64) (int, uint64) {
	for rest := ua[i:]; len(rest) >= 2; rest = rest[2:] {
		hash = (hash<<10 ^ uint64(rest[0])<<5 ^ uint64(rest[1])) & (1<<15 - 1)
		if agentBits[hash/64]>>(hash&63)&1 != 0 {
			return len(ua) - len(rest) + 2, hash
		}
	}
	return 0, 0
}

// agentGram is how many bytes a gram has.
const agentGram = 3

// confirmAgent compares the rows that have a hash with the user agent whose gram
// at i led to it.
func confirmAgent(ua string, i int, hash uint64, best *agentRow) *agentRow {
	for k := agentStarts[hash/16]; k < agentStarts[hash/16+1]; k++ {
		if r := &agentRows[k]; r.isAt(ua, i-int(r.at)) && r.saysMore(best) {
			best = r
		}
	}
	return best
}

// isAt tells whether the row's text stands in the user agent at from.
func (r *agentRow) isAt(ua string, from int) bool {
	to := from + int(r.n)
	switch {
	case from < 0 || to > len(ua):
		return false
	case r.is&agentAtStart != 0 && from != 0, r.is&agentAtEnd != 0 && to != len(ua):
		return false
	}
	return ua[from:to] == r.text()
}

func (r *agentRow) saysMore(than *agentRow) bool {
	switch {
	case than == nil:
		return true
	case r.class() != than.class():
		return r.class() > than.class()
	case r.n != than.n:
		return r.n > than.n
	}
	return r.off < than.off
}

// agent returns the text without what serves only to find it; "" where the text
// is no name. The log thus holds words of the list, never of the client.
func (r *agentRow) agent() string {
	if r.class() == agentDeclared {
		return ""
	}
	name := strings.Trim(r.text(), " /;")
	if strings.IndexByte(name, '(') < 0 {
		name = strings.TrimSuffix(name, ")")
	}
	return name
}
