package core

import (
	"strings"

	"github.com/clickedge/clickedge/core/header"
)

// A site may set request fields of its own ([Origin.Headers]). This file says
// which it may not.

// RefusedHeader says why a site may not set a request field of this name, which
// is in lower case; "" if it may.
func RefusedHeader(name string) string {
	bit, first := header.Lookup(name), name
	if i := strings.IndexByte(name, '-'); i >= 0 {
		first = name[:i+1]
	}
	switch {
	case mayBeSecret(name):
		return "may hold a secret, and what stands here is read by whoever reads the module or the config store"
	case bit&readers != 0 || isIn(readersNames, name):
		return "is the reader's, by which the origin knows readers and what they accept"
	case bit != 0 || isIn(managedNames, name) || first == "fastly-" || strings.HasPrefix(name, "x-forwarded-"):
		return "is managed for every site: it is set, removed or passed on"
	case isIn(overrides, name):
		return "replaces the method or the target of a request, which reach the origin as they came"
	case isIn(messagePrefixes, first):
		return "describes the message, its body or its connection"
	}
	return ""
}

// readers are the fields that a request is only judged by.
const readers = header.UserAgent | header.Accept | header.AcceptLanguage | header.From | header.SignatureAgent |
	header.FetchSite | header.FetchMode | header.FetchDest | header.FetchUser |
	header.SecPurpose | header.Purpose | header.XPurpose | header.XMoz

// Names and words, beside those of package header, with a space around each.
const (
	readersNames    = " referer origin range dnt x-real-ip x-client-ip true-client-ip "
	managedNames    = " host forwarded via expect "
	overrides       = " x-http-method-override x-method-override x-http-method x-original-url x-rewrite-url "
	messagePrefixes = " content- transfer- accept- if- sec- proxy- surrogate- "
	secretWords     = " auth authorization authentication key apikey token secret password passwd pass credential credentials" +
		" session signature bearer jwt verify cookie "
)

// mayBeSecret looks for a word of the name by which credentials are called.
func mayBeSecret(name string) bool {
	for rest := name; rest != ""; {
		var word string
		if word, rest, _ = strings.Cut(rest, "-"); isIn(secretWords, word) {
			return true
		}
	}
	return false
}

func isIn(words, word string) bool { return strings.Contains(words, " "+word+" ") }
