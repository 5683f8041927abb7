package verdict

import (
	"strings"

	"github.com/clickedge/clickedge/core/word"
)

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
// It walks two bytes a step. Each text is entered under two neighbouring grams of
// three bytes, so one of them is met at a step's end. Eight bytes are read at once,
// and hashed as four grams in four lanes:
//
//	w        b0 b1 b2 b3 b4 b5 b6 b7     b-1 is the byte before
//	grams    b-1 b0 b1, b1 b2 b3, b3 b4 b5, b5 b6 b7
//
// For browsers hardly any gram leads to a row, so all of the time goes here; the
// loop calls nothing, since a loop that calls is slow in WebAssembly. It passes over
// the text chromium, where it stands at from: none of its grams leads to a row.
func findAgent(ua string, from int) (best *agentRow) {
	i, before := 0, uint64(0)
	skip := (from + 8) &^ 7 // the first step whose byte before is of that text
	for ; i+8 <= len(ua); i += 8 {
		if i == skip && from > 0 && chromiumIsClear {
			i = (from + len(chromium)) &^ 7
			before = uint64(ua[i-1])
			if i+8 > len(ua) {
				break
			}
		}
		w := word.At(ua, i)
		four := hashGrams(w<<8|before, w>>8)
		before = w >> 56
		if (agentBits[four>>6&511]>>(four&63)|agentBits[four>>22&511]>>(four>>16&63)|
			agentBits[four>>38&511]>>(four>>32&63)|agentBits[four>>54&511]>>(four>>48&63))&1 != 0 {
			best = confirmAgents(ua, i, four, best)
		}
	}
	if i == len(ua) {
		return best
	}
	rest := lastBytes(ua, i)
	return confirmAgents(ua, i, hashGrams(rest<<8|before, rest>>8), best)
}

// lastBytes returns the bytes of s from i on, fewer than eight, as word.At would if
// zeros followed.
func lastBytes(s string, i int) (w uint64) {
	if len(s) >= 8 {
		return word.At(s, len(s)-8) >> (8 * uint(i+8-len(s)) & 63)
	}
	for k := len(s) - 1; k >= i; k-- {
		w = w<<8 | uint64(s[k])
	}
	return w
}

// chromiumIsClear tells whether no gram of the text chromium leads to a row.
var chromiumIsClear = func() bool {
	for i := range len(chromium) - agentGram + 1 {
		two := uint64(chromium[i]) | uint64(chromium[i+1])<<8
		hash := hashGrams(two, uint64(chromium[i+2])) & (1<<15 - 1)
		if agentBits[hash/64]>>(hash&63)&1 != 0 {
			return false
		}
	}
	return true
}()

// hashGrams hashes the grams whose first two bytes stand in the even and the odd
// bytes of two, and whose third in the even bytes of third. A hash has 15 bits.
func hashGrams(two, third uint64) uint64 {
	const lane = 0x00ff00ff00ff00ff
	return two&(lane&0x001f001f001f001f)<<10 ^ two>>8&lane<<5 ^ third&lane
}

// confirmAgents looks closer at the grams that end in the eight bytes from i on, as
// far as the user agent goes.
func confirmAgents(ua string, i int, four uint64, best *agentRow) *agentRow {
	for end := i + 2; end <= min(len(ua), i+8); end += 2 {
		if hash := four & (1<<15 - 1); agentBits[hash/64]>>(hash&63)&1 != 0 {
			best = confirmAgent(ua, end-agentGram, hash, best)
		}
		four >>= 16
	}
	return best
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
