// Package migrate reads the configuration of a link domain's present proxy (an
// nginx server, a CloudFront distribution or a Fastly VCL service) and writes
// the entry of sites.json that replaces it.
//
// Start with [Read]; [Result.JSON] is the new sites.json, and [Merge] adds its
// sites to an existing one.
//
// A configuration is untrusted text: it is read, never run, and its size, its
// depth and the files that it may name are bounded. A [Finding] with
// its place names each setting that sites.json cannot express, and each mistake
// in the old set-up, most of which stay unnoticed until clicks are missing. The
// result always passes [sitesjson.Parse].
package migrate
