// Package clean makes text from outside fit for a message or a terminal: it is
// the one place where such text is cleaned and cut.
//
// Start with [Text], which leaves nothing in a text that drives a terminal or
// hides from the eye, [Cut], which shortens between characters, and [Quote],
// which does both and puts quotes around.
package clean

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Ellipsis stands where something was cut off.
const Ellipsis = "…"

// Cut returns at most n bytes of s, and an ellipsis where that is not all of it.
// It cuts between runes, and never before a mark that belongs to the rune before
// it.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:boundary(s, max(n, 0))] + Ellipsis
}

// boundary is the last place up to n where s may be cut.
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

// joiner is ZERO WIDTH JOINER, which makes one sign of two.
const joiner = '\u200d'

// clings reports whether r belongs to the rune before it. The ranges are those
// of combining marks, variation selectors and skin tones, not all of Unicode's
// grapheme clusters: tables for those would be part of the module.
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

// Quote cuts s to n bytes, puts it in quotes and escapes what is not printable.
// The ellipsis stands behind the closing quote.
func Quote(s string, n int) string {
	if len(s) <= n {
		return strconv.Quote(s)
	}
	return strconv.Quote(s[:boundary(s, max(n, 0))]) + Ellipsis
}

// Text writes what is not printable the way a Go string has it, "\x1b" or
// "\u202e": controls, line ends, characters that turn the direction of writing,
// spaces other than the plain one, and bytes that are no UTF-8. What joins two
// letters or signs stays where it follows one that is not ASCII.
func Text(s string) string {
	i := firstUnclean(s)
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	last := rune(0)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if printable(r, size, last) {
			b.WriteString(s[i : i+size])
		} else {
			b.WriteString(escape(s[i:i+size], r, size))
			r = 0
		}
		last = r
		i += size
	}
	return b.String()
}

func firstUnclean(s string) int {
	last := rune(0)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !printable(r, size, last) {
			return i
		}
		last = r
		i += size
	}
	return len(s)
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

func escape(raw string, r rune, size int) string {
	if r == utf8.RuneError && size == 1 {
		const hex = "0123456789abcdef"
		return `\x` + string(hex[raw[0]>>4]) + string(hex[raw[0]&15])
	}
	return strings.Trim(strconv.QuoteRune(r), "'")
}
