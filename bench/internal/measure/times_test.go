package measure

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/engine"
)

func TestSpread(t *testing.T) {
	require.Equal(t, Spread{}, SpreadOf(nil))
	require.Equal(t, Spread{7, 7, 7, 1}, SpreadOf([]float64{7}))
	values := []float64{5, 1, 4, 2, 3}
	require.Equal(t, Spread{Median: 3, Low: 2, High: 4, N: 5}, SpreadOf(values))
	require.Equal(t, []float64{5, 1, 4, 2, 3}, values, "the sample stays as it was")
	require.Equal(t, Spread{1.5, 1.5, 1.5, 1}, SpreadOf(InMicros([]time.Duration{1500 * time.Nanosecond})))
	require.Equal(t, 5.0, Quantile(values, 1))
	require.Equal(t, 1.0, Quantile(values, 0))
	require.Zero(t, Quantile(nil, 0.5))
}

func TestRatio(t *testing.T) {
	ours, other := &Stages{rounds: []float64{1, 2, 4, 0}}, &Stages{rounds: []float64{10, 10, 10, 10}}
	require.Equal(t, Spread{Median: 5, Low: 5, High: 10, N: 3}, ours.Ratio(other), "round by round; one that took no time is none")
	require.Equal(t, Spread{}, ours.Ratio(&Stages{}))
}

func TestStages(t *testing.T) {
	us := time.Microsecond
	l := &Lane{samples: []engine.Measure{{Instantiate: us, Request: 2 * us, Drop: 3 * us, Faults: 9}, {Instantiate: us, Request: 2 * us, Drop: 5 * us, Faults: 9}}}
	s := l.Stages()
	require.Equal(t, 1.0, s.Instantiate.Median)
	require.Equal(t, 2.0, s.Request.Median)
	require.Equal(t, Spread{Median: 5, Low: 3, High: 5, N: 2}, s.Drop)
	require.Equal(t, 6.0, s.Total.Low)
	require.Equal(t, 9.0, s.Faults.Median)
}

func TestThisMachine(t *testing.T) {
	m := ThisMachine()
	require.NotEmpty(t, m.CPU)
	require.Positive(t, m.Cores)
	require.NotEmpty(t, m.Kernel)
	require.Contains(t, m.Go, "go")
}
