// Package migrate reads what stands on a link domain today, an nginx server, a
// CloudFront distribution or a Fastly VCL service, and writes the entry of
// sites.json that takes its place.
//
// Start with [Read]; [Result.JSON] is the new sites.json, and [Merge] puts it
// into one that is there.
//
// A configuration is text of somebody else: it is read, never run, and its
// size, its depth and the files that it may name are bounded. What cannot be
// said in sites.json is named in a [Finding] with its place, and so is what was
// wrong in the old set-up, most of which nobody can see from the outside until
// clicks go missing. What comes out always passes [core.ParseSites].
package migrate
