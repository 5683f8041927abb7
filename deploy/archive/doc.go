// Package archive takes what is known of learned links out of the KV store, and
// puts it there: as a file of lines, one for each name, that people can read
// and a build puts into the module.
//
// Start with [Export], [Import], [Read] and [Write].
package archive
