package probe

import (
	"strconv"
	"strings"
)

// unsubscribeWords are what addresses say by which people leave a list, in the
// languages in which much mail is written. A click counts, this cannot be
// undone: a page about unsubscribing is refused too rather than asked.
var unsubscribeWords = []string{
	"unsub", "optout", "opt-out", "opt_out", "abmeld", "abbestell", "desinscri", "desabonn",
	"desuscri", "cancelar-suscripcion", "disiscri", "uitschrijv", "afmeld", "wypisz",
}

// SaysUnsubscribe tells whether an address, or a part of one, has a word by
// which people leave a list, escaped or not. Forms that only one ESP has are
// core's to know; this is for what is nobody's.
func SaysUnsubscribe(target string) bool {
	plain := strings.ToLower(Unescape(target))
	for _, word := range unsubscribeWords {
		if strings.Contains(plain, word) {
			return true
		}
	}
	return false
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
