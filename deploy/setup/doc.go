// Package setup describes a new link domain: what an operator says of it, each
// answer held against the rules of sites.json at once, and the files that come
// of it.
//
// Start with [Site], with [Site.Problems], which checks one field, with
// [Interview], which asks on a terminal for what no flag says, and with
// [Draft], which writes sites.json and what belongs beside it, all or nothing.
// [Draft.Next] has the commands that come then.
//
// No rule of sites.json is repeated here: core's parser reads what would be
// written. A file that is there is never written over; a site is added to a
// sites.json only where that was asked for.
package setup
