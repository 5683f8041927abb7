package core

import (
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/jsontext"
)

const (
	// defaultTimeout gives a reader a page within seconds. A working ESP
	// redirects in a few hundred milliseconds.
	defaultTimeout = 5 * time.Second
	minTimeout     = 100 * time.Millisecond
	maxTimeout     = time.Minute
	// patientTimeout is for requests that no person waits for. Their body may
	// still be arriving, and a request that may have had an effect is better
	// waited for.
	patientTimeout = time.Minute
)

// Timeout is how long a request with this method waits for the ESP's answer to
// begin. It is never 0.
func (s *Site) Timeout(method string) time.Duration {
	switch {
	case method != "GET" && method != "HEAD":
		return patientTimeout
	case s.ESPTimeout > 0:
		return s.ESPTimeout
	}
	return defaultTimeout
}

func (c *siteReader) setTimeout(t jsontext.Text) {
	d, ok := parseTimeout(string(t.Bytes))
	switch {
	case !ok:
		c.mistake(fieldTimeout, t.At, quote(t.Bytes)+" is not a time", `write it with its unit, as in "3s" or "1500ms"`)
	case d < minTimeout || d > maxTimeout:
		c.mistake(fieldTimeout, t.At, quote(t.Bytes)+" is out of range", `"100ms" to "60s"`)
	}
	c.site.ESPTimeout = d
}

// parseTimeout reads a whole number with its unit, "s" or "ms".
func parseTimeout(s string) (time.Duration, bool) {
	unit := time.Millisecond
	n, ok := strings.CutSuffix(s, "ms")
	if !ok {
		unit = time.Second
		n, ok = strings.CutSuffix(s, "s")
	}
	v, err := strconv.ParseUint(n, 10, 32)
	return time.Duration(v) * unit, ok && err == nil
}
