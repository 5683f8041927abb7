package main

import "github.com/clickedge/clickedge/core/word"

const (
	versionName, traceName = "FASTLY_SERVICE_VERSION=", "FASTLY_TRACE_ID="
	// Their first eight bytes, and the next eight, as word.At reads them.
	fastly      = 'F' | 'A'<<8 | 'S'<<16 | 'T'<<24 | 'L'<<32 | 'Y'<<40 | '_'<<48
	versionWord = fastly | 'S'<<56
	versionRest = 'E' | 'R'<<8 | 'V'<<16 | 'I'<<24 | 'C'<<32 | 'E'<<40 | '_'<<48 | 'V'<<56
	traceWord   = fastly | 'T'<<56
)

// fromEnviron finds two variables in an environment in the form that WASI
// writes: text has each variable as NAME=value and a NUL, pointers are their
// addresses, and base is the address of text. A variable without its NUL is
// ignored. from is where the first of the two begins in text, its length if
// there is neither.
//
// Plain: +2,668 instructions a click of any kind by word.HasPrefix, +5,932 by
// strings.HasPrefix.
func fromEnviron(text string, pointers []uint32, base uint32) (version, traceID string, from int) {
	if len(text) < len(traceName) {
		return "", "", len(text)
	}
	last, versionAt, traceAt := uint32(len(text)-len(traceName)), len(text), len(text)
	for _, p := range pointers {
		at := p - base
		if at > last {
			continue
		}
		switch word.At(text, int(at)) {
		case versionWord:
			if word.At(text, int(at)+8) == versionRest {
				versionAt = int(at)
			}
		case traceWord:
			traceAt = int(at)
		}
	}
	return variable(text[versionAt:], versionName), variable(text[traceAt:], traceName), min(versionAt, traceAt)
}

// variable returns the value of the variable at the start of text, "" if it has
// another name.
func variable(text, name string) string {
	if !word.HasPrefix(text, name) {
		return ""
	}
	text = text[len(name):]
	if n := word.Index(text, 0); n >= 0 {
		return text[:n]
	}
	return ""
}
