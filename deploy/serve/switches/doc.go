// Package switches has what can be tried out on a running "clickedge serve"
// without touching sites.json: ESPs that are retired, links that are recalled,
// and stand-ins that fail.
//
// Start with [New]. [Set.Retire] and [Set.Recall] change a [Set], and
// [Set.Override] is the entry of the config store that comes of it for a site:
// the object of sites.json with the changes, so that taking a change back leaves
// nothing behind. Each change is checked as the module checks an override; one
// that the module would not take is refused and changes nothing.
package switches
