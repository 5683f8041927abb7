package report

import (
	"fmt"
	"strconv"

	"github.com/clickedge/clickedge/bench/internal/measure"
)

// Thousands writes a number with commas.
func Thousands(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Micros writes microseconds as milliseconds, or as microseconds below a tenth
// of one.
func Micros(us float64) string {
	switch {
	case us >= 10_000:
		return fmt.Sprintf("%.1f ms", us/1000)
	case us >= 100:
		return fmt.Sprintf("%.2f ms", us/1000)
	}
	return fmt.Sprintf("%.0f µs", us)
}

// spread writes a median and its quartiles.
func spread(s measure.Spread) string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", Micros(s.Median), Micros(s.Low), Micros(s.High))
}

func times(s measure.Spread) string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f × (%.2f–%.2f)", s.Median, s.Low, s.High)
}

// Bytes writes a size in megabytes of 1,000,000.
func Bytes(n int) string {
	switch {
	case n >= 100_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1000:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

func millis(ms float64) string {
	if ms >= 10_000 {
		return fmt.Sprintf("%.1f s", ms/1000)
	}
	return fmt.Sprintf("%.0f ms", ms)
}
