package measure

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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

func TestThisMachine(t *testing.T) {
	m := ThisMachine()
	require.NotEmpty(t, m.CPU)
	require.Positive(t, m.Cores)
	require.NotEmpty(t, m.Kernel)
	require.Contains(t, m.Go, "go")
}
