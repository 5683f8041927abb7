//go:build !linux

package engine

// minorFaults is not known per thread on this system.
func minorFaults() int64 { return 0 }
