package clickreport

import "math"

// LatencyError is how far a percentile may be from the true one, as a part of
// it.
const LatencyError = 0.01

// gamma is the ratio of a bucket's bounds: their middle, 2γ/(γ+1) of the lower
// one, is within (γ-1)/(γ+1), 0.99 %, of everything between.
const gamma = 1.02

// buckets reach from a microsecond to more than a thousand seconds. What took
// longer is in the last one.
const buckets = 1048

var logGamma = math.Log(gamma)

// sketch is a histogram of times with buckets that grow by a fixed ratio: 8 KiB,
// whatever the number of times.
type sketch struct {
	n      int
	max    int64
	counts [buckets]int
}

// add adds a time in microseconds.
func (s *sketch) add(micros int64) {
	s.n++
	s.max = max(s.max, micros)
	s.counts[bucket(micros)]++
}

// bucket is the i with γ^(i-1) < micros <= γ^i.
func bucket(micros int64) int {
	if micros <= 1 {
		return 0
	}
	return min(int(math.Ceil(math.Log(float64(micros))/logGamma)), buckets-1)
}

// percentile returns the time that p of 100 times do not exceed, 0 of none.
func (s *sketch) percentile(p int) int64 {
	rank := (s.n*p + 99) / 100
	for i, n := range s.counts {
		switch rank -= n; {
		case n == 0 || rank > 0:
		case i == buckets-1:
			return s.max // the last has no upper bound
		default:
			return min(value(i), s.max)
		}
	}
	return 0
}

// value stands for the times of a bucket.
func value(i int) int64 {
	return int64(math.Round(2 * math.Pow(gamma, float64(i)) / (gamma + 1)))
}
