// Package check says what a sites.json sets: each site with its settings, the
// backends that the service needs, which links of an ESP can be read and how
// certain that is, which settings have no effect or a surprising one, and which
// ESPs issue certificates themselves.
//
// Start with [Of], which makes the report of a file that core has accepted, and
// with [Report.Text]. Core finds the mistakes; [Refused] only lists them.
package check
