package keyring

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/clickedge/clickedge/core/signed"
)

// otherID finds the key id in a file's name, if it is not kid: the k1 of
// k1.key, old-k1.txt, key-1.txt, 1.key, CLICKEDGE_KEY_K1 and k1/secret. known
// are the ids that the operator has; "" is none.
//
// A word of the name is an id if it is one of those, or has a usual form: k1,
// key1, kid1, or kid's own letters with another number. The number may be a
// word of its own, or the whole name, except in /dev/fd/63, which is a shell's.
func otherID(file, kid string, known []string) string {
	file = strings.ToLower(filepath.ToSlash(file))
	dir, base := filepath.Base(filepath.Dir(file)), filepath.Base(file)
	if saysAnother(dir, kid, known) {
		return dir
	}
	for _, w := range candidates(base) {
		if saysAnother(w, kid, known) {
			return w
		}
	}
	if _, number := cutNumber(kid); number != "" && dir != "fd" && otherNumber(base, number) {
		return strings.TrimSuffix(base, filepath.Ext(base))
	}
	return ""
}

// words are those of a file's name, in lower case.
func words(file string) []string {
	base := strings.ToLower(filepath.Base(file))
	return strings.FieldsFunc(base, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// joined is an id followed by more letters, as in k1old and k1k2. A single
// letter may make another word: k8s.
var joined = regexp.MustCompile(`^((?:k|key|kid|secret)[0-9]+)[a-z][a-z0-9]+$`)

// candidates are the words of a name and what may be read as one: key-1 as
// key1, k1old as k1.
func candidates(file string) (all []string) {
	list := words(file)
	for i, w := range list {
		all = append(all, w)
		if i > 0 && isUsual(list[i-1]) && len(w) < 4 && strings.Trim(w, "0123456789") == "" {
			all = append(all, list[i-1]+w)
		}
		if m := joined.FindStringSubmatch(w); m != nil {
			all = append(all, m[1])
		}
	}
	return all
}

// isUsual reports whether letters often precede the number of a key.
func isUsual(letters string) bool {
	return slices.Contains([]string{"k", "key", "kid", "secret"}, letters)
}

// otherNumber reports whether a name without its extension is a number other
// than this. A longer number is a date.
func otherNumber(base, number string) bool {
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	return len(stem) >= 1 && len(stem) < 4 && strings.Trim(stem, "0123456789") == "" && stem != number
}

func saysAnother(word, kid string, known []string) bool {
	if word == kid || !signed.IsKeyID(word) {
		return false
	}
	if slices.Contains(known, word) {
		return true
	}
	letters, number := cutNumber(word)
	kidLetters, kidNumber := cutNumber(kid)
	return number != "" && (isUsual(letters) && number != kidNumber || letters == kidLetters && letters != "")
}

// cutNumber cuts the digits off the end.
func cutNumber(s string) (letters, number string) {
	letters = strings.TrimRight(s, "0123456789")
	return letters, s[len(letters):]
}
