package esp

import (
	"github.com/clickedge/clickedge/core/contract"
)

// Reading is all that a link of an ESP says, for an operator who asks. Where
// only the destination matters, [Family.Destination] costs less.
type Reading struct {
	Kind Kind
	// Destination is where the link leads; empty where it is Unread.
	Destination string
	// Grade says how sure that is.
	Grade Grade
	// Doubt says why a click is unread; empty where it is not.
	Doubt string
	// Repaired says what damage was read around; empty where there was none, and
	// where nothing was read.
	Repaired string
	// Fields are the parts of the link.
	Fields []Field
	// Region is the AWS region that an SES message id names; empty if unknown.
	Region string
}

// Field is one part of a link.
type Field struct {
	Name, Value string
	// Personal: the value names a recipient or one mail, or nobody can say that
	// it does not: a destination may hold a token. It must not be logged.
	Personal bool
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

// Readable tells whether clicks of this family can say where they lead to others
// than the ESP.
func (f Family) Readable() bool {
	switch f {
	case FamilyCustom, FamilySendGrid, FamilyIterable:
		return false
	}
	return int(f) < len(familyNames)
}

// Kind says what a raw request target is to this family. It looks at the path's
// form only and allocates nothing.
func (f Family) Kind(link string) Kind {
	return f.Find(link).Kind()
}

// Destination returns where a click leads, as the ESP would redirect it, and how
// sure that is; "" and [Unread] where the link has no reading that is an http or
// https URL, or two. It has not been held against any grammar or list:
// [core.Site.Allows] does that.
func (f Family) Destination(link string) (dest string, g Grade) {
	if len(link) > contract.MaxTarget {
		return "", Unread
	}
	return f.Find(link).Destination(nil)
}

// Read returns everything that a raw request target says. Its destination is
// that of [Family.Destination], always.
func (f Family) Read(link string) Reading {
	found := f.Find(link)
	s, rest := found.shape, found.rest
	if s == nil {
		return Reading{}
	}
	r := Reading{Kind: s.kind}
	switch {
	case len(link) > contract.MaxTarget:
		r.Doubt = "the link is too long"
	case s.read != nil:
		var n Notes
		dest, g := s.read(rest, &n)
		r.Fields, r.Region = n.fields, n.region
		if s.leads() {
			r.Destination, r.Grade, r.Doubt = dest, g, n.why
		}
		if g != Unread {
			r.Repaired = n.repairs
		}
	}
	return r
}

// Found is a raw request target as a family reads it.
type Found struct {
	shape *shape // nil: it has no form that is known
	rest  string // what follows the shape's text
}

// Find returns the form of a raw request target. It allocates nothing.
func (f Family) Find(target string) Found {
	if int(f) >= len(shapes) {
		return Found{}
	}
	list := shapes[f]
	for i := range list {
		if rest, ok := list[i].fits(target); ok {
			return Found{&list[i], rest}
		}
	}
	return Found{}
}

// Kind says what the target is to the mail's sender.
func (f Found) Kind() Kind {
	if f.shape == nil {
		return KindOther
	}
	return f.shape.kind
}

// Destination is [Family.Destination] of a target of no more than
// [contract.MaxTarget] bytes.
func (f Found) Destination(n *Notes) (dest string, g Grade) {
	if f.shape == nil || !f.shape.leads() {
		return "", Unread
	}
	return f.shape.read(f.rest, n)
}
