package header

import "github.com/clickedge/clickedge/core/word"

// Next cuts the first value off a list, in which a NUL follows each value.
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

// AppendJoined appends the values of a list as one value, separated by commas,
// which has the same meaning (RFC 9110, 5.3).
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
