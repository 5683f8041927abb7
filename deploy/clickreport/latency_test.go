package clickreport

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A percentile is within the error of that which sorting gives, for times of
// any spread.
func TestPercentilesAreWithinTheError(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() int64{
		"even":   func() int64 { return 1 + random.Int64N(5_000_000) },
		"spread": func() int64 { return int64(20_000 * (1 + random.ExpFloat64()*random.ExpFloat64()*9)) },
		"two":    func() int64 { return []int64{40, 3_000_000}[random.IntN(2)] },
		"small":  func() int64 { return random.Int64N(4) },
		"same":   func() int64 { return 123_456 },
	} {
		for _, n := range []int{1, 2, 3, 20, 100, 9973} {
			var s sketch
			var all []int64
			for range n {
				v := draw()
				s.add(v)
				all = append(all, v)
			}
			slices.Sort(all)
			for _, p := range []int{50, 95, 99, 100} {
				want := all[(n*p+99)/100-1]
				require.InDelta(t, want, s.percentile(p), float64(want)*LatencyError+.5+float64(one(want == 0)), "%s: p%d of %d", name, p, n)
			}
			require.Equal(t, all[n-1], s.max)
		}
	}
	require.Zero(t, new(sketch).percentile(50))
}

// The stated error follows from the ratio of the buckets, which reach beyond
// every time-out.
func TestBuckets(t *testing.T) {
	require.LessOrEqual(t, (gamma-1)/(gamma+1), LatencyError)
	require.Greater(t, value(buckets-1), int64(1000_000_000))
	require.Equal(t, buckets-1, bucket(1<<62))
	require.Zero(t, bucket(0))
	require.Zero(t, bucket(1))
}

// What took longer than the buckets reach is told by the longest of it.
func TestBeyondTheBuckets(t *testing.T) {
	var s sketch
	s.add(1000)
	s.add(1 << 62)
	require.InEpsilon(t, 1000, s.percentile(50), LatencyError)
	require.EqualValues(t, 1<<62, s.percentile(99))
}

// The time is that of requests that waited for the ESP's answer.
func TestLatencyIsOfWhoWaited(t *testing.T) {
	r := read(t,
		line(1, "origin_status", "302", "us", "50000"),
		line(2, "origin_status", "302", "us", "90", "action", "redirect", "agrees", "yes"),
		line(3, "action", "refuse", "origin_error", "no_answer_in_time", "us", "5000000"),
		line(4, "action", "reply", "us", "70"),
		line(5, "origin_status", "200", "us", "70000", "esp", "sendgrid"),
		line(6, "origin_error", "connection_refused", "second_origin", "answered", "origin_status", "302", "us", "60000"),
		line(7, "action", "redirect", "origin_status", "503", "missed", "maybe", "us", "80000")).Report()
	require.Equal(t, []Latency{
		{ESP: "mailgun", Answers: 2, NoAnswer: 1, P50: 50_116, P95: 59_893, P99: 59_893, Max: 60_000},
		{ESP: "sendgrid", Answers: 1, P50: 70_000, P95: 70_000, P99: 70_000, Max: 70_000}}, r.Latency)
}
