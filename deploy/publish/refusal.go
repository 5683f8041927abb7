package publish

import "strings"

// Refusal says why nothing was done, and what to do about it.
type Refusal struct {
	Reasons []Reason
}

// Reason is one reason.
type Reason struct{ What, Hint string }

func refuse(what, hint string) error { return &Refusal{[]Reason{{what, hint}}} }

// Error returns the reasons, one a line.
func (r *Refusal) Error() string {
	var lines []string
	for _, reason := range r.Reasons {
		lines = append(lines, reason.What)
	}
	return strings.Join(lines, "\n")
}

func (r *Refusal) add(what, hint string) { r.Reasons = append(r.Reasons, Reason{what, hint}) }

func (r *Refusal) orNil() error {
	if len(r.Reasons) == 0 {
		return nil
	}
	return r
}
