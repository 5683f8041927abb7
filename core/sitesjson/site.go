package sitesjson

import (
	"slices"
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/jsontext"
	"github.com/clickedge/clickedge/core/signed"
)

// siteReader reads one site: first each value by itself, then, in relate, the
// rules between values.
type siteReader struct {
	*sitesParser
	site *core.Site
	// also are the readers of the entries of also. In is the path of such an
	// entry, "also[0]"; "" for the site itself.
	also []*siteReader
	in   string
	// begin is where an entry begins.
	begin int
	// at is the offset of each field's value, 0 if it is not given: no value
	// begins at 0, where the site's bracket is.
	at [fieldsLen]int
	// bad marks values that are invalid. Rules that depend on them are not
	// checked.
	bad [fieldsLen]bool
	// on has the flags, and for fields with two choices whether the value is
	// the second.
	on [fieldsLen]bool
	// cookies is the value of that field, which has three.
	cookies core.Cookies
	// links is the value of that field.
	links esp.Family
	// esp is the preset; its name is empty if esp is missing or invalid.
	esp      core.Origin
	endpoint endpoint
	second   secondOrigin
	// unsubscribes is the value of that field.
	unsubscribes endpoint
	claims       []appClaim
	recalls      []recallEntry
	// wide are the entries of destinations that are public suffixes.
	wide   []wideEntry
	tenant string
	// headers are the site's own request fields, as core.Origin has them.
	headers string
}

// path returns the path of a part of this site for messages.
func (c *siteReader) path(words ...string) string {
	return c.fieldPath(c.site.Host, joinPath(c.in, strings.Join(words, "")))
}

// mistake reports an invalid value and marks it bad.
func (c *siteReader) mistake(f field, at int, problem, hint string) {
	c.bad[f] = true
	c.mistakes.add(at, c.path(fieldDocs[f].Name), problem, hint)
}

// member reads one field.
func (c *siteReader) member(name jsontext.Text) {
	f, ok := fieldNamed(name.Bytes)
	switch {
	case !ok:
		c.stranger(name)
		c.r.Skip()
	case c.at[f] != 0:
		c.mistakes.add(name.At, c.path(fieldDocs[f].Name), "given twice", "keep one")
		c.r.Skip()
	case c.in != "" && !c.has(f):
		c.mistakes.add(name.At, c.path(fieldDocs[f].Name), "belongs to the site, not to one of its ESPs", "write it beside \"also\"")
		c.r.Skip()
	case !c.has(f):
		c.mistakes.add(name.At, c.path(fieldDocs[f].Name), "belongs to an entry of also",
			`give the site's esp a successor, or "none", and move it to also: "also": [{"esp": "…", "retired": true}]`)
		c.r.Skip()
	default:
		c.r.Next()
		c.at[f] = c.r.At()
		c.value(f)
	}
}

func (c *siteReader) stranger(name jsontext.Text) {
	if !c.mistakes.full(name.At) {
		c.mistakes.add(name.At, c.path(pathName(name.Bytes)), "unknown field", c.hintField(string(name.Bytes)))
	}
}

func (c *siteReader) value(f field) {
	kind := [...]byte{typeText: '"', typeFlag: 't', typeList: '[', typeObject: '{', typeFlagOrText: 't'}[f.fieldType()]
	either := f.fieldType() == typeFlagOrText
	if either && c.r.Next() == '"' {
		kind = '"'
	}
	if e := c.want(kind); e != nil {
		if either {
			e.Problem = strings.TrimSuffix(e.Problem, "true or false") + fieldDocs[f].Type
		}
		if hint := f.hintType(); hint != "" && e.Hint != hintNull {
			e.Hint = hint
		}
		c.bad[f] = true
		c.misfit(e, c.path(fieldDocs[f].Name))
		return
	}
	switch kind {
	case 't':
		c.on[f] = c.flag()
	case '[':
		c.r.List(func(i int) { c.item(f, i) })
	case '{':
		if f == fieldHeaders {
			c.setHeaders()
		} else {
			c.setAppLinks()
		}
	default:
		c.text(f, c.r.Text())
	}
}

// flag reads true or false.
func (c *siteReader) flag() bool {
	is := c.r.Word("true")
	if !is && !c.r.Word("false") {
		c.r.Unexpected("a value", "")
	}
	return is
}

// text reads the value of a text field.
func (c *siteReader) text(f field, t jsontext.Text) {
	switch {
	case c.r.Failed():
	case t.Odd != "":
		c.mistake(f, t.At, t.Odd, "")
	case f == fieldESP:
		c.setESP(t)
	case f == fieldOrigin:
		c.setOrigin(t)
	case f == fieldSecond:
		c.setSecond(t)
	case f == fieldTenant:
		c.setTenant(t)
	case f == fieldRetired:
		c.setRetired(t)
	case f == fieldUnsubscribes:
		c.setUnsubscribes(t)
	case f == fieldTimeout:
		c.setTimeout(t)
	case f == fieldLogHashes:
		c.setLogHashes(t)
	case f == fieldHome:
		c.setHome(t)
	default:
		c.choose(f, t)
	}
}

func (c *siteReader) choose(f field, t jsontext.Text) {
	choices := f.choices()
	i := slices.Index(choices, string(t.Bytes))
	if f == fieldCookies {
		c.cookies = core.Cookies(max(i, 0))
	}
	if f == fieldLinks && i >= 0 {
		c.links = esp.Families()[i]
	}
	if c.on[f] = i == 1; i >= 0 || c.mistakes.full(t.At) {
		return
	}
	hint := didYouMean(string(t.Bytes), choices)
	if hint == "" {
		hint = "write " + quoteAll(choices)
	}
	c.mistake(f, t.At, "unknown value "+quote(t.Bytes), hint)
}

func (c *siteReader) setESP(t jsontext.Text) {
	name := string(t.Bytes)
	if name == core.PresetNone {
		c.esp = core.Origin{Preset: core.PresetNone}
		return
	}
	var ok bool
	if c.esp, ok = core.LookupPreset(name); !ok && !c.mistakes.full(t.At) {
		c.mistake(fieldESP, t.At, "unknown esp "+quote(t.Bytes), hintPreset(name))
	}
}

func (c *siteReader) setOrigin(t jsontext.Text) { c.endpoint = c.readEndpoint(fieldOrigin, t) }

// readEndpoint reads the URL of an origin.
func (c *siteReader) readEndpoint(f field, t jsontext.Text) endpoint {
	e, ok := parseEndpoint(string(t.Bytes))
	switch {
	case !ok:
		c.mistake(f, t.At, quoteURL(t.Bytes)+" is not the URL of an origin", hintEndpoint(string(t.Bytes)))
	case len(e.backend()) > maxBackend:
		c.mistake(f, t.At, "the host is too long to name a backend after it", "give a shorter name to the origin")
	}
	return e
}

func (c *siteReader) setTenant(t jsontext.Text) {
	c.tenant = string(t.Bytes)
	if !destination.IsLabel(c.tenant) || c.tenant != strings.ToLower(c.tenant) {
		c.mistake(fieldTenant, t.At, quote(t.Bytes)+" is not a tenant",
			"write the first label of <tenant>.et.e.sparkpost.com alone, in lower case")
	}
}

func (c *siteReader) setLogHashes(t jsontext.Text) {
	if c.site.LogHashes = string(t.Bytes); !signed.IsKeyID(c.site.LogHashes) {
		c.site.LogHashes = ""
		c.mistake(fieldLogHashes, t.At, noKeyID, hintKeyID) // not quoted: it may be the secret itself
	}
}

func (c *siteReader) setHome(t jsontext.Text) {
	c.site.Home = string(t.Bytes)
	d, ok := destination.Parse(c.site.Home)
	switch {
	case !ok:
		c.mistake(fieldHome, t.At, quoteURL(t.Bytes)+" is not a URL that every browser reads the same way",
			`write one like "https://www.example.com/"`)
	case !d.TLS:
		c.mistake(fieldHome, t.At, quote(t.Bytes)+" is not https", "")
	case d.Host == c.site.Host:
		c.mistake(fieldHome, t.At, quote(t.Bytes)+" is on the link domain itself", "give the page of another host")
	}
}

// item reads one entry of a list.
func (c *siteReader) item(f field, i int) {
	switch f {
	case fieldRecalls:
		c.addRecall(i)
		return
	case fieldAlso:
		c.alsoEntry(i)
		return
	}
	e := c.want('"')
	if e == nil {
		e = c.entry(f, i, c.r.Text())
	}
	if e != nil {
		c.bad[f] = true
		c.misfit(e, c.path(fieldDocs[f].Name, "[", strconv.Itoa(i), "]"))
	}
}

func (c *siteReader) entry(f field, i int, t jsontext.Text) *jsontext.Error {
	var problem, hint string
	switch {
	case c.r.Failed():
	case t.Odd != "":
		problem = t.Odd
	case f == fieldKeys:
		problem, hint = c.addKey(t.Bytes)
	default:
		problem, hint = c.addDestination(i, t)
	}
	if problem == "" {
		return nil
	}
	return &jsontext.Error{At: t.At, Problem: problem, Hint: hint}
}

func (c *siteReader) addDestination(i int, t jsontext.Text) (problem, hint string) {
	p, ok := destination.ParsePattern(string(t.Bytes))
	switch {
	case !ok:
		return quoteURL(t.Bytes) + " is not a host", hintPattern(string(t.Bytes))
	case !p.Sub && p.Host == c.site.Host:
		return quote(t.Bytes) + " is the link domain itself", "take it out: no redirect leads there"
	case p.IsPublicSuffix():
		c.wide = append(c.wide, wideEntry{p, i, t.At})
	}
	c.site.Destinations = append(c.site.Destinations, p)
	return "", ""
}

// wideEntry is an entry of destinations that is a public suffix.
type wideEntry struct {
	destination.Pattern
	index, at int
}

const (
	noKeyID   = "not a key id"
	hintKeyID = "write 1 to 8 of a-z 0-9; the secret itself belongs in the secret store"
)

func (c *siteReader) addKey(b []byte) (problem, hint string) {
	switch {
	case !signed.IsKeyID(string(b)):
		// Not quoted: it may be the secret itself.
		return noKeyID, hintKeyID
	case slices.Contains(c.site.Keys, string(b)):
		return quote(b) + " is given twice", "keep one"
	}
	c.site.Keys = append(c.site.Keys, string(b))
	return "", ""
}
