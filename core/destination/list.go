package destination

import "github.com/clickedge/clickedge/core/word"

// List is a site's list as one text, as a table of sites has it: for each
// [Pattern] a byte with its length, then the pattern.
type List string

// Match reports whether a host in lower case is listed.
func (l List) Match(host string) bool {
	list := string(l)
	for len(list) > 0 {
		n := int(list[0])
		if n >= len(list) {
			return false
		}
		item := list[1 : 1+n]
		list = list[1+n:]
		switch {
		case n > 1 && item[0] == '*':
			if cut := len(host) - (n - 1); cut > 0 && word.Equal(host[cut:], item[1:]) {
				return true
			}
		case word.Equal(host, item):
			return true
		}
	}
	return false
}
