package follow

import (
	"slices"
	"strings"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// maxCookies bounds, in bytes, what one host can have sent back to it.
const maxCookies = 4 << 10

// jar holds the cookies of a walk by scheme, host and port. Some pages redirect
// a reader to themselves to test cookies, so cookies are sent back to the host
// that set them. Domain is ignored, so they go nowhere else.
type jar map[string][]string

// keep stores the cookies of an answer; one with a known name replaces the old
// one.
func (j jar) keep(u *webURL, header wire.Header) {
	for _, set := range header.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(set, ";")
		name, _, ok := strings.Cut(pair, "=")
		if !ok || strings.TrimSpace(name) == "" {
			continue
		}
		kept := slices.DeleteFunc(j[u.origin()], func(old string) bool { return strings.HasPrefix(old, name+"=") })
		j[u.origin()] = append(kept, strings.TrimSpace(pair))
	}
}

// field is the Cookie field for an address, "" for none.
func (j jar) field(u *webURL) string {
	text := strings.Join(j[u.origin()], "; ")
	if len(text) > maxCookies {
		return ""
	}
	return text
}
