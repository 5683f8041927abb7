//go:build !wasip1

package main

import (
	"os"

	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

func readEnviron(*hostcall.Buffer) (version, traceID string) {
	return os.Getenv("FASTLY_SERVICE_VERSION"), os.Getenv("FASTLY_TRACE_ID")
}
