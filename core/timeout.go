package core

import "time"

const (
	// DefaultTimeout gives a reader a page within seconds. A working ESP
	// redirects in a few hundred milliseconds.
	DefaultTimeout = 5 * time.Second
	// MinTimeout and MaxTimeout bound esp_timeout.
	MinTimeout = 100 * time.Millisecond
	MaxTimeout = time.Minute
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
	return DefaultTimeout
}
