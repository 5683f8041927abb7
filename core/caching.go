package core

import (
	"strings"

	"github.com/clickedge/clickedge/core/destination"
)

// noStore is the Cache-Control of redirects, pages and replies (answer.go,
// page.go), and of an ESP's redirect that has none (answeredits.go): a click that
// is answered from a cache is not counted.
const noStore = "no-store"

// cachedByDefault reports whether browsers cache a redirect with this status
// when no directive says so (RFC 9110, 15.1). The ESP's own directives are
// kept.
func cachedByDefault(status int) bool { return status == 301 || status == 308 }

// cacheDirectives are the directives of Cache-Control that say whether an
// answer may be cached, or for how long.
var cacheDirectives = [...]string{
	"no-store", "no-cache", "private", "public", "max-age", "s-maxage", "must-understand", "immutable",
}

// hasCacheDirective reports whether one of the values of Cache-Control, each
// followed by a NUL, has such a directive.
func hasCacheDirective(values string) bool {
	for rest := strings.ReplaceAll(values, "\x00", ","); rest != ""; {
		var directive string
		directive, rest, _ = strings.Cut(rest, ",")
		name, _, _ := strings.Cut(directive, "=")
		name = destination.Lower(strings.TrimSpace(name))
		for _, k := range cacheDirectives {
			if name == k {
				return true
			}
		}
	}
	return false
}
