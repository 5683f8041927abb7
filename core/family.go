package core

import "strings"

// Reading is all that a link of an ESP says, for an operator who asks. Where
// only the destination matters, [Family.Destination] costs less.
type Reading struct {
	Kind Kind
	// Destination is where the link leads; empty unless Certain.
	Destination string
	// Certain: the link has exactly one reading. What is not certain is for the
	// ESP to answer.
	Certain bool
	// Doubt says why a click is not certain; empty where it is.
	Doubt string
	// Repaired says what damage was read around; empty where there was none, and
	// where nothing was certain.
	Repaired string
	// Fields are the parts of the link, in its order.
	Fields []Field
	// Region is the AWS region that an SES message id names; empty if unknown.
	Region string
}

// Field is one part of a link.
type Field struct {
	Name, Value string
	// Personal: the value names a recipient or one mail, or nobody can say that
	// it does not. It must not be logged.
	Personal bool
}

// reader reads what follows a shape's text, query included. It returns the
// destination where there is exactly one reading. The notes are nil on the hot
// path; nothing else may allocate but the result.
type reader func(rest string, n *notes) (dest string, certain bool)

// shape is one form of path. It is compared with the raw target, case
// included: an upper-cased path is not a path of the ESP.
type shape struct {
	text string
	how  match
	kind Kind
	read reader // nil: there is nothing to read
}

// match says what may follow a shape's text.
type match uint8

const (
	whole  match = iota // the end of the path
	under               // anything
	marked              // any of m, s and t, then a slash (Postmark)
)

// shapes holds every family's forms; the first that fits counts.
var shapes = [...][]shape{
	FamilyCustom:     nil,
	FamilyCustomerIO: customerIOShapes,
	FamilySendGrid:   sendGridShapes,
	FamilySparkPost:  sparkPostShapes,
	FamilySES:        sesShapes,
	FamilyMailgun:    mailgunShapes,
	FamilyMandrill:   mandrillShapes,
	FamilyMailjet:    mailjetShapes,
	FamilyPostmark:   postmarkShapes,
	FamilyIterable:   iterableShapes,
}

var familyNames = [...]string{
	FamilyCustom:     "custom",
	FamilyCustomerIO: "customerio",
	FamilySendGrid:   "sendgrid",
	FamilySparkPost:  "sparkpost",
	FamilySES:        "ses",
	FamilyMailgun:    "mailgun",
	FamilyMandrill:   "mandrill",
	FamilyMailjet:    "mailjet",
	FamilyPostmark:   "postmark",
	FamilyIterable:   "iterable",
}

// String returns the family's name in lower case: "customerio".
func (f Family) String() string {
	if int(f) >= len(familyNames) {
		return "unknown"
	}
	return familyNames[f]
}

// Kind says what a raw request target is to this family. It looks at the path's
// form only and allocates nothing.
func (f Family) Kind(target string) Kind {
	s, _ := f.find(target)
	if s == nil {
		return KindOther
	}
	return s.kind
}

// Destination returns where a click leads, as the ESP would redirect it, where
// the link has exactly one reading and that is an http or https URL. It has not
// been held against any grammar or list: [Site.Allows] does that.
func (f Family) Destination(target string) (dest string, ok bool) {
	s, rest := f.find(target)
	if s == nil || !s.leads() || len(target) > MaxTarget {
		return "", false
	}
	return s.read(rest, nil)
}

// Read returns everything that a raw request target says. Its destination is
// that of [Family.Destination], always.
func (f Family) Read(target string) Reading {
	s, rest := f.find(target)
	if s == nil {
		return Reading{}
	}
	r := Reading{Kind: s.kind}
	switch {
	case len(target) > MaxTarget:
		r.Doubt = "the link is too long"
	case s.read != nil:
		var n notes
		dest, ok := s.read(rest, &n)
		r.Fields, r.Region = n.fields, n.region
		if s.leads() {
			r.Destination, r.Certain, r.Doubt = dest, ok, n.why
		}
		if ok {
			r.Repaired = n.repairs
		}
	}
	return r
}

// leads tells whether links of this shape lead somewhere that can be read.
func (s *shape) leads() bool { return s.read != nil && (s.kind == KindClick || s.kind == KindApp) }

func (f Family) find(target string) (*shape, string) {
	if int(f) >= len(shapes) {
		return nil, ""
	}
	list := shapes[f]
	for i := range list {
		if rest, ok := list[i].fits(target); ok {
			return &list[i], rest
		}
	}
	return nil, ""
}

// fits compares the target with the shape and returns what follows its text.
func (s *shape) fits(target string) (rest string, ok bool) {
	if !strings.HasPrefix(target, s.text) {
		return "", false
	}
	rest = target[len(s.text):]
	switch s.how {
	case whole:
		return rest, rest == "" || rest[0] == '?'
	case marked:
		i := 0
		for i < len(rest) && (rest[i] == 'm' || rest[i] == 's' || rest[i] == 't') {
			i++
		}
		return rest, i < len(rest) && rest[i] == '/'
	}
	return rest, true
}

// notes gathers what Read reports. All methods do nothing on nil, so that one
// reader serves the hot path and the operator.
type notes struct {
	fields  []Field
	region  string
	repairs string
	why     string
}

func (n *notes) field(name, value string, personal bool) {
	if n != nil {
		n.fields = append(n.fields, Field{Name: name, Value: value, Personal: personal})
	}
}

// bytes is field for a value that would have to be copied first.
func (n *notes) bytes(name string, value []byte, personal bool) {
	if n != nil {
		n.field(name, string(value), personal)
	}
}

func (n *notes) repair(what string) {
	switch {
	case n == nil || what == "" || strings.Contains(n.repairs, what):
	case n.repairs == "":
		n.repairs = what
	default:
		n.repairs += "; " + what
	}
}

// doubt gives up on a reading: return n.doubt("why").
func (n *notes) doubt(why string) (string, bool) {
	if n != nil {
		n.why = why
	}
	return "", false
}

// certain ends a reading: what it found must be a URL of the web.
func (n *notes) certain(url string) (string, bool) {
	if !isWeb(url) {
		return n.doubt("what it holds is not an http or https URL")
	}
	return url, true
}

// isWeb tells whether a URL is http or https, with something of a host, and
// free of controls, which no ESP writes and which browsers drop. A scheme in
// upper case is the mark of a link that was upper-cased on its way.
func isWeb(url string) bool {
	host, ok := strings.CutPrefix(url, "https://")
	if !ok {
		host, ok = strings.CutPrefix(url, "http://")
	}
	if !ok || host == "" || host[0] == '/' || host[0] == '?' || host[0] == '#' {
		return false
	}
	for i := 0; i < len(host); i++ {
		if host[i] < 0x20 || host[i] == 0x7f {
			return false
		}
	}
	return true
}

// readOpaque notes the parameters of a link that only the ESP can read.
func readOpaque(rest string, n *notes) (string, bool) {
	p, query, _ := strings.Cut(rest, "?")
	if p != "" {
		n.field("path", p, true)
	}
	for param := range params(query).all {
		n.field(param.name, param.value, true)
	}
	return n.doubt("only the ESP can read this link")
}
