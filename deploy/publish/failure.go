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
