package probe

import (
	"slices"
	"strconv"
	"strings"
)

// unsubscribeWords occur in addresses of unsubscribe pages, in the languages of
// much mail. As unsubscribing cannot be undone, a page about unsubscribing is
// refused too.
var unsubscribeWords = []string{
	"unsub", "optout", "opt-out", "opt_out", "abmeld", "abbestell", "desinscri", "desabonn",
	"desuscri", "cancelar-suscripcion", "disiscri", "uitschrijv", "afmeld", "wypisz",
}

// SaysUnsubscribe reports whether an address, or a part of one, has such a
// word, escaped or not. Core knows the forms of each ESP; this is for all other
// addresses.
func SaysUnsubscribe(target string) bool {
	plain := strings.ToLower(Unescape(target))
	return slices.ContainsFunc(unsubscribeWords, func(word string) bool { return strings.Contains(plain, word) })
}

// Unescape decodes %XX once and leaves a lone % as it is.
func Unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}
