package learned

import (
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core/destination"
)

// MaxDestination is the most bytes of a destination that is learned. Longer
// ones are rare, and an entry must fit into the metadata of a cache's object.
const MaxDestination = 1500

// MaxEntry is the most bytes of an entry: less than the 2,048 that a KV store
// takes as metadata.
const MaxEntry = MaxDestination + 128

// State is what an entry says of a name.
type State uint8

// The states.
const (
	Absent        State = iota // nothing
	Noted                      // too few messages have led to Destination
	Known                      // enough messages have led to Destination
	Contradictory              // it has led to two destinations: it is never used again
)

// stateLetters are those of the states, and of a contradiction that the store
// did not take.
const stateLetters = "-nkxy"

const unstoredLetter = 4

var stateNames = [...]string{"absent", "noted", "known", "contradictory"}

// String returns the state in a word.
func (s State) String() string { return stateNames[s] }

// maxMarks is the most marks of a note: one more message makes any destination
// known.
const maxMarks = personalLinks - 1

// Entry is what one place has of a name. Its text is
//
//	1<state> <sum> <since> [<mark>[,<mark>…]] [<destination>]
//
// "1" is the version. The state is n, k or x; in a cache also y, for a
// contradiction that the store did not take. The sum is FNV-1a over the name
// and all that follows the sum, 16 hexadecimal digits. since is in seconds
// since 1970. Only a note has marks, 16 hexadecimal digits each, and only notes
// and known names have a destination. All of it is ASCII, so that a KV store's
// entry can be read by people.
type Entry struct {
	State State
	count uint8 // of marks
	// unstored: the store did not take this contradiction.
	unstored bool
	// Since is when the state began.
	Since       int64
	Destination string
	marks       [maxMarks]Mark
}

// mostSince is the end of the year 9999, the last that a date in an archive's
// file can have.
const mostSince = 253402300799

// KnownSince returns the entry of a destination that is known by other means
// than sights: from an archive, or because the sender says so.
func KnownSince(since int64, destination string) Entry {
	return Entry{State: Known, Since: since, Destination: destination}
}

// IsDestination reports whether a URL can be learned. The site's list is
// another question.
func IsDestination(url string) bool {
	_, ok := destination.Parse(url)
	return ok && len(url) <= MaxDestination
}

// Append appends the text of the entry of a name.
func (e *Entry) Append(dst []byte, name *Name) []byte {
	letter := int(e.State)
	if e.unstored {
		letter = unstoredLetter
	}
	dst = append(dst, '1', stateLetters[letter], ' ')
	sumAt := len(dst)
	dst = append(dst, "................"...)
	bodyAt := len(dst)
	dst = strconv.AppendInt(append(dst, ' '), e.Since, 10)
	for i, m := range e.marks[:e.count] {
		dst = appendHex(append(dst, " ,"[min(i, 1)]), uint64(m))
	}
	if e.Destination != "" {
		dst = append(append(dst, ' '), e.Destination...)
	}
	appendHex(dst[:sumAt], sumOf(name, letter, view(dst[bodyAt:])))
	return dst
}

// ReadEntry reads the entry of a name. An entry that is damaged, of another
// version or of another name is absent. The destination is a part of text.
func ReadEntry(name *Name, text string) Entry {
	if len(text) < 3+hexLength || len(text) > MaxEntry || text[0] != '1' || text[2] != ' ' {
		return Entry{}
	}
	letter := max(strings.IndexByte(stateLetters, text[1]), 0)
	body := text[3+hexLength:]
	if sum, ok := readHex(text[3 : 3+hexLength]); !ok || letter == 0 || sum != sumOf(name, letter, body) {
		return Entry{}
	}
	e := Entry{State: State(min(letter, int(Contradictory))), unstored: letter == unstoredLetter}
	if !e.readBody(body) || !e.Valid() {
		return Entry{}
	}
	return e
}

// AppendCached appends the text of an entry as a cache has it: when it ends, in
// seconds since 1970 and 16 hexadecimal digits, and the entry. A cache may give
// out what has ended.
func (e *Entry) AppendCached(dst []byte, name *Name, end int64) []byte {
	return e.Append(appendHex(dst, uint64(end)), name)
}

// ReadCached reads what [Entry.AppendCached] wrote. It is absent if it has
// ended.
func ReadCached(name *Name, text string, now int64) Entry {
	if len(text) < hexLength {
		return Entry{}
	}
	if end, ok := readHex(text[:hexLength]); !ok || int64(end) <= now {
		return Entry{}
	}
	return ReadEntry(name, text[hexLength:])
}

// readBody reads what follows the sum.
func (e *Entry) readBody(body string) bool {
	if body == "" || body[0] != ' ' {
		return false
	}
	since, rest, more := strings.Cut(body[1:], " ")
	var err error
	if e.Since, err = strconv.ParseInt(since, 10, 64); err != nil {
		return false
	}
	if e.State == Noted {
		var marks string
		marks, rest, more = strings.Cut(rest, " ")
		if !e.readMarks(marks) {
			return false
		}
	}
	e.Destination = rest
	return more == (rest != "")
}

func (e *Entry) readMarks(list string) bool {
	for more := true; more; {
		var text string
		text, list, more = strings.Cut(list, ",")
		mark, ok := readHex(text)
		if !ok || e.count == maxMarks {
			return false
		}
		e.marks[e.count] = Mark(mark)
		e.count++
	}
	return true
}

// Valid reports whether the entry is one that this package writes, and so one
// that it reads: with a destination that can be learned, or none where it has to
// have none, and since a time from 1970 to 9999.
func (e *Entry) Valid() bool {
	if e.Since < 0 || e.Since > mostSince {
		return false
	}
	if e.State == Contradictory {
		return e.Destination == ""
	}
	return IsDestination(e.Destination)
}

// sumOf is FNV-1a with 64 bits. It finds damage, and not intent: whoever can
// write to the store can also make a sum.
func sumOf(name *Name, letter int, body string) uint64 {
	const prime = 0x100000001b3
	h := uint64(0xcbf29ce484222325)
	for _, c := range name {
		h = (h ^ uint64(c)) * prime
	}
	h = (h ^ uint64(letter)) * prime
	for i := 0; i < len(body); i++ {
		h = (h ^ uint64(body[i])) * prime
	}
	return h
}

const (
	hexLength = 16
	hexDigits = "0123456789abcdef"
)

func appendHex(dst []byte, n uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[n>>shift&15])
	}
	return dst
}

func readHex(s string) (n uint64, ok bool) {
	if len(s) != hexLength {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		v := strings.IndexByte(hexDigits, s[i])
		if v < 0 {
			return 0, false
		}
		n = n<<4 | uint64(v)
	}
	return n, true
}
