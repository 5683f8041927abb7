//go:build !wasip1

package main

import "os"

func readEnviron() (version, traceID string) {
	return os.Getenv("FASTLY_SERVICE_VERSION"), os.Getenv("FASTLY_TRACE_ID")
}
