// Package sitesjson reads sites.json: [Parse] reads the file, [ParseSite] one
// site of it, and [InlineFiles] the files that it names. All mistakes are
// reported at once, each with its place and a hint ([Error]).
package sitesjson

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/jsontext"
)

// maxSitesFile is the most bytes of sites.json.
const maxSitesFile = 64 << 20

// Parse reads sites.json, one object with one object per link domain:
//
//	{"sites": {"link.example.com": {"esp": "customerio-eu"}}}
//
// The fields of a site are those of [Fields]. name is the file's name, for
// messages. The error is an *[Error] with every mistake of the file; there are
// no sites then. data is not kept.
func Parse(name string, data []byte) (*core.Sites, error) {
	p := sitesParser{data: data, r: jsontext.NewReader(data)}
	if p.readable() {
		p.file()
	}
	sites := p.join()
	if err := p.report(name); err != nil {
		return nil, err
	}
	return sites, nil
}

// ParseSite reads one site, the object under host in sites.json, by the same
// rules. The error is an *[Error] with the host as its name. What depends on
// other sites is not checked: that an origin is not one of their link domains
// ([core.Sites.Has]), and that the service has the backend.
func ParseSite(host string, data []byte) (*core.Site, error) {
	p := sitesParser{data: data, r: jsontext.NewReader(data), single: true}
	if !destination.IsHost(host) || host != core.CanonicalHost(host) {
		p.mistakes.add(0, "", quote([]byte(host))+" is not the name of a link domain", hintHost(host))
	}
	if p.readable() {
		p.siteValue(host, 0)
		p.r.End("object")
	}
	p.join()
	if err := p.report(host); err != nil {
		return nil, err
	}
	return p.entries[0].site, nil
}

// sitesParser reads sites.json in one pass. Only rules between sites are
// checked later, in join.
type sitesParser struct {
	data     []byte
	r        jsontext.Reader
	mistakes mistakes
	entries  []siteEntry
	leads    []lead
	// origins makes sites with equal origins share one.
	origins map[core.Origin]*core.Origin
	// lastDestinations and lastKeys let consecutive sites with equal lists
	// share them, which saves memory.
	lastDestinations []destination.Pattern
	lastKeys         []string
	lastAppLinks     *core.AppLinks
	// single: the document is one site.
	single bool
	// files, if not nil, collects the names of files; else they are refused.
	files *[]namedFile
}

// siteEntry is a site and its place in the file.
type siteEntry struct {
	site *core.Site
	at   int // of its name
}

// lead is an origin of a site and the field that sets it.
type lead struct {
	host, in string // in is that of siteReader
	origin   *core.Origin
	by       field
	at       int
}

// readable refuses a file that is too long or in UTF-16, and reports and skips
// a byte order mark.
func (p *sitesParser) readable() bool {
	data := string(p.data[:min(3, len(p.data))])
	switch {
	case len(p.data) > maxSitesFile:
		p.r.Fail(0, "the file has "+strconv.Itoa(len(p.data))+" bytes; at most "+strconv.Itoa(maxSitesFile)+" are read",
			"spread the link domains over several services")
	case strings.HasPrefix(data, "\xfe\xff") || strings.HasPrefix(data, "\xff\xfe"):
		p.r.Fail(0, "the file is UTF-16", "save it as UTF-8")
	case data == "\xef\xbb\xbf":
		p.mistakes.add(0, "", "the file begins with a byte order mark", "save it as UTF-8 without one")
		p.r.SkipBytes(len(data))
	}
	return !p.r.Failed()
}

// file reads the outer object.
func (p *sitesParser) file() {
	start := p.r.At()
	if p.r.Next() != '{' {
		p.r.Unexpected("the object of sites", `begin with {"sites": {`)
	}
	seen := false
	p.r.Object(func(name jsontext.Text) {
		switch {
		case string(name.Bytes) != "sites":
			p.strangerOutside(name)
		case seen:
			p.mistakes.add(name.At, "sites", "given twice", "put all link domains into one object")
		default:
			seen = true
			p.siteMap()
			return
		}
		p.r.Skip()
	})
	p.r.End("object")
	if !seen && !p.r.Failed() {
		p.mistakes.add(start, "sites", "is missing", `write {"sites": {"link.example.com": {…}}}`)
	}
}

// strangerOutside reports a field beside "sites".
func (p *sitesParser) strangerOutside(name jsontext.Text) {
	if p.mistakes.full(name.At) {
		return
	}
	hint := didYouMean(string(name.Bytes), []string{"sites"})
	if bareHost(string(name.Bytes)) != "" {
		hint = `link domains stand inside "sites"`
	}
	p.mistakes.add(name.At, pathName(name.Bytes), "unknown field", hint)
}

// siteMap reads the object of sites.
func (p *sitesParser) siteMap() {
	if e := p.want('{'); e != nil {
		p.misfit(e, "sites")
		return
	}
	at := p.r.At()
	p.r.Object(func(name jsontext.Text) {
		host := string(name.Bytes)
		if !destination.IsHost(host) || host != strings.ToLower(host) || name.Odd != "" {
			p.badHost(name)
		}
		p.siteValue(host, name.At)
	})
	if len(p.entries) == 0 && !p.r.Failed() {
		p.mistakes.add(at, "sites", "is empty", "name at least one link domain")
	}
}

func (p *sitesParser) badHost(name jsontext.Text) {
	switch {
	case p.mistakes.full(name.At):
	case name.Odd != "":
		p.mistakes.add(name.At, "sites."+pathName(name.Bytes), "the name "+name.Odd, "")
	default:
		p.mistakes.add(name.At, "sites."+pathName(name.Bytes), "not the name of a link domain", hintHost(string(name.Bytes)))
	}
}

// siteValue reads the object of one site.
func (p *sitesParser) siteValue(host string, at int) {
	c := siteReader{sitesParser: p, site: &core.Site{Host: host}}
	if e := p.want('{'); e != nil {
		p.misfit(e, c.path())
	} else {
		if p.single {
			at = p.r.At()
		}
		p.r.Object(c.member)
		c.relate(at)
	}
	p.entries = append(p.entries, siteEntry{c.site, at})
}

// want checks that a value of this kind, given by its first byte, begins here;
// 't' stands for 'f' too. Any other value is skipped, and the returned error is
// reported with misfit.
func (p *sitesParser) want(kind byte) *jsontext.Error {
	c := p.r.Next()
	if c == kind || kind == 't' && c == 'f' {
		return nil
	}
	wanted := jsonKind(kind)
	if kind == 't' {
		wanted = "true or false"
	}
	at := p.r.At()
	p.r.Skip()
	return &jsontext.Error{At: at, Problem: "is " + jsonKind(c) + ", not " + wanted, Hint: hintKind(kind, p.r.Since(at))}
}

// misfit reports a value of the wrong kind, unless there was a syntax error.
func (p *sitesParser) misfit(e *jsontext.Error, path string) {
	if !p.r.Failed() {
		p.mistakes.add(e.At, path, e.Problem, e.Hint)
	}
}

// jsonKind names the type of the value that begins with c.
func jsonKind(c byte) string {
	switch c {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't':
		return "true"
	case 'f':
		return "false"
	case 'n':
		return "null"
	}
	return "a number"
}

const hintNull = "give it a value, or leave it out"

// hintKind says how to write a value as another kind. found is its text, which
// is not repeated: in place of a key id it may be the secret.
func hintKind(kind byte, found []byte) string {
	switch {
	case len(found) == 0:
	case string(found) == "null":
		return hintNull
	case kind == '[' && found[0] == '"':
		return `put it in brackets, as in ["…"]`
	case kind == 't' && (string(found) == `"true"` || string(found) == `"false"`):
		return "write it without quotes"
	case kind == '"' && found[0] == '[':
		return "write one value, without brackets"
	case kind == '"' && found[0] != '{':
		return "write it in double quotes"
	}
	return ""
}

// join checks the rules between sites and collects them.
func (p *sitesParser) join() *core.Sites {
	list := make([]*core.Site, len(p.entries))
	for i, e := range p.entries {
		list[i] = e.site
	}
	s := core.NewSites(list)
	for _, e := range p.entries {
		if first := s.Lookup(e.site.Host); first != e.site {
			p.twice(e, first)
		}
	}
	for i := range p.leads {
		p.round(s, &p.leads[i])
	}
	return s
}

// round reports an origin that is itself a link domain, which would be a loop.
func (p *sitesParser) round(s *core.Sites, l *lead) {
	if s.Has(l.origin.Address) {
		whose := "the ESP's own host"
		if l.by == fieldUnsubscribes {
			whose = "the host of your own that takes unsubscribes"
		}
		p.mistakes.add(l.at, p.fieldPath(l.host, joinPath(l.in, fieldDocs[l.by].Name)), "leads to "+strconv.Quote(l.origin.Address)+", a link domain itself",
			"requests would go round in circles: give "+whose)
	}
}

// joinPath returns the path of a name in an object of the site; each may be "".
func joinPath(in, name string) string {
	if in == "" || name == "" {
		return in + name
	}
	return in + "." + name
}

func (p *sitesParser) twice(e siteEntry, first *core.Site) {
	if p.mistakes.full(e.at) {
		return
	}
	hint := ""
	for _, f := range p.entries {
		if f.site == first {
			line := 1 + bytes.Count(p.data[:f.at], []byte("\n"))
			hint = "it is there on line " + strconv.Itoa(line) + " already"
			break
		}
	}
	p.mistakes.add(e.at, p.fieldPath(e.site.Host, ""), "given twice", hint)
}

// report returns the mistakes as an error, nil for none.
func (p *sitesParser) report(name string) error {
	if e := p.r.Err(); e != nil {
		p.mistakes.add(e.At, "", e.Problem, e.Hint)
	}
	// A nil *Error in an error would not be nil.
	if err := p.mistakes.report(name, p.data); err != nil {
		return err
	}
	return nil
}

// fieldPath is the path of a field for messages; name may be empty.
func (p *sitesParser) fieldPath(host, name string) string {
	switch {
	case p.single:
		return name
	case name == "":
		return "sites." + pathName([]byte(host))
	}
	return "sites." + pathName([]byte(host)) + "." + name
}

// pathName quotes a name that could be read as more than one step of a path.
func pathName(b []byte) string {
	for _, c := range b {
		if !destination.IsLabelByte(c) && c != '.' && c != '_' {
			return quote(b)
		}
	}
	if len(b) == 0 || len(b) > 253 {
		return quote(b)
	}
	return string(b)
}
