// Package check says what a sites.json sets: each site with its settings, the
// backends that the service needs, which links of an ESP can be read and how
// far that is certain, what has no effect or one that few would want, and which
// ESPs issue certificates themselves.
//
// Start with [Of], which makes the report of a file that core has accepted, and
// with [Report.Text]. Mistakes are core's to find; [Refused] only lists them.
package check
