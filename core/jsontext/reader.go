// Package jsontext reads JSON (RFC 8259) from front to back. It allocates only
// decoded text, and keeps the offset, so that a mistake is reported with its
// place.
//
// [Reader] is for files that people write; [StringMember] reads one string of
// an ESP's JSON in a link.
//
// encoding/json is not used: it drops repeated names, silently replaces bytes
// that are not UTF-8, says little about where a mistake is, and brings
// reflection into the guest.
package jsontext

// MaxNesting is the deepest nesting of objects and lists. sites.json needs
// four; the ESPs' texts use two.
const MaxNesting = 16

// Reader reads one document. After the first syntax error every method returns
// at once.
type Reader struct {
	data  []byte
	at    int // of the next byte
	depth int
	fault fault
}

// NewReader returns a reader of data, which it does not change.
func NewReader(data []byte) Reader { return Reader{data: data} }

// At returns the offset of the next byte.
func (r *Reader) At() int { return r.at }

// Since returns the text from an offset to the next byte.
func (r *Reader) Since(start int) []byte { return r.data[start:r.at] }

// SkipBytes skips n bytes, whatever they are.
func (r *Reader) SkipBytes(n int) { r.at += n }

// Next skips white space and returns the byte that follows, 0 at the end.
func (r *Reader) Next() byte {
	for ; !r.Failed() && r.at < len(r.data); r.at++ {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// Object calls member for each name; member must read or skip the value.
func (r *Reader) Object(member func(name Text)) {
	r.open('{')
	for first := true; r.more('}', first); first = false {
		if name := r.name(); !r.Failed() {
			member(name.decoded())
		}
	}
}

// List calls item with 0, 1, …; item must read or skip the value.
func (r *Reader) List(item func(i int)) {
	r.open('[')
	for i := 0; r.more(']', i == 0); i++ {
		item(i)
	}
}

func (r *Reader) open(bracket byte) {
	switch {
	case r.Next() != bracket && bracket == '{':
		r.Unexpected("'{'", "")
	case r.Next() != bracket:
		r.Unexpected("'['", "")
	case r.depth == MaxNesting:
		r.Fail(r.at, "nested more than 16 deep", "")
	default:
		r.depth++
		r.at++
	}
}

// more moves to the next element, or past the closing bracket, and reports
// whether there is an element.
func (r *Reader) more(bracket byte, first bool) bool {
	c := r.Next()
	if r.Failed() {
		return false
	}
	if c == bracket {
		r.at++
		r.depth--
		return false
	}
	if first {
		return true
	}
	switch {
	case c == ',':
		r.at++
		if r.Next() == bracket {
			r.failFound(" after a comma", "remove the comma")
		}
	case bracket == '}':
		r.Unexpected("a comma or '}'", "")
	default:
		r.Unexpected("a comma or ']'", "")
	}
	return !r.Failed()
}

// name reads a member's name and the colon behind it.
func (r *Reader) name() rawText {
	if r.Next() != '"' {
		r.Unexpected("a name in double quotes", "")
		return rawText{}
	}
	name := r.rawText()
	if r.Next() == ':' {
		r.at++
	} else {
		r.Unexpected("a colon", "")
	}
	return name
}

// Skip skips a value of any type.
func (r *Reader) Skip() {
	switch c := r.Next(); {
	case c == '{':
		r.open('{')
		for first := true; r.more('}', first); first = false {
			r.name()
			r.Skip()
		}
	case c == '[':
		r.open('[')
		for first := true; r.more(']', first); first = false {
			r.Skip()
		}
	case c == '"':
		r.rawText()
	case c == '-' || c >= '0' && c <= '9':
		r.number()
	case r.Word("true") || r.Word("false") || r.Word("null"):
	default:
		r.Unexpected("a value", "")
	}
}

// Word reads one of the three words of JSON, if it stands here.
func (r *Reader) Word(w string) bool {
	end := r.at + len(w)
	if r.Failed() || end > len(r.data) || string(r.data[r.at:end]) != w {
		return false
	}
	if end < len(r.data) && isWordByte(r.data[end]) {
		return false
	}
	r.at = end
	return true
}

// number skips -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
func (r *Reader) number() {
	start := r.at
	r.take('-')
	ok := r.take('0') || r.digits()
	if r.take('.') {
		ok = r.digits() && ok
	}
	if r.take('e') || r.take('E') {
		_ = r.take('+') || r.take('-')
		ok = r.digits() && ok
	}
	if !ok || r.at < len(r.data) && (isWordByte(r.data[r.at]) || r.data[r.at] == '.') {
		r.Fail(start, "found a number that JSON does not know", "")
	}
}

// take reads one byte if it is c.
func (r *Reader) take(c byte) bool {
	if r.at < len(r.data) && r.data[r.at] == c {
		r.at++
		return true
	}
	return false
}

// digits skips digits, of which there must be at least one.
func (r *Reader) digits() bool {
	start := r.at
	for r.at < len(r.data) && r.data[r.at]-'0' <= 9 {
		r.at++
	}
	return r.at > start
}

// End checks that nothing follows the document, which is an "object" or a
// "value".
func (r *Reader) End(one string) {
	if r.Next(); r.Failed() || r.at == len(r.data) {
		return
	}
	if one == "object" {
		r.failFound(" after the end of the object", "a file holds one object")
	} else {
		r.failFound(" after the end of the value", "a file holds one value")
	}
}

func isWordByte(c byte) bool { return isLetter(c) || c-'0' <= 9 || c == '-' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
