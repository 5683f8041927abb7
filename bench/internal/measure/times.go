package measure

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/clickedge/clickedge/bench/internal/clicks"
)

// Spread is a sample of times in microseconds: the median, and the quartiles on
// both sides of it.
type Spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"p25"`
	High   float64 `json:"p75"`
	N      int     `json:"n"`
}

// InMicros returns durations in microseconds.
func InMicros(list []time.Duration) []float64 {
	values := make([]float64, len(list))
	for i, d := range list {
		values[i] = float64(d) / float64(time.Microsecond)
	}
	return values
}

// SpreadOf is the spread of values of any unit.
func SpreadOf(values []float64) Spread {
	return Spread{Median: Quantile(values, 0.5), Low: Quantile(values, 0.25), High: Quantile(values, 0.75), N: len(values)}
}

// Quantile returns the value that the share q, 0 to 1, of the values does not
// exceed, the nearest one.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	return s[int(q*float64(len(s)-1)+0.5)]
}

// Lane is one thing that is timed on wazero: a click in a session.
type Lane struct {
	Session *Session
	Kind    *clicks.Kind
	took    []time.Duration
}

// Time makes clicks in all lanes in turn, perRound of them in each, so that
// other load of the machine affects all lanes alike. The first clicks of each
// lane are not counted.
func Time(ctx context.Context, lanes []*Lane, rounds, perRound int, progress func(round int)) error {
	for _, l := range lanes {
		if err := l.round(ctx, 3); err != nil {
			return err
		}
		l.took = nil
	}
	for r := range rounds {
		progress(r)
		for _, l := range lanes {
			runtime.GC() // now, rather than during the measurement
			if err := l.round(ctx, perRound); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Lane) round(ctx context.Context, n int) error {
	for range n {
		x, err := l.Session.Click(ctx, l.Kind)
		if err != nil {
			return err
		}
		l.took = append(l.took, x.Duration)
	}
	return nil
}

// Spread returns the times, in microseconds.
func (l *Lane) Spread() Spread { return SpreadOf(InMicros(l.took)) }
