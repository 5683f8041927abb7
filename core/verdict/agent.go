package verdict

import (
	"strings"

	"github.com/clickedge/clickedge/core/word"
)

//go:generate go run ./internal/genagents

// agentClass is what a text in a user agent says of the client. Classes are
// ranked.
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
//	at   offset in the text of the gram under which the row is entered
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

// findAgent returns the best row whose text is in a user agent, nil for none:
// that of the highest class, then of the longest text, then the first in the
// list.
//
// It advances by two bytes. Each text is entered under two neighbouring grams
// of three bytes, so that one of the two ends at a step. Eight bytes are read
// at once and hashed as four grams in four lanes:
//
//	w        b0 b1 b2 b3 b4 b5 b6 b7     b-1 is the byte before
//	grams    b-1 b0 b1, b1 b2 b3, b3 b4 b5, b5 b6 b7
//
// In a browser's user agent hardly any gram has a row, so nearly all of the
// time is spent in this loop. It calls no function, since calls in a loop are
// slow in WebAssembly. It skips the text chromium, if it is at from: none of
// its grams has a row.
//
// Plain, gram by gram: +4,332 instructions a click of any kind. Without the
// skip alone: +474.
func findAgent(ua string, from int) (best *agentRow) {
	i, before := 0, uint64(0)
	skip := (from + 8) &^ 7 // the first step whose previous byte is in that text
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

// lastBytes returns s[i:], fewer than eight bytes, as word.At would if zeros
// followed.
func lastBytes(s string, i int) (w uint64) {
	if len(s) >= 8 {
		return word.At(s, len(s)-8) >> (8 * uint(i+8-len(s)) & 63)
	}
	for k := len(s) - 1; k >= i; k-- {
		w = w<<8 | uint64(s[k])
	}
	return w
}

// chromiumIsClear says that no gram of the text chromium has a row; a test
// looks.
const chromiumIsClear = true

// hashGrams hashes four grams. Their first two bytes are the even and odd bytes
// of two, their third bytes the even bytes of third. A hash has 15 bits.
func hashGrams(two, third uint64) uint64 {
	const lane = 0x00ff00ff00ff00ff
	return two&(lane&0x001f001f001f001f)<<10 ^ two>>8&lane<<5 ^ third&lane
}

// confirmAgents checks the rows of the grams that end in ua[i:i+8].
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

// confirmAgent compares the rows of a hash with the user agent at i, where the
// gram begins.
func confirmAgent(ua string, i int, hash uint64, best *agentRow) *agentRow {
	for k := agentStarts[hash/16]; k < agentStarts[hash/16+1]; k++ {
		if r := &agentRows[k]; r.isAt(ua, i-int(r.at)) && r.saysMore(best) {
			best = r
		}
	}
	return best
}

// isAt reports whether the row's text is in the user agent at from.
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

// agent returns the name in the row's text, without what is only there to
// match; "" if the text is no name. So the log has the list's words, never the
// client's.
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
