package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp/syntax"
	"slices"
	"unicode"
)

// text is one text to search for.
type text struct {
	s          string
	start, end bool // only at the user agent's start, only at its end
	class      class
}

// mostTexts is the most texts that one pattern may match.
const mostTexts = 32

// readList returns the texts that the patterns of the list match, in the list's
// order.
func readList(file string) ([]text, summary, error) {
	var list []struct {
		Pattern string `json:"pattern"`
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, summary{}, err
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, summary{}, fmt.Errorf("%s: %w", file, err)
	}
	sum := summary{Patterns: len(list)}
	used := map[string]bool{}
	var out []text
	for _, entry := range list {
		pattern := entry.Pattern
		if o, ok := overrides[pattern]; ok {
			used[pattern] = true
			if pattern = o.pattern; pattern == "" {
				sum.Dropped++
				continue
			}
			sum.Overridden++
		}
		texts, err := expand(pattern)
		if err != nil {
			return nil, sum, fmt.Errorf("%s: pattern %q: %w: say in overrides.go what to do about it", file, entry.Pattern, err)
		}
		for _, t := range texts {
			if t.class = known; mailProxies[entry.Pattern] {
				t.class = mailProxy
				used[entry.Pattern] = true
			}
			out = append(out, t)
		}
	}
	return out, sum, unused(used)
}

// unused fails for an entry of overrides.go whose pattern is no longer in the
// list.
func unused(used map[string]bool) error {
	for _, pattern := range slices.AppendSeq(slices.Collect(maps.Keys(overrides)), maps.Keys(mailProxies)) {
		if !used[pattern] {
			return fmt.Errorf("overrides.go: the list has no pattern %q any more: remove it", pattern)
		}
	}
	return nil
}

// expand returns all texts that a pattern matches, and fails if there are too
// many.
func expand(pattern string) ([]text, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	texts, err := texts(re)
	if err != nil {
		return nil, err
	}
	for _, t := range texts {
		if len(t.s) < shortest {
			return nil, fmt.Errorf("%q is shorter than %d bytes", t.s, shortest)
		}
	}
	return texts, nil
}

func texts(re *syntax.Regexp) ([]text, error) {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return fromFolded(re.Rune)
		}
		return []text{{s: string(re.Rune)}}, nil
	case syntax.OpCharClass:
		return fromClass(re.Rune)
	case syntax.OpEmptyMatch:
		return []text{{}}, nil
	case syntax.OpBeginText:
		return []text{{start: true}}, nil
	case syntax.OpEndText:
		return []text{{end: true}}, nil
	case syntax.OpCapture:
		return texts(re.Sub[0])
	case syntax.OpAlternate:
		return fromEach(re.Sub, func(done, more []text) ([]text, error) { return append(done, more...), nil })
	case syntax.OpConcat:
		return fromEach(re.Sub, join)
	}
	return nil, fmt.Errorf("%q is no plain text", re)
}

// fromClass returns a text for each character of a class, which is given as
// ranges.
func fromClass(ranges []rune) ([]text, error) {
	var out []text
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if out = append(out, text{s: string(r)}); len(out) > mostTexts || r > unicode.MaxASCII {
				return nil, fmt.Errorf("a class has too many characters")
			}
		}
	}
	return out, nil
}

// fromFolded returns a text for each combination of letter cases: the parser
// makes such literals from classes like [wW].
func fromFolded(letters []rune) ([]text, error) {
	out := []text{{}}
	for _, r := range letters {
		var class []rune
		for f := r; ; {
			class = append(class, f, f)
			if f = unicode.SimpleFold(f); f == r {
				break
			}
		}
		more, err := fromClass(class)
		if err != nil {
			return nil, err
		}
		if out, err = join(out, more); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func fromEach(subs []*syntax.Regexp, add func(done, more []text) ([]text, error)) ([]text, error) {
	out, err := texts(subs[0])
	for i := 1; i < len(subs) && err == nil; i++ {
		var more []text
		if more, err = texts(subs[i]); err == nil {
			out, err = add(out, more)
		}
	}
	return out, err
}

// join returns every text of before followed by every text of after.
func join(before, after []text) ([]text, error) {
	var out []text
	for _, b := range before {
		for _, a := range after {
			if b.end && (a.s != "" || a.start) || a.start && b.s != "" {
				return nil, fmt.Errorf("an anchor stands within %q", b.s+a.s)
			}
			out = append(out, text{s: b.s + a.s, start: b.start || a.start, end: b.end || a.end})
		}
	}
	if len(out) > mostTexts {
		return nil, fmt.Errorf("it stands for more than %d texts", mostTexts)
	}
	return out, nil
}

// dedupe keeps the first of equal texts.
func dedupe(in []text) []text {
	seen := map[text]bool{}
	return slices.DeleteFunc(in, func(t text) bool {
		t.class = 0
		again := seen[t]
		seen[t] = true
		return again
	})
}
