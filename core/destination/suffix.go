package destination

import (
	_ "embed"
	"strings"
)

//go:generate go run ./internal/gensuffixes

// suffixRules is the public suffix list, a rule a line, sorted by bytes: "co.uk",
// "*.ck", "!www.ck", and "~amazonaws.com" for a name that is no suffix and has some
// below it. See suffixes/README.md.
//
//go:embed suffixes/rules.txt
var suffixRules string

// publicSuffix reports whether anybody may register a name that the pattern
// matches: its host is a public suffix, or, for "*." before it, there are public
// suffixes below it. A name that the list does not know, as
// "corp.internal", is none: the last label alone counts as its suffix.
func (p Pattern) IsPublicSuffix() bool {
	_, parent, _ := strings.Cut(p.Host, ".")
	return isSuffixRule(p.Host) || isSuffixRule("*."+parent) && !isSuffixRule("!"+p.Host) || p.Sub && (isSuffixRule("*."+p.Host) || p.AboveSuffixes())
}

// aboveSuffixes reports whether the host is no public suffix and has some below it.
func (p Pattern) AboveSuffixes() bool { return isSuffixRule("~" + p.Host) }

// isSuffixRule finds a line.
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
