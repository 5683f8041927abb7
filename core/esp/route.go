package esp

// Owns returns the length of the longest text with which a link of this family
// may begin and this target does; 0 if it is no link of the family. Of several
// families on one host the one with the longest gets the target: Iterable's
// /u/click is no unsubscribe link of Mailgun's, which are all that begin with
// /u/. A health probe is nobody's link.
func (f Family) Owns(target string) (longest int) {
	for i := 0; ; i++ {
		s := f.shape(i)
		if s.text == "" {
			return longest
		}
		if len(s.text) <= longest || s.kind == KindHealth {
			continue
		}
		if _, ok := s.fits(target); ok {
			longest = len(s.text)
		}
	}
}

// Paths returns how the links of this family begin, as for documents and
// messages: "/ls/click". Custom has none.
func (f Family) Paths() (list []string) {
	for s := range f.shapes {
		if s.kind != KindHealth {
			list = append(list, s.text)
		}
	}
	return list
}

// Overlap is a path with which links of two families begin.
type Overlap struct {
	// Path is the longer of the two texts, and Other the shorter one, with
	// which it begins.
	Path, Other string
	// Kind is that of the links with Path.
	Kind Kind
	// Owner is the family that gets these links. OtherKind is what they would
	// be of the other.
	Owner     Family
	OtherKind Kind
	// Same: the texts are equal, so that the two cannot be told apart.
	Same bool
}

// Overlaps returns the paths that two families share.
func Overlaps(a, b Family) (list []Overlap) {
	for s := range a.shapes {
		for t := range b.shapes {
			list = appendOverlap(list, a, b, &s, &t)
		}
	}
	return list
}

func appendOverlap(list []Overlap, a, b Family, s, t *shape) []Overlap {
	if s.kind == KindHealth || t.kind == KindHealth {
		return list
	}
	if len(s.text) < len(t.text) {
		a, s, t = b, t, s
	}
	goesOn := "/"
	if t.how == pair {
		goesOn = "x/x"
	}
	if _, ok := t.fits(s.text + goesOn); !ok && s.text != t.text {
		return list
	}
	return append(list, Overlap{Path: s.text, Other: t.text, Kind: s.kind, Owner: a, OtherKind: t.kind, Same: s.text == t.text})
}
