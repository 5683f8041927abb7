package main

import "github.com/clickedge/clickedge/core/word"

// splitURI splits an absolute URI into scheme, authority and raw target. The
// target is what follows the authority, byte for byte, or "/" if nothing does.
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
	for i := 0; i < len(rest); i++ {
		// Letters are above "?". Plain, without that look: +97 instructions a
		// click (signed), +89 (decoded, proxied).
		if c := rest[i]; c <= '?' && (c == '/' || c == '?' || c == '#') {
			return scheme, rest[:i], rest[i:]
		}
	}
	return scheme, rest, "/"
}
