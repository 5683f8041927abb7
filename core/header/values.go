package header

import "github.com/clickedge/clickedge/core/word"

// Next cuts the first value off a list whose values are each followed by a NUL.
func Next(list string) (value, rest string) {
	if n := word.Index(list, 0); n >= 0 {
		return list[:n], list[n+1:]
	}
	return list, ""
}

// First returns the first value of a list that is not empty.
func First(list string) string {
	first, rest := Next(list)
	for first == "" && rest != "" {
		first, rest = Next(rest)
	}
	return first
}

// AppendJoined appends the values of a list as one, separated by commas, as one
// field of them all would have it (RFC 9110, 5.3).
func AppendJoined(dst []byte, list string) []byte {
	for first := true; list != ""; first = false {
		var value string
		value, list = Next(list)
		if !first {
			dst = append(dst, ", "...)
		}
		dst = append(dst, value...)
	}
	return dst
}
