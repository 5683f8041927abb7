package follow

import (
	"errors"
	"fmt"

	"github.com/clickedge/clickedge/deploy/failure"
)

// Failure turns the end of a walk into a failure; nil where the link arrives as
// it should.
func Failure(r *Result) error {
	if r.OK() {
		return nil
	}
	first := len(r.Hops) == 1
	switch {
	case r.End == NeedsConsent:
		return failure.Usage(errors.New(r.Problem), "if that is meant, say --count-click; a test mail is better: clickedge testmail")
	case r.End == Unsubscribe && first:
		return failure.Usage(errors.New(r.Problem), "clickedge explain says what such a link gets, and asks nobody")
	case r.End == Unsubscribe:
		return failure.Bad(fmt.Errorf("hop %d: %s", len(r.Hops), r.Problem), "what comes before it has been asked")
	case r.End != Arrived:
		return failure.Bad(fmt.Errorf("hop %d: %s", len(r.Hops), r.Problem), failureHint(r))
	case r.Promise != nil && !r.Promise.Kept:
		return failure.Bad(errors.New("the link led elsewhere than it says"), "")
	}
	return failure.Bad(errors.New("the link arrives, with warnings"), failureHint(r))
}

func failureHint(r *Result) string {
	switch r.End {
	case Private:
		return "--private asks there, --via HOST=ADDR asks one host at one address"
	case TooMany:
		return "--max takes more"
	}
	return "clickedge doctor " + r.Hops[0].Host + " looks at the link domain as a whole"
}
