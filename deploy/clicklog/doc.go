// Package clicklog reads the click log that the module writes (NDJSON, see
// core/spec/click-log.md) and counts in it: what the ESPs have missed, and
// which keys are in use.
//
// Start with [Lines], which gives the lines of a file one by one, and with
// [Missed] and [Keys], which count. Both read a line through one [Reader]: it
// says what a line of the log is, and counts a request once though the log has
// it twice. Logs are delivered at least once, and files overlap.
package clicklog
