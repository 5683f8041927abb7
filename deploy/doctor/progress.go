package doctor

import "fmt"

// tell says what is asked next, to whoever waits.
func (x *exam) tell(format string, args ...any) {
	if x.opt.Progress != nil {
		x.opt.Progress(x.section, fmt.Sprintf(format, args...))
	}
}

// tellAsked says it of a request. The given link names a recipient, and is not written anywhere.
func (x *exam) tellAsked(q question, how string) {
	what := q.brief()
	if x.link != nil && q.target == x.link.target {
		what = "the given link"
	}
	if q.to.address != x.https.address && q.to.address != x.http.address {
		how += " at " + q.to.address
	}
	x.tell("%s%s", what, how)
}
