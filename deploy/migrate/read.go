package migrate

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Format is a form of configuration.
type Format string

// The formats.
const (
	Nginx      Format = "nginx"
	CloudFront Format = "cloudfront"
	FastlyVCL  Format = "fastly-vcl"
)

// Formats lists them.
func Formats() []Format { return []Format{Nginx, CloudFront, FastlyVCL} }

// maxInput bounds one file, in bytes: the largest configurations of CDNs have a
// few hundred kilobytes.
const maxInput = 4 << 20

// Options say how to read. The zero value works.
type Options struct {
	// From is the format; "" to detect it.
	From Format
	// Hosts are the wanted link domains; nil for all. If the configuration
	// names no host, it is taken to be for these.
	Hosts []string
	// Files gives the files that an nginx configuration names; nil for none.
	Files Files
}

// Files are what a configuration may read. A name that it must not read gives
// an error that wraps [ErrOutside].
type Files interface {
	// Glob returns the files that a pattern names, sorted.
	Glob(pattern string) ([]string, error)
	// ReadFile returns a file's text.
	ReadFile(name string) ([]byte, error)
}

// ErrOutside is wrapped by errors of [Files] about a name outside the folder
// that may be read.
var ErrOutside = errors.New("outside the folder of the configuration")

// Result is the sites of a configuration, with findings.
type Result struct {
	From     Format    `json:"from"`
	Sites    []Site    `json:"-"`
	Findings []Finding `json:"notes"`
}

// Error says why and where a configuration cannot be read.
type Error struct {
	Name         string
	Line, Column int // from 1; 0 where there is no place
	Problem      string
	Hint         string
}

// Error returns "name:line:column: problem".
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Name + ": " + e.Problem
	}
	return e.Name + ":" + strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Column) + ": " + e.Problem
}

var _ error = (*Error)(nil)

// Read reads a configuration; name is its file's, for messages. The error is an
// [*Error]. It is no error if nothing can be carried over: then there are no
// sites, and the findings say why.
func Read(name string, data []byte, opt Options) (*Result, error) {
	switch {
	case len(data) > maxInput:
		return nil, &Error{Name: name, Problem: fmt.Sprintf("it has %d bytes; at most %d are read", len(data), maxInput)}
	case len(bytes.TrimSpace(data)) == 0:
		return nil, &Error{Name: name, Problem: "it is empty", Hint: "give the configuration that stands on the link domain today, as nginx -T prints it"}
	case isUTF16(data):
		return nil, &Error{Name: name, Line: 1, Column: 1, Problem: "it is UTF-16", Hint: "save it as UTF-8"}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	r := &reading{name: name, opt: opt, seen: map[string]bool{}}
	s := newSample(name, data)
	x := otherFormatOf(s)
	if opt.From == "" {
		if x != nil {
			return nil, r.notRead(s, x)
		}
		r.opt.From, r.guessed = detect(data), true
	}
	if err := r.read(data); err != nil {
		return nil, r.hinted(err, s, x)
	}
	return r.result(), nil
}

// isUTF16 reports whether a text begins with a byte order mark, or with ASCII
// characters in two bytes each.
func isUTF16(data []byte) bool {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return true
	}
	var zeros [2]int
	begin := data[:min(len(data), 64)&^1]
	for i, b := range begin {
		if b == 0 {
			zeros[i%2]++
		}
	}
	half := len(begin) / 2
	return half >= 4 && (zeros[0] == half && zeros[1] == 0 || zeros[1] == half && zeros[0] == 0)
}

func (r *reading) read(data []byte) error {
	switch r.opt.From {
	case CloudFront:
		return r.cloudFront(data)
	case FastlyVCL:
		return r.fastly(data)
	case Nginx:
		return r.nginx(data)
	}
	return &Error{Name: r.name, Problem: fmt.Sprintf("unknown format %q", r.opt.From), Hint: `the formats are "nginx", "cloudfront" and "fastly-vcl"`}
}

// template matches a placeholder of a template.
var template = regexp.MustCompile(`\{\{|\{%|<%|\$\{[a-z_.]*\.`)

// hinted adds a hint to an error: what the text looks like, or what it was
// taken for.
func (r *reading) hinted(err error, s *sample, x *otherFormat) error {
	var e *Error
	if !errors.As(err, &e) || e.Name != r.name {
		return err
	}
	if x == nil && r.opt.From == Nginx {
		x = s.otherFormat()
	}
	switch {
	case x != nil:
		e.Hint = "it looks like " + x.name + ": " + x.todo.hint(s)
	case e.Hint != "":
	case r.opt.From == Nginx && template.MatchString(s.text):
		e.Hint = "it looks like a template: give what was made of it, or what nginx -T prints"
	case r.guessed:
		e.Hint = fmt.Sprintf("it was taken for %s; --from names another of nginx, cloudfront and fastly-vcl. If it is none of them, %s", r.opt.From, handHint(s))
	}
	return e
}

// detect guesses the format: JSON is Fastly's if it has members that only
// Fastly's has, and nginx's begins with a word.
func detect(data []byte) Format {
	switch trimmed := bytes.TrimSpace(data); {
	case trimmed[0] != '{' && trimmed[0] != '[':
		return Nginx
	case bytes.Contains(data, []byte(`"DefaultCacheBehavior"`)) || bytes.Contains(data, []byte(`"DistributionConfig"`)) || bytes.Contains(data, []byte(`"DistributionList"`)):
		return CloudFront
	}
	return FastlyVCL
}

type reading struct {
	findings
	name  string
	opt   Options
	sites []Site
	seen  map[string]bool
	// guessed: the format was not given.
	guessed bool
}

// result collects the sites and makes sure that core accepts them.
func (r *reading) result() *Result {
	r.host = ""
	r.notFound()
	r.validate()
	r.merge()
	if r.list == nil {
		r.list = []Finding{}
	}
	return &Result{From: r.opt.From, Sites: r.sites, Findings: r.list}
}

func (r *reading) notFound() {
	for _, host := range r.opt.Hosts {
		if !r.seen[host] {
			r.lost(r.name, "host-not-found", "the configuration has nothing for %q", clip(host))
		}
	}
}

func (r *reading) wants(host string) bool {
	return len(r.opt.Hosts) == 0 || slices.Contains(r.opt.Hosts, host)
}

// named is a host name and its place.
type named struct{ name, at string }

// linkDomains are the wanted ones among the names of a service, with their
// places. If it has no names, it is taken to be for the hosts given with --host,
// and nameless says at a place that there are none.
func (r *reading) linkDomains(names []named, at, nameless string) (list []named) {
	for _, n := range names {
		lower := strings.ToLower(n.name)
		switch {
		case strings.HasPrefix(lower, "*."):
			r.namePattern(n.at, n.name)
		case r.wants(lower):
			list = append(list, named{lower, n.at})
		}
	}
	if len(names) > 0 {
		return list
	}
	return r.givenHosts(at, nameless)
}

func (r *reading) namePattern(at, name string) {
	r.lost(at, "server-name-pattern", "the name %q is a pattern: name each link domain with --host", clip(name))
}

// givenHosts are those of --host, for a service without a name. If there are
// none, a finding says so.
func (r *reading) givenHosts(at, nameless string) (list []named) {
	for _, h := range r.opt.Hosts {
		list = append(list, named{h, at})
	}
	if len(list) == 0 {
		r.lost(at, "no-name", "%s", nameless)
	}
	return list
}
