package clickreport

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// Rows of time are the finest that there is room for; an hour without a request
// has a row too, so that a plot shows the gap.
func TestPeriods(t *testing.T) {
	hour := func(name string, n int) Row { return Row{name, Counts{Requests: n}} }
	names := func(rows []Row) (list []string) {
		for _, r := range rows {
			list = append(list, r.Name)
		}
		return list
	}
	u, rows := periods(nil, 5)
	require.Equal(t, "hour", u.name)
	require.Empty(t, rows)

	near := []Row{hour("2026-02-28T22:00:00Z", 1), hour("2026-03-01T01:00:00Z", 2)}
	u, rows = periods(near, 4)
	require.Equal(t, "hour", u.name)
	require.Equal(t, []string{"2026-02-28 22:00", "2026-02-28 23:00", "2026-03-01 00:00", "2026-03-01 01:00"}, names(rows))
	require.Zero(t, rows[1].Requests)

	u, rows = periods(near, 3)
	require.Equal(t, "day", u.name)
	require.Equal(t, []Row{hour("2026-02-28", 1), hour("2026-03-01", 2)}, rows)

	u, rows = periods([]Row{near[0], near[1], hour("2026-03-31T23:00:00Z", 4)}, 3)
	require.Equal(t, "month", u.name)
	require.Equal(t, []Row{hour("2026-02", 1), hour("2026-03", 6)}, rows)

	u, rows = periods([]Row{hour("2025-12-31T23:00:00Z", 1), hour("2027-01-01T00:00:00Z", 2)}, 3)
	require.Equal(t, "year", u.name)
	require.Equal(t, []string{"2025", "2026", "2027"}, names(rows))

	u, rows = periods([]Row{hour("0001-01-01T00:00:00Z", 1), hour("9999-12-31T23:00:00Z", 2)}, 300)
	require.Equal(t, "year", u.name)
	require.Equal(t, []string{"0001", "9999"}, names(rows))
}

func TestCeiling(t *testing.T) {
	for n, want := range map[int]int{0: 2, 1: 2, 2: 2, 3: 4, 9: 10, 11: 12, 17: 20, 21: 40, 101: 120, 1100: 1200, 4001: 6000} {
		require.Equal(t, want, ceiling(n), n)
	}
}

func TestWords(t *testing.T) {
	require.Equal(t, "1,234,567", number(1234567))
	require.Equal(t, "999", number(999))
	for micros, want := range map[int64]string{0: "-", 90: "90 µs", 1500: "1.5 ms", 98_400: "98 ms", 1_234_000: "1.23 s", 250_000_000: "250 s", math.MaxInt64: "9223372036855 s"} {
		require.Equal(t, want, took(micros))
	}
	require.Equal(t, "0\u00a0%", share(0, 0))
	require.Equal(t, "under\u00a01\u00a0%", share(1, 1000))
	require.Equal(t, "over\u00a099\u00a0%", share(999, 1000))
	require.Equal(t, "100\u00a0%", share(5, 5))
	require.Equal(t, "1 µs", tick(0))
	require.Equal(t, "100 ms", tick(5))
	require.Equal(t, "1000 s", tick(9))
}
