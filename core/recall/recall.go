// Package recall has the rules by which a link in a mail that has been sent is
// corrected or withdrawn. A rule compares where a reader is about to be sent.
// [ReadFrom] reads what it compares with, [Rules] are those of a site, and
// [Rules.Match] finds the one that applies.
package recall

import (
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/word"
)

// Max is the most rules of a site: each click looks at all of them.
const Max = 100

// From is what a rule compares with: a URL, or all that begin like one. It is
// in the form in which browsers would send it, so that two that differ in
// nothing that a browser sees are equal.
type From struct {
	TLS    bool
	Prefix bool
	Port   uint16
	Host   string // in lower case
	Rest   string // path and query, at least "/"
}

// Fault says why a text is not a From.
type Fault struct{ Problem, Hint string }

// Wildcard at the end of a text means that a URL may go on.
const Wildcard = "*"

// ReadFrom reads a whole URL, or the beginning of one and [Wildcard]. The
// problem of the fault is "" if the text is one.
func ReadFrom(text string) (From, Fault) {
	url, prefix := strings.CutSuffix(text, Wildcard)
	url = destination.LowerScheme(url)
	if f := checkFrom(url, prefix); f.Problem != "" {
		return From{}, f
	}
	if prefix {
		url += "x" // so that "/a/.*" ends in no dot segment
	}
	u, ok := destination.ReadLocation(url, true, "")
	switch {
	case !ok || u.Host == "":
		return From{}, Fault{"is not a URL that a browser opens", `write one like "https://shop.example.com/sale"`}
	case u.Host == destination.UnreadHost:
		return From{}, Fault{"has a host that is not ASCII, or is too long", "write the name in ASCII, as DNS has it (xn--…)"}
	}
	rest := destination.AppendSent(nil, u.Rest)
	if prefix {
		rest = rest[:len(rest)-1]
	}
	f := From{TLS: u.TLS, Prefix: prefix, Port: u.Port, Host: u.Host, Rest: string(rest)}
	// Browsers write some bytes as three, and three in a host as one. What comes
	// of that must be a rule as well.
	if fault := checkFrom(strings.TrimSuffix(f.String(), Wildcard), prefix); fault.Problem != "" {
		return From{}, Fault{fault.Problem + ", as browsers send it", fault.Hint}
	}
	return f, Fault{}
}

// checkFrom checks what a browser would repair or ignore without a word.
func checkFrom(url string, prefix bool) Fault {
	rest, tls := strings.CutPrefix(url, "https://")
	rest, plain := strings.CutPrefix(rest, "http://")
	host := rest[:authorityEnd(rest)]
	switch {
	case len(url) > destination.MaxLength:
		return Fault{"has " + strconv.Itoa(len(url)) + " bytes; a URL has at most " + strconv.Itoa(destination.MaxLength), ""}
	case !tls && !plain || host == "":
		return Fault{"is not an http or https URL", hintURL(url, prefix)}
	case hasControl(url) || rest[len(rest)-1] == ' ':
		return Fault{"has a control character, or a space at its end", "write it without"}
	case strings.Contains(host, "@"):
		return Fault{"has user info before its host", "write it without: browsers compare none"}
	case strings.Contains(host, Wildcard):
		return Fault{"has a wildcard in its host", `name the host; a "*" stands at the very end`}
	case prefix && len(host) == len(rest):
		return Fault{"may go on within its host", hintWhole(url, host)}
	case strings.Contains(rest, "#"):
		return Fault{`has a "#"`, "a rule does not see what follows it, and would meet every link to the page: end the URL before it"}
	case prefix && inEscape(rest):
		return Fault{"ends within an escape", "end it before the %, or after its two digits"}
	}
	return Fault{}
}

// hintURL says how to write a URL. Only a text that begins like a host is
// repeated.
func hintURL(url string, prefix bool) string {
	end := destination.HostEnd(url)
	if !destination.IsHost(url[:end]) || end < len(url) && url[end] != '/' || len(url) > 200 {
		return `write one like "https://shop.example.com/sale", or the beginning of one and a "*"`
	}
	url = "https://" + url
	switch {
	case prefix && end+len("https://") == len(url):
		url += "/" + Wildcard
	case prefix:
		url += Wildcard
	}
	return "write " + strconv.Quote(url)
}

// hintWhole says how to write a prefix that ends in its host.
func hintWhole(url, host string) string {
	const why = "without the slash another host that begins alike would be met"
	if !destination.IsHost(host) {
		return `end it in "/*": ` + why
	}
	return "write " + strconv.Quote(url+"/"+Wildcard) + " for all of the host: " + why
}

func authorityEnd(rest string) int {
	if i := strings.IndexAny(rest, `/\?#`); i >= 0 {
		return i
	}
	return len(rest)
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// inEscape reports whether a text ends within "%XX".
func inEscape(s string) bool {
	n := len(s)
	return n > 0 && s[n-1] == '%' || n > 1 && s[n-2] == '%' && destination.HexValue(s[n-1]) < 16
}

// String returns the text that [ReadFrom] reads as f, with its default port
// left out.
func (f From) String() string {
	text, usual := "http://", uint16(80)
	if f.TLS {
		text, usual = "https://", 443
	}
	text += f.Host
	if f.Port != usual {
		text += ":" + strconv.Itoa(int(f.Port))
	}
	if text += f.Rest; f.Prefix {
		text += Wildcard
	}
	return text
}

// IsWide reports whether f meets every URL of its host.
func (f From) IsWide() bool { return f.Prefix && f.Rest == "/" }

// OtherScheme returns f for the same text behind the other of http and https.
// ok is false if f names a port that is not its scheme's.
func (f From) OtherScheme() (other From, ok bool) {
	usual, next := uint16(80), uint16(443)
	if f.TLS {
		usual, next = next, usual
	}
	ok = f.Port == usual
	f.TLS, f.Port = !f.TLS, next
	return f, ok
}

// Covers reports whether f meets all that g meets.
func (f From) Covers(g From) bool {
	if f.TLS != g.TLS || f.Port != g.Port || f.Host != g.Host {
		return false
	}
	if f.Prefix {
		return strings.HasPrefix(g.Rest, f.Rest)
	}
	return !g.Prefix && f.Rest == g.Rest
}

// Meets reports whether f meets a URL.
func (f From) Meets(url string) bool {
	u, ok := destination.ReadLocation(url, f.TLS, "")
	if !ok {
		return false
	}
	_, _, ok = Rules("").Append(Rule{From: f}).Match(u)
	return ok
}

// Rule is one rule of a site.
type Rule struct {
	From From
	To   string // "" where the link is gone
}

// Rules are the rules of a site as one text, in their order. Each is
//
//	2  length of the rest of from
//	2  length of to, 0 where the link is gone
//	2  port of from
//	1  flags, bit 0 first: tls, prefix
//	1  length of the host of from
//	   host, rest, to
//
// with little-endian numbers. Reading stops at a rule that is cut.
type Rules string

const (
	ruleFixed = 8

	flagTLS    = 1
	flagPrefix = 2
)

// Append returns the rules with one more. No text may be longer than
// [destination.MaxLength], no host longer than [destination.MaxHost].
func (l Rules) Append(r Rule) Rules {
	f, flags := r.From, byte(0)
	if f.TLS {
		flags |= flagTLS
	}
	if f.Prefix {
		flags |= flagPrefix
	}
	head := [ruleFixed]byte{byte(len(f.Rest)), byte(len(f.Rest) >> 8), byte(len(r.To)), byte(len(r.To) >> 8), byte(f.Port), byte(f.Port >> 8), flags, byte(len(f.Host))}
	return l + Rules(head[:]) + Rules(f.Host) + Rules(f.Rest) + Rules(r.To)
}

// cut cuts the first rule off. ok is false if none is left, or it is not whole.
func (l Rules) cut() (r Rule, rest Rules, ok bool) {
	if len(l) < ruleFixed {
		return r, "", false
	}
	from, to, host := number(l, 0), number(l, 2), int(l[7])
	if len(l)-ruleFixed < from+to+host {
		return r, "", false
	}
	r.From = From{TLS: l[6]&flagTLS != 0, Prefix: l[6]&flagPrefix != 0, Port: uint16(number(l, 4))}
	l = l[ruleFixed:]
	r.From.Host, l = string(l[:host]), l[host:]
	r.From.Rest, l = string(l[:from]), l[from:]
	r.To = string(l[:to])
	return r, l[to:], true
}

func number(l Rules, i int) int { return int(l[i]) | int(l[i+1])<<8 }

// List returns the rules one by one.
func (l Rules) List() (list []Rule) {
	for r, rest, ok := l.cut(); ok; r, rest, ok = rest.cut() {
		list = append(list, r)
	}
	return list
}

// Match returns the index of the first rule that meets a URL, and where it
// sends the reader: "" if the link is gone. ok is false if none does. u must
// not be relative. Only a path with dot segments, on a host that a rule names,
// is allocated.
func (l Rules) Match(u destination.Location) (index int, to string, ok bool) {
	for r, rest, more := l.cut(); more; r, rest, more = rest.cut() {
		if r.From.TLS == u.TLS && r.From.Port == u.Port && word.Equal(r.From.Host, u.Host) && r.From.meetsRest(u.Rest) {
			return index, r.To, true
		}
		index++
	}
	return 0, "", false
}

// meetsRest compares path and query.
func (f *From) meetsRest(rest string) bool {
	s := destination.SentOf(rest)
	for i := range len(f.Rest) {
		if c, ok := s.Next(); !ok || c != f.Rest[i] {
			return false
		}
	}
	_, more := s.Next()
	return f.Prefix || !more
}
