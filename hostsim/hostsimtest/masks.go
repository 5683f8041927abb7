package hostsimtest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// masked stands for what is different each time.
const masked = "(masked)"

// masks are what a golden file does not have.
type masks struct {
	fields []string // names, in lower case
	texts  []*regexp.Regexp
}

var loopbackPort = regexp.MustCompile(`(127\.0\.0\.1|localhost|\[::1\]):\d+`)

func newMasks() masks { return masks{fields: []string{"date", "age", "expires"}} }

func (m *masks) text(text string) string {
	text = loopbackPort.ReplaceAllString(text, "$1:"+masked)
	for _, expression := range m.texts {
		text = expression.ReplaceAllLiteralString(text, masked)
	}
	return text
}

func (m *masks) describe() string {
	names := slices.Compact(slices.Sorted(slices.Values(m.fields)))
	list := fmt.Sprintf("Masked: the fields %s; ports of this machine", strings.Join(names, ", "))
	for _, expression := range m.texts {
		list += "; " + strconv.Quote(expression.String())
	}
	return list + "."
}

// oneLine quotes a text that an editor would not show as it is.
func oneLine(text string) string {
	for _, r := range text {
		if r == utf8.RuneError || r != '\t' && !unicode.IsPrint(r) {
			return strconv.Quote(text)
		}
	}
	return text
}
