package doctor

import (
	"errors"

	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/failure"
)

// Failure is that of an examination that could not be made.
func Failure(err error) error {
	switch {
	case errors.Is(err, ErrUnsubscribe):
		return failure.Usage(err, "opening it could unsubscribe the recipient; take a button's link from a mail to yourself")
	case errors.Is(err, ErrOptions):
		return failure.Usage(err, "clickedge doctor --help lists the flags")
	}
	return failure.Bad(err, "")
}

// Verdict turns the worst finding into a failure; nil where there is nothing to
// fix.
func Verdict(r *report.Report) error {
	switch r.Worst() {
	case catalogue.Error:
		hint := ""
		if len(r.Worrying()) > 1 {
			hint = "fix the first one first: others may follow from it"
		}
		return failure.Bad(errors.New(r.Host+" has "+r.Verdict()), hint)
	case catalogue.Warning:
		return &failure.Error{Exit: failure.ExitWarnings, Err: errors.New(r.Host + " has " + r.Verdict())}
	}
	return nil
}
