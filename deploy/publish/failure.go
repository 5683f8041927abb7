package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/output"
)

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

// Failure puts every reason of a refusal on a line of its own.
func Failure(ctx context.Context, err error) error {
	var refused *Refusal
	var unfinished *Unfinished
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unfinished):
		if stop := interrupt.Of(ctx, unfinished.State); stop != nil {
			return stop
		}
		f := failure.Of(fastlyapi.Failure(unfinished.Err))
		f.Err = fmt.Errorf("%w; %s", unfinished.Err, unfinished.State)
		if f.Hint == "" {
			f.Hint = unfinished.Hint()
		}
		return f
	case errors.As(err, &refused):
		return refusedFailure(refused)
	}
	return fastlyapi.Failure(err)
}

func refusedFailure(r *Refusal) error {
	if len(r.Reasons) == 1 {
		return failure.Bad(errors.New(clean.Text(r.Reasons[0].What)), clean.Text(r.Reasons[0].Hint))
	}
	var lines []string
	for _, reason := range r.Reasons {
		lines = append(lines, clean.Text(reason.What)+"\n  hint: "+clean.Text(reason.Hint))
	}
	f := failure.Bad(fmt.Errorf("%s, and nothing was changed", output.Count(len(r.Reasons), "reason")+" not to publish"), "")
	f.Detail = strings.Join(lines, "\n")
	return f
}
