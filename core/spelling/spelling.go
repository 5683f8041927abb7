// Package spelling finds the word that was meant by a misspelled one.
package spelling

import "strings"

// MaxWord is the longest word, in bytes, for which a hint is searched: the work
// grows with the square of its length.
const MaxWord = 64

// Closest returns the candidate with the least edit distance from word, at most
// one edit in three letters and two in all. Letter case, "-" and "_" do not
// count.
func Closest(word string, candidates []string) string {
	if len(word) > MaxWord {
		return ""
	}
	word = Fold(word)
	best, found := min(len(word)/3, 2)+1, ""
	for _, c := range candidates {
		if d := Distance(word, Fold(c)); d < best {
			best, found = d, c
		}
	}
	return found
}

// Fold returns a word in lower case, without "-" and "_".
func Fold(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(s), "-", ""), "_", "")
}

// Distance is the number of letters to insert, delete, replace or swap with
// their neighbour to turn a into b (optimal string alignment: no part is edited
// twice).
func Distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			replaced := last[j]
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, replaced)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
