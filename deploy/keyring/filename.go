package keyring

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// NamedAfter is the key id that the name of a file says, where that is not kid;
// "" for none.
func NamedAfter(file, kid string) string { return otherID(file, kid, nil) }

// otherID finds the key id that a file's name says, if it is not kid: the k1 of
// k1.key, old-k1.txt, CLICKEDGE_KEY_K1 and k1/secret. known are the ids that the
// operator has; "" is none.
//
// A word of the name is an id where it is one of those, or has the form of one
// that people give: k1, key1, kid1, or kid's own letters with another number.
func otherID(file, kid string, known []string) string {
	file = strings.ToLower(filepath.ToSlash(file))
	dir, base := filepath.Base(filepath.Dir(file)), filepath.Base(file)
	if dir != kid && slices.Contains(known, dir) {
		return dir
	}
	for _, w := range words(base) {
		if saysAnother(w, kid, known) {
			return w
		}
	}
	return ""
}

// words are those of a file's name, in lower case.
func words(file string) []string {
	base := strings.ToLower(filepath.Base(file))
	return strings.FieldsFunc(base, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func saysAnother(word, kid string, known []string) bool {
	if word == kid || !IsID(word) {
		return false
	}
	if slices.Contains(known, word) {
		return true
	}
	letters, number := cutNumber(word)
	kidLetters, kidNumber := cutNumber(kid)
	usual := letters == "k" || letters == "key" || letters == "kid"
	return number != "" && (usual && number != kidNumber || letters == kidLetters && letters != "")
}

// cutNumber cuts the digits off the end.
func cutNumber(s string) (letters, number string) {
	letters = strings.TrimRight(s, "0123456789")
	return letters, s[len(letters):]
}
