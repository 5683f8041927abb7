package destination

import (
	"bytes"
	"strings"
)

// Sent reads path and query of a URL as browsers send them: "/" for an empty
// path, "/" for "\" in the path, without dot segments, without tabs, line ends
// and fragment, and with the bytes escaped that browsers escape. The digits of
// an escape are in upper case, which servers read alike.
//
// It allocates only for a path with dot segments, and for tabs and line ends.
type Sent struct {
	rest    string
	at      int
	begun   bool
	inQuery bool
	digits  [2]byte // of an escape, that are still to be read
	left    int
}

// SentOf reads rest, what follows the host and the port of a URL.
func SentOf(rest string) Sent { return Sent{rest: withoutDots(strip(rest))} }

// AppendSent appends path and query as [Sent] reads them.
func AppendSent(dst []byte, rest string) []byte {
	s := SentOf(rest)
	for c, ok := s.Next(); ok; c, ok = s.Next() {
		dst = append(dst, c)
	}
	return dst
}

// Next returns the next byte. ok is false at the end.
func (s *Sent) Next() (c byte, ok bool) {
	if !s.begun {
		s.begun = true
		if !isSlash(s.rest, 0) {
			return '/', true
		}
	}
	if s.left > 0 {
		c = s.digits[len(s.digits)-s.left]
		s.left--
		return c, true
	}
	if s.at >= len(s.rest) {
		return 0, false
	}
	c = s.rest[s.at]
	s.at++
	switch {
	case c == '#':
		s.at = len(s.rest)
		return 0, false
	case c == '%':
		s.escape()
	case c == '?':
		s.inQuery = true
	case c == '\\' && !s.inQuery:
		c = '/'
	case sentEscaped(c, !s.inQuery):
		s.digits, s.left = [2]byte{upperHex[c>>4], upperHex[c&15]}, 2
		c = '%'
	}
	return c, true
}

// escape reads the two digits after a "%", if they are there.
func (s *Sent) escape() {
	if s.at+2 > len(s.rest) {
		return
	}
	high, low := HexValue(s.rest[s.at]), HexValue(s.rest[s.at+1])
	if high < 16 && low < 16 {
		s.digits, s.left = [2]byte{upperHex[high], upperHex[low]}, 2
		s.at += 2
	}
}

const upperHex = "0123456789ABCDEF"

// sentEscaped reports whether browsers percent-encode a byte, in the path or in
// the query.
func sentEscaped(c byte, inPath bool) bool {
	switch c {
	case ' ', '"', '<', '>':
		return true
	case '`', '{', '}', '^':
		return inPath
	case '\'':
		return !inPath
	}
	return c < ' ' || c >= 0x7f
}

// withoutDots resolves the segments "." and ".." of the path, which browsers
// also see where a dot is written "%2e". A path without any is not copied.
func withoutDots(rest string) string {
	path := rest
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	after := rest[len(path):]
	if !hasDots(path) {
		return rest
	}
	if isSlash(path, 0) {
		path = path[1:]
	}
	out := make([]byte, 0, len(rest)+1)
	for more := true; more; {
		var segment string
		segment, path, more = cutSegment(path)
		switch dots(segment) {
		case 2:
			out = out[:max(0, bytes.LastIndexByte(out, '/'))]
		case 0:
			out = append(append(out, '/'), segment...)
			continue
		}
		if !more {
			out = append(out, '/')
		}
	}
	return string(append(out, after...))
}

// hasDots reports whether a path has a dot segment.
func hasDots(path string) bool {
	for more := true; more; {
		var segment string
		if segment, path, more = cutSegment(path); dots(segment) > 0 {
			return true
		}
	}
	return false
}

// cutSegment cuts the first segment off a path. more is false for the last one.
func cutSegment(path string) (segment, rest string, more bool) {
	for i := range len(path) {
		if isSlash(path, i) {
			return path[:i], path[i+1:], true
		}
	}
	return path, "", false
}

// dots is 1 for the segment ".", 2 for "..", and 0 for any other.
func dots(segment string) (n int) {
	for ; segment != ""; n++ {
		switch {
		case segment[0] == '.':
			segment = segment[1:]
		case len(segment) >= 3 && segment[0] == '%' && segment[1] == '2' && segment[2]|0x20 == 'e':
			segment = segment[3:]
		default:
			return 0
		}
	}
	if n > 2 {
		return 0
	}
	return n
}
