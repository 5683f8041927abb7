package sitesjson

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/jsontext"
)

// maxAppLinks is the most bytes of an app-link file, without the white space
// between its values. It is Apple's limit for apple-app-site-association
// ("Supporting associated domains"). Google has none for assetlinks.json.
const maxAppLinks = 128 << 10

// appLinksReader checks the app-link files of one site: their syntax, the
// members that the platforms require, and that Apple's claims only paths that
// the ESP reserves for apps. Members that the platforms ignore are ignored
// here. Each platform's own rules are in applelinks.go and androidlinks.go.
type appLinksReader struct {
	*siteReader
	way string // to what is being read
	ids int    // app ids of the entry
}

// appClaim is a pattern of paths that an app claims. It is checked when the
// site's ESP is known.
type appClaim struct {
	at      int
	way     string // to it
	pattern string // "" where no path is named: then all are claimed
}

// setAppLinks reads the object app_links.
func (c *siteReader) setAppLinks() {
	c.site.AppLinks = &core.AppLinks{}
	a := &appLinksReader{siteReader: c}
	c.r.Object(func(name jsontext.Text) {
		a.way = c.path("app_links.", pathName(name.Bytes))
		links := c.site.AppLinks
		switch file, kind := string(name.Bytes), c.r.Next(); {
		case file == "apple" && links.Apple == "":
			links.Apple = a.file(kind, '{', a.apple)
		case file == "android" && links.Android == "":
			links.Android = a.file(kind, '[', a.android)
		default:
			a.stranger(name, file == "apple" || file == "android")
		}
	})
}

func (a *appLinksReader) stranger(name jsontext.Text, again bool) {
	problem, hint := "unknown field", `the fields are "apple" and "android"`
	if again {
		problem, hint = "given twice", "keep one"
	}
	a.fault(name.At, problem, hint)
	a.r.Skip()
}

// fault reports a mistake at a.way.
func (a *appLinksReader) fault(at int, problem, hint string) {
	a.bad[fieldAppLinks] = true
	a.mistakes.add(at, a.way, problem, hint)
}

// file reads one file: its object or list, or its name. It returns the text
// that is served, never "".
func (a *appLinksReader) file(kind, wanted byte, check func()) string {
	start := a.r.At()
	if kind == '"' {
		a.named(a.r.Text(), start)
		return unread
	}
	a.of(wanted, check)
	if a.r.Failed() {
		return unread
	}
	text := a.r.Since(start)
	if !utf8.Valid(text) {
		a.fault(start, "is not UTF-8", "")
	}
	if text = compact(text); len(text) > maxAppLinks {
		a.fault(start, "has "+strconv.Itoa(len(text))+" bytes; Apple takes "+strconv.Itoa(maxAppLinks), "claim fewer paths")
	}
	return string(text)
}

// unread stands for a file that has not been read. It is never served.
const unread = "?"

// of reads a value of one kind, given by its first byte, or reports a value of
// another kind.
func (a *appLinksReader) of(kind byte, read func()) {
	if e := a.want(kind); e != nil {
		a.bad[fieldAppLinks] = true
		a.misfit(e, a.way)
		return
	}
	read()
}

// below reads a value one step further down the path.
func (a *appLinksReader) below(step string, read func()) {
	before := a.way
	a.way += step
	read()
	a.way = before
}

// members reads an object. It calls the function in each for a member of that
// name, and skips all others. It reports a required member that is missing, and
// a repeated one: platforms differ in which of two they use.
func (a *appLinksReader) members(each map[string]func(), required ...string) {
	at, seen := a.r.At(), map[string]bool{}
	a.r.Object(func(jt jsontext.Text) {
		name := string(jt.Bytes)
		switch read := each[name]; {
		case read == nil:
			a.r.Skip()
		case seen[name]:
			a.below("."+name, func() { a.fault(jt.At, "given twice", "keep one") })
			a.r.Skip()
		default:
			seen[name] = true
			a.below("."+name, read)
		}
	})
	for _, name := range required {
		if !seen[name] && !a.r.Failed() {
			a.below("."+name, func() { a.fault(at, "is missing", "") })
		}
	}
}

// list reads a list of at least one value of this kind.
func (a *appLinksReader) list(kind byte, each func()) func() {
	return func() { a.of('[', func() { a.items(kind, each) }) }
}

func (a *appLinksReader) items(kind byte, each func()) {
	at, empty := a.r.At(), true
	a.r.List(func(i int) {
		empty = false
		a.below("["+strconv.Itoa(i)+"]", func() { a.of(kind, each) })
	})
	if empty && !a.r.Failed() {
		a.fault(at, "is empty", "")
	}
}

// text reads a string, which must begin here.
func (a *appLinksReader) text() (at int, s string) {
	t := a.r.Text()
	if t.Odd != "" {
		a.fault(t.At, t.Odd, "")
	}
	return t.At, string(t.Bytes)
}

// compact returns a copy of JSON without the white space between its values.
func compact(text []byte) []byte {
	out := make([]byte, 0, len(text))
	quoted := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\':
			out = append(out, c)
			i++
			c = text[i]
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			continue
		}
		out = append(out, c)
	}
	return slices.Clip(out)
}

// appPaths says which paths the ESP reserves for apps. ok is false if it
// reserves none; then every path may be claimed.
func appPaths(f esp.Family) (what string, fits func(string) bool, ok bool) {
	switch f {
	case esp.FamilySendGrid:
		return `"/uni/*"`, func(p string) bool { return strings.HasPrefix(p, "/uni/") }, true
	case esp.FamilySparkPost:
		return `"/f/<sublink>/*" with a sublink other than "a"`, isSublinkPath, true
	}
	return "", nil, false
}

// isSublinkPath reports whether a pattern is within one of SparkPost's sublinks
// other than the default one.
func isSublinkPath(p string) bool {
	p, ok := strings.CutPrefix(p, "/f/")
	sublink, _, under := strings.Cut(p, "/")
	return ok && under && sublink != "" && sublink != "a" && !strings.ContainsAny(sublink, "*?")
}

// relateAppLinks checks the files against the ESP.
func (c *siteReader) relateAppLinks() {
	links := c.site.AppLinks
	switch {
	case links == nil || c.bad[fieldAppLinks]:
		return
	case *links == core.AppLinks{}:
		c.mistake(fieldAppLinks, c.at[fieldAppLinks], "is empty", `give "apple", "android" or both, or leave it out`)
	case c.proxied() && c.esp.Sender() == esp.FamilyIterable:
		c.mistake(fieldAppLinks, c.at[fieldAppLinks], "does not go with esp "+quote([]byte(c.esp.Preset)), "Iterable serves these files itself: leave it out")
	case c.proxied():
		c.checkClaims()
	}
	if last := c.lastAppLinks; last != nil && *last == *links {
		c.site.AppLinks = last
	}
	c.lastAppLinks = c.site.AppLinks
}

// checkClaims reports claimed paths that the ESP does not reserve for apps: an
// app that claims all paths opens clicks that it cannot follow, and unsubscribe
// links.
func (c *siteReader) checkClaims() {
	what, fits, ok := appPaths(c.esp.Family)
	for _, claim := range c.claims {
		if !ok || fits(claim.pattern) {
			continue
		}
		c.bad[fieldAppLinks] = true
		problem := "claims " + strconv.Quote(claim.pattern)
		if claim.pattern == "" {
			problem = "claims every path"
		}
		c.mistakes.add(claim.at, claim.way, problem+"; the links of esp "+quote([]byte(c.esp.Preset))+" for apps are "+what, "")
	}
}
