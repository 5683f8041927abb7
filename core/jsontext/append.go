package jsontext

import (
	"unicode/utf8"

	"github.com/clickedge/clickedge/core/word"
)

// AppendMember appends a member whose value is a string. What comes before the
// value is one constant, so that it is one copy.
func AppendMember(dst []byte, before, value string) []byte {
	return append(AppendString(append(dst, before...), value), '"')
}

// AppendString appends the inside of a JSON string. Bytes that are not UTF-8
// become U+FFFD, so that a line is valid whatever a client sent; U+2028 and
// U+2029 need no escape in JSON.
func AppendString(dst []byte, s string) []byte {
	good, i := uint64(word.Highs), 0
	for ; i+8 <= len(s); i += 8 {
		good &= plainBytes(word.At(s, i))
	}
	switch {
	case i == len(s):
	case i > 0:
		good &= plainBytes(word.At(s, len(s)-8))
	default:
		for ; i < len(s); i++ {
			if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
				good = 0
			}
		}
	}
	if good == word.Highs { // as a rule
		return append(dst, s...)
	}
	return appendOdd(dst, s)
}

// appendOdd is AppendString for text with bytes that are not plain.
func appendOdd(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20 || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		i++
	}
	return dst
}

// plainBytes has the highest bit of each of eight bytes that is one of # to ~ but
// the backslash, and so stands for itself in a JSON string, as long as all are below
// 0x80; else not all bits. A few others stand for themselves too.
func plainBytes(w uint64) uint64 { return word.Printable(w, '#') &^ w }

const hex = "0123456789abcdef"
