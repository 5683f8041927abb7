package destination

import (
	_ "embed"
	"strings"
)

//go:generate go run ./internal/gensuffixes

// suffixRules is the public suffix list, one rule a line, sorted by bytes:
// "co.uk", "*.ck", "!www.ck", and "~amazonaws.com" for a name that is not a
// suffix but has suffixes below it. See suffixes/README.md.
//
//go:embed suffixes/rules.txt
var suffixRules string

// IsPublicSuffix reports whether anybody may register a name that the pattern
// matches: its host is a public suffix, or has "*." before it and public
// suffixes below it. A name that is not on the list, such as "corp.internal",
// is not a public suffix: only its last label is.
func (p Pattern) IsPublicSuffix() bool {
	_, parent, _ := strings.Cut(p.Host, ".")
	return isSuffixRule(p.Host) || isSuffixRule("*."+parent) && !isSuffixRule("!"+p.Host) || p.Sub && (isSuffixRule("*."+p.Host) || p.AboveSuffixes())
}

// AboveSuffixes reports whether the host is not a public suffix but has public
// suffixes below it.
func (p Pattern) AboveSuffixes() bool { return isSuffixRule("~" + p.Host) }

// isSuffixRule reports whether the list has this line, by binary search.
func isSuffixRule(rule string) bool {
	for list := suffixRules; list != ""; {
		start := strings.LastIndexByte(list[:len(list)/2], '\n') + 1
		line, rest, _ := strings.Cut(list[start:], "\n")
		switch {
		case line == rule:
			return true
		case line < rule && line[0] != '#':
			list = rest
		default:
			list = list[:start]
		}
	}
	return false
}
