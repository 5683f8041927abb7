// Package hostcall is the guest's own layer over Fastly Compute's host calls.
// It is small on purpose: a function here is one host call, or the few that
// belong together, takes and returns handles and text, copies nothing that the
// caller did not ask for, and never panics. Text stays where the host has put
// it, in a [Buffer], so that a click allocates nothing.
//
// The SDK is not used, for four reasons. Its fsthttp parses the URL before a
// handler runs and panics when it cannot, so a link that a mail gateway cut at
// "%2" is an error page. It copies every header into a map, which loses their
// order, and pays a host call for each. It moves bodies through the guest,
// where handing the handle on moves nothing. And its stores and logs cost a
// click as much as all the rest: each has its buffers, each "no such entry" is
// an error value that is compared with others.
//
// The functions and their meaning are defined by compute-at-edge.witx in
// github.com/fastly/Viceroy. Files named *_guest.go import them; natively,
// stubs answer [Unsupported], so that vet and test work on any machine.
package hostcall
