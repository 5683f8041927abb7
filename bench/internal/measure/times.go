package measure

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/engine"
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

// Stages is the time of a request by stage, in microseconds.
type Stages struct {
	Instantiate Spread `json:"instantiate"`
	Request     Spread `json:"request"`
	Drop        Spread `json:"drop"`
	Total       Spread `json:"total"`
	Faults      Spread `json:"page_faults"` // not a time: minor page faults per request
	// rounds has the median of Total in each round.
	rounds []float64
}

// Lane is one thing that is timed: a click in a session.
type Lane struct {
	Session *Session
	Kind    *clicks.Kind
	samples []engine.Measure
	rounds  []float64
}

// Time makes clicks in all lanes in turn, perRound of them in each, so that
// other load of the machine affects all lanes alike. The first clicks of each
// lane are not counted.
func Time(ctx context.Context, lanes []*Lane, rounds, perRound int, progress func(round int)) error {
	for _, l := range lanes {
		if _, err := l.round(ctx, 3); err != nil {
			return err
		}
	}
	for r := range rounds {
		progress(r)
		for _, l := range lanes {
			runtime.GC() // now, rather than during the measurement
			sample, err := l.round(ctx, perRound)
			if err != nil {
				return err
			}
			l.samples = append(l.samples, sample...)
			l.rounds = append(l.rounds, spread(sample, (*engine.Measure).Total).Median)
		}
	}
	return nil
}

func (l *Lane) round(ctx context.Context, n int) ([]engine.Measure, error) {
	list := make([]engine.Measure, n)
	for i := range list {
		m, _, err := l.Session.Click(ctx, l.Kind)
		if err != nil {
			return nil, err
		}
		list[i] = m
	}
	return list, nil
}

// spread is the spread of one time of all clicks.
func spread(sample []engine.Measure, of func(*engine.Measure) time.Duration) Spread {
	list := make([]time.Duration, len(sample))
	for i := range sample {
		list[i] = of(&sample[i])
	}
	return SpreadOf(InMicros(list))
}

// Stages returns the times.
func (l *Lane) Stages() *Stages {
	faults := make([]float64, len(l.samples))
	for i := range l.samples {
		faults[i] = float64(l.samples[i].Faults)
	}
	return &Stages{
		Instantiate: spread(l.samples, func(m *engine.Measure) time.Duration { return m.Instantiate }),
		Request:     spread(l.samples, func(m *engine.Measure) time.Duration { return m.Request }),
		Drop:        spread(l.samples, func(m *engine.Measure) time.Duration { return m.Drop }),
		Total:       spread(l.samples, (*engine.Measure).Total),
		Faults:      SpreadOf(faults),
		rounds:      l.rounds,
	}
}

// Ratio is how many times as long other takes, from the medians of the same
// rounds.
func (s *Stages) Ratio(other *Stages) Spread {
	n := min(len(s.rounds), len(other.rounds))
	ratios := make([]float64, 0, n)
	for i := range n {
		if s.rounds[i] > 0 {
			ratios = append(ratios, other.rounds[i]/s.rounds[i])
		}
	}
	return SpreadOf(ratios)
}
