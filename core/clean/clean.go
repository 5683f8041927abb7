// Package clean prepares text from outside for a message or a terminal. All
// such text is cleaned and shortened here.
//
// Start with [Text], which escapes all that controls a terminal or is
// invisible, [Cut], which shortens between characters, and [Quote], which does
// both and adds quotes.
package clean

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Ellipsis marks where a text was cut.
const Ellipsis = "…"

// Cut returns at most n bytes of s, with an ellipsis if that is not all of s.
// It cuts between runes, and never before a mark that combines with the rune
// before it.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:boundary(s, max(n, 0))] + Ellipsis
}

// boundary is the last place, at most n, where s may be cut.
func boundary(s string, n int) int {
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	for n > 0 {
		before, size := utf8.DecodeLastRuneInString(s[:n])
		after, _ := utf8.DecodeRuneInString(s[n:])
		if !clings(after) && before != joiner {
			return n
		}
		n -= size
	}
	return 0
}

// joiner is ZERO WIDTH JOINER, which joins two signs into one.
const joiner = '\u200d'

// clings reports whether r combines with the rune before it. It knows combining
// marks, variation selectors and skin tones, but not all of Unicode's grapheme
// clusters: their tables would make the module larger.
func clings(r rune) bool {
	switch {
	case r < 0x300:
		return false
	case r == joiner, r <= 0x36f, r >= 0x1ab0 && r <= 0x1aff, r >= 0x1dc0 && r <= 0x1dff, r >= 0x20d0 && r <= 0x20ff,
		r >= 0xfe00 && r <= 0xfe0f, r >= 0xfe20 && r <= 0xfe2f, r >= 0x1f3fb && r <= 0x1f3ff, r >= 0xe0100 && r <= 0xe01ef:
		return true
	}
	return false
}

// Quote cuts s to n bytes, quotes it and escapes what is not printable. The
// ellipsis follows the closing quote.
func Quote(s string, n int) string {
	if len(s) <= n {
		return strconv.Quote(s)
	}
	return strconv.Quote(s[:boundary(s, max(n, 0))]) + Ellipsis
}

// Text escapes what is not printable as in a Go string, "\x1b" or "\u202e":
// controls, line ends, characters that change the direction of writing, spaces
// other than U+0020, and bytes that are not UTF-8. A joiner is kept after a
// character that is not ASCII.
func Text(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	last := rune(0)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if printable(r, size, last) {
			b.WriteString(s[i : i+size])
		} else {
			quoted := strconv.Quote(s[i : i+size])
			b.WriteString(quoted[1 : len(quoted)-1])
			r = 0
		}
		last = r
		i += size
	}
	return b.String()
}

func printable(r rune, size int, last rune) bool {
	switch {
	case r == utf8.RuneError && size == 1:
		return false
	case r == joiner || r == '\u200c':
		return last >= 0x80 && unicode.IsPrint(last)
	}
	return unicode.IsPrint(r)
}
