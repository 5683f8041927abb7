package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// otherFormat is a format that is recognised but not read.
type otherFormat struct {
	name string // with its article
	todo advice
	is   func(*sample) bool
}

// advice says what to do with such a file. "BY HAND" stands for how the entry
// is written by hand, see [handHint].
type advice string

const (
	byHand       advice = "BY HAND"
	cloudFront   advice = "aws cloudfront get-distribution --id ID prints the distribution that it makes; give that"
	fastlyAPI    advice = `curl -H "Fastly-Key: …" https://api.fastly.com/service/ID/details prints the service with its parts; give that`
	nginxPrints  advice = "nginx -T, run where that nginx runs, prints its configuration; give that"
	elsewhere    advice = "give the configuration of the proxy that it starts; BY HAND"
	nothing      advice = "give a configuration of nginx, a distribution of CloudFront or a VCL service of Fastly; BY HAND"
	unpack       advice = "unpack it first"
	asJSON       advice = "aws cloudfront get-distribution --id ID --output json prints it as it is read"
	sitesAlready advice = `"clickedge check" reads it, and --into adds to it`
)

// sample is a text whose format is to be recognised.
type sample struct {
	base string // of the file's name, in lower case
	text string
	keys map[string]json.RawMessage // of the JSON object that it is, nil for none

	lines []string // of text
}

// maxSample is how much of a text is searched, in bytes: its format shows
// early.
const maxSample = 64 << 10

func newSample(name string, data []byte) *sample {
	s := &sample{base: strings.ToLower(path.Base(strings.ReplaceAll(name, `\`, "/"))), text: string(data[:min(len(data), maxSample)])}
	s.lines = strings.Split(strings.ReplaceAll(s.text, "\r\n", "\n"), "\n")
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '{' {
		_ = json.Unmarshal(trimmed, &s.keys) // no keys if it is not JSON
	}
	return s
}

// otherFormatOf recognises a format that is not read; nil if the text may be
// one that is. A text with nginx's statements is nginx's unless it cannot be
// read.
func otherFormatOf(s *sample) *otherFormat {
	if s.keys == nil && looksLikeNginx.MatchString(s.text) && !kubernetes.MatchString(s.text) {
		return first(s, formatsByBytes)
	}
	return s.otherFormat()
}

// otherFormat recognises a text that is not nginx's.
func (s *sample) otherFormat() *otherFormat {
	if s.keys != nil {
		return first(s, formatsByBytes, formatsInJSON)
	}
	return first(s, formatsByBytes, formatsInYAML, formatsInText, formatsByName)
}

func first(s *sample, lists ...[]otherFormat) *otherFormat {
	for _, list := range lists {
		if i := slices.IndexFunc(list, func(x otherFormat) bool { return x.is(s) }); i >= 0 {
			return &list[i]
		}
	}
	return nil
}

// notRead is the error that names the format.
func (r *reading) notRead(s *sample, x *otherFormat) *Error {
	return &Error{Name: r.name, Problem: "it is " + x.name + ", which migrate does not read", Hint: x.todo.hint(s)}
}

// hint says what to do with this text.
func (a advice) hint(s *sample) string { return strings.Replace(string(a), "BY HAND", handHint(s), 1) }

// handHint says how to write the entry by hand, with the ESPs that the text
// names.
func handHint(s *sample) string {
	found := espsIn(s.text)
	switch len(found) {
	case 0:
		return `write the entry by hand, as in {"sites": {"link.example.com": {"esp": "sendgrid"}}}; "clickedge check --fields" lists what may stand in it, and "clickedge doctor HOST" says what is wrong with the set-up of today`
	case 1:
		return fmt.Sprintf(`write the entry by hand: it names %s, so "esp" is %q, as in {"sites": {"link.example.com": {"esp": %[2]q}}}; "clickedge doctor HOST" says what is wrong with the set-up of today`, found[0].host, found[0].preset)
	}
	var names []string
	for _, f := range found {
		names = append(names, fmt.Sprintf("%s is %q", f.host, f.preset))
	}
	return `write the entries by hand; of the ESPs that it names, ` + strings.Join(names, ", ") + ` as "esp"; "clickedge doctor HOST" says what is wrong with the set-up of today`
}

// espNamed is an ESP's origin in a text.
type espNamed struct{ host, preset string }

const mostNamed = 4 // ESPs in a hint

var hostInText = regexp.MustCompile(`(?i)[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+`)

// espsIn returns the origins of ESPs that a text names, each once.
func espsIn(text string) (found []espNamed) {
	seen := map[string]bool{}
	for _, host := range hostInText.FindAllString(text, 100_000) {
		host = strings.ToLower(host)
		if seen[host] || len(found) == mostNamed {
			continue
		}
		seen[host] = true
		if preset, _, _ := (address{host: host}).preset(); preset != "custom" {
			found = append(found, espNamed{host, preset})
		}
	}
	return found
}

// matches is a test by a pattern. One that begins with "(?m)" is matched
// against each line, which usually ends early; any other, and one with "(?s)"
// or "\n" in it, against the whole text.
func matches(pattern string) func(*sample) bool {
	flags, rest, ok := strings.Cut(pattern, ")")
	if flags, m := strings.CutPrefix(flags, "(?m"); ok && m && !strings.Contains(rest, `\n`) && !strings.Contains(flags, "s") {
		if flags != "" {
			rest = "(?" + flags + ")" + rest
		}
		re := regexp.MustCompile(rest)
		return func(s *sample) bool { return slices.ContainsFunc(s.lines, re.MatchString) }
	}
	re := regexp.MustCompile(pattern)
	return func(s *sample) bool { return re.MatchString(s.text) }
}

// ending is a test by the end of the file's name.
func ending(ends ...string) func(*sample) bool {
	return func(s *sample) bool {
		return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(s.base, end) })
	}
}

func called(names ...string) func(*sample) bool {
	return func(s *sample) bool { return slices.Contains(names, s.base) }
}

func either(tests ...func(*sample) bool) func(*sample) bool {
	return func(s *sample) bool {
		return slices.ContainsFunc(tests, func(is func(*sample) bool) bool { return is(s) })
	}
}

func both(a, b func(*sample) bool) func(*sample) bool {
	return func(s *sample) bool { return a(s) && b(s) }
}

// members is a test for members of a JSON object, all of them.
func members(keys ...string) func(*sample) bool {
	return func(s *sample) bool {
		return !slices.ContainsFunc(keys, func(k string) bool { _, ok := s.keys[k]; return !ok })
	}
}
