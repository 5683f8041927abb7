package main

import "github.com/clickedge/clickedge/core/word"

// splitURI cuts an absolute URI into scheme, authority and raw target. The
// target is what follows the authority, byte for byte; a client that sent none
// asked for "/".
func splitURI(uri string) (scheme, authority, target string) {
	scheme, rest := "https", ""
	switch {
	case word.HasPrefix(uri, "https://"):
		rest = uri[len("https://"):]
	case word.HasPrefix(uri, "http://"):
		scheme, rest = "http", uri[len("http://"):]
	default:
		return "", "", uri
	}
	i := 0
	for ; i+8 <= len(rest); i += 8 {
		w := word.At(rest, i)
		if m := word.Zeros(w^'/'*word.Ones) | word.Zeros(w^'?'*word.Ones) | word.Zeros(w^'#'*word.Ones); m != 0 {
			i += word.First(m)
			return scheme, rest[:i], rest[i:]
		}
	}
	for ; i < len(rest); i++ {
		if c := rest[i]; c == '/' || c == '?' || c == '#' {
			return scheme, rest[:i], rest[i:]
		}
	}
	return scheme, rest, "/"
}
