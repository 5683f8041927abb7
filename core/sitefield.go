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
	case isManaged(name):
		return "is managed for every site: it is set, removed or passed on"
	case isIn(overrides, name):
		return "replaces the method or the target of a request, which reach the origin as they came"
	case isIn(messagePrefixes, first):
		return "describes the message, its body or its connection"
	}
	return ""
}

// isManaged reports whether a request field, by its name in lower case, is
// clickedge's or the platform's to set, to remove or to judge by.
func isManaged(name string) bool {
	return header.Lookup(name) != 0 || isIn(managedNames, name) || strings.HasPrefix(name, "fastly-") || strings.HasPrefix(name, "x-forwarded-")
}

// NextAlias cuts the first name off a list, a NUL after each, that a server may
// take for another one: for a field that is managed, or that the site sets. With
// it a reader could say, for instance, whose proxy a request came through:
// X_Postal_Track_Host beside our X-Postal-Track-Host. The name is "" when none
// is left.
//
// Only the underscore is looked at. A server that takes any other sign for a
// hyphen must be told not to.
func (o *Origin) NextAlias(names string) (name, rest string) {
	for rest = names; rest != ""; {
		name, rest = header.Next(rest)
		if folded, has := header.Folded(name); has && (isManaged(folded) || o.sets(folded)) {
			return name, rest
		}
	}
	return "", ""
}

// sets reports whether the site sets a field of this name, in lower case.
func (o *Origin) sets(name string) bool {
	for rest := o.Headers; rest != ""; {
		var set string
		if set, rest = header.Next(rest); set == name {
			return true
		}
		_, rest = header.Next(rest)
	}
	return false
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
