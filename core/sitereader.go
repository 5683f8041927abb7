package core

import (
	"slices"
	"strconv"
	"strings"
)

// siteReader reads one site: each value by itself as it comes, then, in relate,
// what the values ask of one another.
type siteReader struct {
	*sitesParser
	site *Site
	// at is where the value of each field begins, 0 where it is not given. No
	// value begins at 0: the site's bracket comes before.
	at [fieldsLen]int
	// bad marks values that were given and cannot be used. What depends on
	// them is not reported again.
	bad [fieldsLen]bool
	// on holds the flags, and for fields with two choices whether it is the
	// second.
	on [fieldsLen]bool
	// cookies is the value of that field, which has three.
	cookies Cookies
	// esp is the preset; its name is empty where esp is missing or bad.
	esp      Origin
	endpoint endpoint
	second   secondOrigin
	claims   []appClaim
	// wide are the entries of destinations that are public suffixes.
	wide   []wideEntry
	tenant string
}

// path is the way to a part of this site, its words put together.
func (c *siteReader) path(words ...string) string {
	return c.fieldPath(c.site.Host, strings.Join(words, ""))
}

// mistake reports a value that cannot be used.
func (c *siteReader) mistake(f field, at int, problem, hint string) {
	c.bad[f] = true
	c.mistakes.add(at, c.path(siteFields[f].Name), problem, hint)
}

// member reads one field.
func (c *siteReader) member(name jsonText) {
	f, ok := fieldNamed(name.bytes)
	switch {
	case !ok:
		c.stranger(name)
		c.r.skip()
	case c.at[f] != 0:
		c.mistakes.add(name.at, c.path(siteFields[f].Name), "given twice", "keep one")
		c.r.skip()
	default:
		c.r.next()
		c.at[f] = c.r.at
		c.value(f)
	}
}

func (c *siteReader) stranger(name jsonText) {
	if !c.mistakes.full(name.at) {
		c.mistakes.add(name.at, c.path(pathName(name.bytes)), "unknown field", hintField(string(name.bytes)))
	}
}

func (c *siteReader) value(f field) {
	kind := [...]byte{typeText: '"', typeFlag: 't', typeList: '[', typeObject: '{'}[f.fieldType()]
	if e := c.want(kind); e != nil {
		c.bad[f] = true
		c.misfit(e, c.path(siteFields[f].Name))
		return
	}
	switch kind {
	case 't':
		c.on[f] = c.flag()
	case '[':
		c.r.list(func(i int) { c.item(f, i) })
	case '{':
		c.setAppLinks()
	default:
		c.text(f, c.r.text())
	}
}

// flag reads true or false.
func (c *siteReader) flag() bool {
	is := c.r.word("true")
	if !is && !c.r.word("false") {
		c.r.unexpected("a value")
	}
	return is
}

// text takes the value of a text field.
func (c *siteReader) text(f field, t jsonText) {
	switch {
	case c.r.err != nil:
	case t.odd != "":
		c.mistake(f, t.at, t.odd, "")
	case f == fieldESP:
		c.setESP(t)
	case f == fieldOrigin:
		c.setOrigin(t)
	case f == fieldSecond:
		c.setSecond(t)
	case f == fieldTenant:
		c.setTenant(t)
	case f == fieldTimeout:
		c.setTimeout(t)
	case f == fieldHome:
		c.setHome(t)
	default:
		c.choose(f, t)
	}
}

func (c *siteReader) choose(f field, t jsonText) {
	choices := f.choices()
	i := slices.Index(choices, string(t.bytes))
	if f == fieldCookies {
		c.cookies = Cookies(max(i, 0))
	}
	if c.on[f] = i == 1; i >= 0 || c.mistakes.full(t.at) {
		return
	}
	hint := didYouMean(string(t.bytes), choices)
	if hint == "" {
		hint = "write " + quoteAll(choices)
	}
	c.mistake(f, t.at, "unknown value "+quote(t.bytes), hint)
}

func (c *siteReader) setESP(t jsonText) {
	name := string(t.bytes)
	if name == presetNone {
		c.esp = Origin{Preset: presetNone}
		return
	}
	var ok bool
	if c.esp, ok = LookupPreset(name); !ok && !c.mistakes.full(t.at) {
		c.mistake(fieldESP, t.at, "unknown esp "+quote(t.bytes), hintPreset(name))
	}
}

func (c *siteReader) setOrigin(t jsonText) {
	var ok bool
	c.endpoint, ok = parseEndpoint(string(t.bytes))
	switch {
	case !ok:
		c.mistake(fieldOrigin, t.at, quote(t.bytes)+" is not the URL of an origin", hintEndpoint(string(t.bytes)))
	case len(c.endpoint.backend()) > maxBackend:
		c.mistake(fieldOrigin, t.at, "the host is too long to name a backend after it", "give a shorter name to the origin")
	}
}

func (c *siteReader) setTenant(t jsonText) {
	c.tenant = string(t.bytes)
	if !isLabel(c.tenant) || c.tenant != strings.ToLower(c.tenant) {
		c.mistake(fieldTenant, t.at, quote(t.bytes)+" is not a tenant",
			"write the first label of <tenant>.et.e.sparkpost.com alone, in lower case")
	}
}

func (c *siteReader) setHome(t jsonText) {
	c.site.Home = string(t.bytes)
	d, ok := ParseDestination(c.site.Home)
	switch {
	case !ok:
		c.mistake(fieldHome, t.at, quote(t.bytes)+" is not a URL that every browser reads the same way",
			`write one like "https://www.example.com/"`)
	case !d.TLS:
		c.mistake(fieldHome, t.at, quote(t.bytes)+" is not https", "")
	case d.Host == c.site.Host:
		c.mistake(fieldHome, t.at, quote(t.bytes)+" is on the link domain itself", "give the page of another host")
	}
}

// item takes one entry of a list.
func (c *siteReader) item(f field, i int) {
	e := c.want('"')
	if e == nil {
		e = c.entry(f, i, c.r.text())
	}
	if e != nil {
		c.bad[f] = true
		c.misfit(e, c.path(siteFields[f].Name, "[", strconv.Itoa(i), "]"))
	}
}

func (c *siteReader) entry(f field, i int, t jsonText) *jsonError {
	var problem, hint string
	switch {
	case c.r.err != nil:
	case t.odd != "":
		problem = t.odd
	case f == fieldKeys:
		problem, hint = c.addKey(t.bytes)
	default:
		problem, hint = c.addDestination(i, t)
	}
	if problem == "" {
		return nil
	}
	return &jsonError{t.at, problem, hint}
}

func (c *siteReader) addDestination(i int, t jsonText) (problem, hint string) {
	p, ok := ParsePattern(string(t.bytes))
	switch {
	case !ok:
		return quote(t.bytes) + " is not a host", hintPattern(string(t.bytes))
	case !p.Sub && p.Host == c.site.Host:
		return quote(t.bytes) + " is the link domain itself", "take it out: no redirect leads there"
	case p.publicSuffix():
		c.wide = append(c.wide, wideEntry{p, i, t.at})
	}
	c.site.Destinations = append(c.site.Destinations, p)
	return "", ""
}

// wideEntry is an entry of destinations that is a public suffix.
type wideEntry struct {
	Pattern
	index, at int
}

func (c *siteReader) addKey(b []byte) (problem, hint string) {
	switch {
	case !isLinkKeyID(string(b)):
		// Not quoted: it may be the secret itself.
		return "not a key id", "write 1 to 8 of a-z 0-9; the secret itself belongs in the secret store"
	case slices.Contains(c.site.Keys, string(b)):
		return quote(b) + " is given twice", "keep one"
	}
	c.site.Keys = append(c.site.Keys, string(b))
	return "", ""
}
