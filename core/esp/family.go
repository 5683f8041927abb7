package esp

import (
	"github.com/clickedge/clickedge/core/contract"
)

// Reading is everything that a link of an ESP says, for commands that explain a
// link. For the destination alone, [Family.Destination] costs less.
type Reading struct {
	Kind Kind
	// Destination is where the link leads; empty if Grade is Unread.
	Destination string
	// Grade says how sure the destination is.
	Grade Grade
	// Doubt says why a click is unread; empty if it is read.
	Doubt string
	// Repaired says which damage did not hinder the reading; empty if there was
	// none, or if the link is unread.
	Repaired string
	// Fields are the parts of the link.
	Fields []Field
	// Region is the AWS region that an SES message id names; empty if unknown.
	Region string
}

// Field is one part of a link.
type Field struct {
	Name, Value string
	// Personal: the value names a recipient or one mail, or may do so: a
	// destination may hold a token. It must not be logged.
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
	FamilyMautic:     "mautic",
	FamilyListmonk:   "listmonk",
	FamilyPostal:     "postal",
}

// String returns the family's name in lower case: "customerio".
func (f Family) String() string {
	if int(f) >= len(familyNames) {
		return "unknown"
	}
	return familyNames[f]
}

// Families returns all families but [FamilyCustom], in their order.
func Families() []Family {
	list := make([]Family, 0, len(familyNames))
	for f := FamilyCustom + 1; int(f) < len(familyNames); f++ {
		list = append(list, f)
	}
	return list
}

// Readable reports whether anybody but the ESP can read where a click of this
// family leads.
func (f Family) Readable() bool {
	switch f {
	case FamilyCustom, FamilySendGrid, FamilyIterable, FamilyMautic, FamilyListmonk, FamilyPostal:
		return false
	}
	return int(f) < len(familyNames)
}

// Kind returns the kind of a raw request target, by the form of its path only.
// It allocates nothing.
func (f Family) Kind(link string) Kind {
	return f.Find(link).Kind()
}

// Destination returns where a click leads, as the ESP would redirect it, and
// how sure that is. It is "" and [Unread] if the link cannot be read as an http
// or https URL, or can be read as two. The destination is not checked against
// any grammar or list: core.Site.Allows does that.
func (f Family) Destination(link string) (dest string, g Grade) {
	if len(link) > contract.MaxTarget {
		return "", Unread
	}
	return f.Find(link).Destination(nil)
}

// Read returns everything that a raw request target says. Its destination is
// always that of [Family.Destination].
func (f Family) Read(link string) Reading {
	found := f.Find(link)
	if !found.known {
		return Reading{}
	}
	r := Reading{Kind: found.kind}
	switch {
	case len(link) > contract.MaxTarget:
		r.Doubt = "the link is too long"
	case found.read != asNothing:
		var n Notes
		dest, g := found.read.from(found.rest, &n)
		r.Fields, r.Region = n.fields, n.region
		if found.leads() {
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
	rest  string // what follows the text of its shape
	known bool   // there is one
	kind  Kind
	read  reader
}

// Find returns the form of a raw request target. It allocates nothing.
func (f Family) Find(target string) Found {
	for i := 0; ; i++ {
		s := f.shape(i)
		if s.text == "" {
			return Found{}
		}
		if rest, ok := s.fits(target); ok {
			return Found{rest, true, s.kind, s.read}
		}
	}
}

// Kind returns the kind of the target: [KindOther] if its form is not known.
func (f Found) Kind() Kind { return f.kind }

// Destination is [Family.Destination] of a target of no more than
// [contract.MaxTarget] bytes.
func (f Found) Destination(n *Notes) (dest string, g Grade) {
	if !f.leads() {
		return "", Unread
	}
	return f.read.from(f.rest, n)
}

// leads reports whether the target has a destination that can be read.
func (f Found) leads() bool { return f.read != asNothing && f.kind.Leads() }
