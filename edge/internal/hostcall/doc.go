// Package hostcall is the guest's own layer over Fastly Compute's host calls.
// It is small on purpose. A function is one host call, or a few that belong
// together. It takes and returns handles and text, copies nothing that the
// caller did not ask for, and never panics. Text stays where the host has
// written it, in a [Buffer], so that a click allocates nothing.
//
// The SDK is not used, for four reasons. Its fsthttp parses the URL before a
// handler runs and panics if it cannot, so a link that a mail gateway has cut
// at "%2" gets an error page. It copies every header into a map, which loses
// their order, with a host call for each. It copies bodies through the guest,
// where passing on the handle copies nothing. And its stores and logs cost a
// click as much as all the rest: each has buffers of its own, and each "no such
// entry" is an error value that is compared with others.
//
// The functions and their meaning are defined by compute-at-edge.witx in
// github.com/fastly/Viceroy. Files named *_guest.go import them; natively,
// stubs answer [Unsupported], so that vet and test work on any machine.
package hostcall
