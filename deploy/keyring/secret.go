package keyring

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/signed"
)

// MinSecret is the fewest bytes of a secret that verifies anything.
const MinSecret = signed.MinSecret

// form is where a secret was found. The less its surroundings say about where
// it begins and ends, the stricter the checks.
type form int

const (
	bare     form = iota // a file that holds nothing else
	variable             // an environment variable
	line                 // kid=secret
	inJSON               // a JSON string
)

const newKeyHint = "clickedge keys new makes a good one"

// validate refuses what would not verify on the edge, where the secret is the
// bytes in the store, untrimmed, and what is unlikely to be a secret at all.
func validate(s string, f form) *Error {
	for _, check := range []func(string, form) *Error{validateBytes, validateSpace, validateForm, validateRandom} {
		if err := check(s, f); err != nil {
			return err
		}
	}
	return nil
}

func validateBytes(s string, f form) *Error {
	switch {
	case s == "":
		return wrong("", "it is empty")
	case strings.ContainsRune(s, 0):
		return wrong("it may be UTF-16, or a file that was never filled; "+newKeyHint, "it holds NUL bytes")
	case strings.HasPrefix(s, "\ufeff"):
		return wrong("save it as UTF-8 without one: sed -i '1s/^\\xef\\xbb\\xbf//' FILE", "it begins with a byte order mark, which the secret store would take as part of the secret")
	case !utf8.ValidString(s):
		return wrong("a secret is text, as "+newKeyHint, "it is not text")
	}
	return nil
}

func validateSpace(s string, f form) *Error {
	if strings.TrimSpace(s) != s {
		return spaceAround(s)
	}
	for _, r := range s {
		switch {
		case !unicode.IsPrint(r):
			return wrong("a secret is one line of visible text", "it holds a control or invisible character")
		case f == bare && (r == ' ' || r > unicode.MaxASCII):
			return wrong("if all of it is the secret, say so by putting its id before it, as in k2=…", "a secret alone in a file is visible ASCII without spaces")
		}
	}
	return nil
}

// stripHint says how to strip a newline without changing the secret.
const stripHint = "if the secret in the store has none, strip it: tr -d '\\r\\n' <FILE >NEW; put the id before it, as in k2=…, and the newline only ends the line"

func spaceAround(s string) *Error {
	if strings.TrimRight(s, "\r\n") == strings.TrimSpace(s) {
		return wrong(stripHint, "it ends with a newline, which the secret store would take as part of the secret")
	}
	return wrong("take the white space away, unless the secret in the store has it too", "the secret begins or ends in white space, which the secret store would take as part of the secret")
}

var (
	// assignment is NAME=value, export NAME=value, NAME: value and the like. A
	// base64 text may end in "=", but nothing follows it there.
	assignment = regexp.MustCompile(`(?i)^(export +|set +|setenv +|\$env:|- +)?[a-z_][a-z0-9_.-]*("|')? *(:=|=|:) *[^= ]`)
	// column is a key id and a secret with another sign between them than =.
	column = regexp.MustCompile(`^[A-Za-z0-9_]+ *([,;|>]|[-=]>) *[^ ]`)
	// comment matches a comment after a value, as in an environment file.
	comment = regexp.MustCompile(`\s(#|//|--)`)
	// sample matches the placeholder of an example. Random text does not
	// contain any.
	sample = regexp.MustCompile(`(?i)change[-_. ]?(me|this)|replace[-_. ]?(me|this|with)|placeholder|(goes|put|insert|paste)[-_. ](it[-_. ])?here|your[-_. ](own[-_. ])?(secret|key)|example[-_. ](secret|key)`)
	// reference matches what a template or a shell would have replaced.
	reference = regexp.MustCompile(`^(\$\{.*\}|\$\(.*\)|\$[A-Za-z_]\w*|\{\{.*\}\}|<.*>|%\w+%|[A-Za-z][A-Za-z0-9+.-]*://.*)$`)
)

const quotes = "\"'`“”‘’«»"

// validateForm refuses a text that contains a secret but is not one.
func validateForm(s string, f form) *Error {
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	opened, closed := strings.ContainsRune(quotes, first), strings.ContainsRune(quotes, last)
	switch {
	case opened && closed || f != inJSON && (opened || closed):
		return wrong("take the quotes away: they would be part of the secret", "the secret is in quotes")
	case !strings.HasPrefix(s, "{{") && slices.Contains([]string{"[]", "()", "{}"}, string(first)+string(last)):
		return wrong("take the brackets away: they would be part of the secret", "the secret is in brackets")
	case f != inJSON && (strings.ContainsRune(",;%\\", last) || strings.HasSuffix(s, `\n`)):
		return wrong("take it away, unless the secret in the store has it too: then write {\"kid\": \"secret\"}", "the secret ends in a comma, semicolon, percent sign or backslash, as if copied with the text after it")
	case strings.HasPrefix(s, "-----BEGIN"):
		return wrong(newKeyHint, "it is a PEM block, not the secret of signed links")
	case f != bare && f != variable && strings.HasPrefix(s, "=") || f == line && strings.HasPrefix(s, ">"):
		return wrong("write kid=secret, with one =", "the secret begins with %c", first)
	case f == line && comment.MatchString(s):
		return wrong("put the comment on a line of its own; if it is part of the secret, write {\"kid\": \"secret\"}", "a comment follows the secret, and would be part of it")
	case reference.MatchString(s):
		return wrong("put the secret itself there", "it is a reference or a placeholder that nothing has replaced")
	case assignment.MatchString(s), f != line && f != inJSON && column.MatchString(s):
		return wrong("write kid=secret, as in k2=…, without spaces, quotes or export", "it looks like a setting, NAME=value, and not like a secret")
	}
	return nil
}

// validateRandom refuses a text that is clearly not random. It does not measure
// strength.
func validateRandom(s string, _ form) *Error {
	switch {
	case len(s) < MinSecret:
		return wrong(newKeyHint, "the secret is unfit: shorter than %d bytes", MinSecret)
	case len(s) > contract.MaxSecret:
		return wrong(newKeyHint, "the secret is unfit: longer than the %d bytes that a secret store takes", contract.MaxSecret)
	case sample.MatchString(s):
		return wrong(newKeyHint, "the secret is unfit: it is the sample text of an example, which everybody knows")
	case variety(s) < 8, repeats(s), climbs(s):
		return wrong(newKeyHint+"; a link that is signed with this one can be forged by guessing", "the secret is unfit: it is not random text, but one character or pattern over and over")
	}
	return nil
}

// variety counts the different bytes. Of 32 random hexadecimal digits, the
// poorest alphabet in use, fewer than 8 are different once in 10^9 times.
func variety(s string) int {
	seen := map[byte]bool{}
	for i := range len(s) {
		seen[s[i]] = true
	}
	return len(seen)
}

// shortPiece is the longest piece that people repeat by hand.
const shortPiece = 12

// repeats reports whether s is one piece, repeated. For a short piece three
// quarters of s are enough: other text before or after does not make it random.
// Random hexadecimal digits do that less than once in 10^12 times.
func repeats(s string) bool {
	for period := 1; period <= len(s)/2; period++ {
		same := 0
		for i := period; i < len(s); i++ {
			if s[i] == s[i-period] {
				same++
			}
		}
		if all := len(s) - period; same == all || period <= shortPiece && 4*same >= 3*all {
			return true
		}
	}
	return false
}

// climbs reports whether most bytes follow the one before, as in abcdefgh… and
// 0123456789….
func climbs(s string) bool {
	n := 0
	for i := 1; i < len(s); i++ {
		if d := int(s[i]) - int(s[i-1]); d >= -1 && d <= 1 {
			n++
		}
	}
	return 4*n >= 3*(len(s)-1)
}
