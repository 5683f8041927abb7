//go:build !wasip1

// Package command gives a program for WASI the entry that prewarm looks for. It
// is empty outside wasip1.
package command
