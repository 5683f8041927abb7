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
//
// It walks the bytes once and hashes each three of them. Where the hash is not
// in the bit set, which for browsers is nearly everywhere, no row is looked at.
func findAgent(ua string) (best *agentRow) {
	var gram uint32
	for i := 0; i < len(ua); i++ {
		gram = (gram<<8 | uint32(ua[i])) & 0xFFFFFF
		hash := gram * 0x9E3779B1 >> 16
		word := hash >> 5
		if agentBits[word]&(1<<(hash&31)) != 0 {
			best = confirmAgent(ua, i-2, word, best)
		}
	}
	return best
}

// confirmAgent compares the rows of one word of the bit set with the user agent
// whose gram at i led to it.
func confirmAgent(ua string, i int, word uint32, best *agentRow) *agentRow {
	for k := agentStarts[word]; k < agentStarts[word+1]; k++ {
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
