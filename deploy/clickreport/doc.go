// Package clickreport adds up the click log (core/spec/click-log.md): how many
// requests by hour, host, ESP, kind, verdict, code and destination, how long
// the ESPs took, and what they missed.
//
// Start with [Clicks], which takes the lines, and [Clicks.Report], which is
// written as text, JSON, CSV or one page of HTML.
//
// Memory does not grow with the log. A table has at most [Most] rows, and what
// comes later is counted as others; percentiles come from a histogram, and are
// within [LatencyError] of the true ones. All times are UTC. A name in the log
// may be anybody's text: it is escaped wherever it is written.
package clickreport
