package esp

// Form is one form of a family's links, as it is shown to people.
type Form struct {
	// Path is how such a path looks: "/e/c/…", where "…" is any text.
	Path string
	Kind Kind
	text string
}

// Forms returns the forms of this family's links. Custom has none, and a health
// probe is nobody's link.
func (f Family) Forms() (list []Form) {
	for s := range f.shapes {
		if s.kind != KindHealth {
			list = append(list, s.form())
		}
	}
	return list
}

// Form returns the form for which [Family.Owns] counts a target; ok is false if
// it is no link of the family.
func (f Family) Form(target string) (form Form, ok bool) {
	n := f.Owns(target)
	for _, form := range f.Forms() {
		if n > 0 && form.text == target[:n] {
			return form, true
		}
	}
	return Form{}, false
}

// Forms returns the form of the longer text, which the owner's links have, and
// that of the shorter one.
func (o *Overlap) Forms(other Family) (owners, others Form) {
	for _, f := range o.Owner.Forms() {
		if f.text == o.Path {
			owners = f
		}
	}
	for _, f := range other.Forms() {
		if f.text == o.Other {
			others = f
		}
	}
	return owners, others
}

// form describes a shape.
func (s *shape) form() Form {
	return Form{s.text + follows[s.how], s.kind, s.text}
}

// follows is what may follow the text of a shape.
var follows = [...]string{whole: "", under: "…", marked: "[mst]…/…", image: "….gif", pair: "…/…"}
