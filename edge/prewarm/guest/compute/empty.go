//go:build !wasip1

// Package compute gives a program for Fastly Compute the entry that prewarm
// looks for. It is empty outside wasip1.
package compute
