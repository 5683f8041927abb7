package core

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
func (f Family) Kind(target string) Kind {
	s, _ := f.find(target)
	return s.kindOf()
}

// Destination returns where a click leads, as the ESP would redirect it, where
// the link has exactly one reading and that is an http or https URL. It has not
// been held against any grammar or list: [Site.Allows] does that.
func (f Family) Destination(target string) (dest string, ok bool) {
	s, rest := f.find(target)
	if len(target) > MaxTarget {
		return "", false
	}
	return s.destination(rest, nil)
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
