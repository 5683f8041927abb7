// Package hostcall is the guest's own layer over Fastly Compute's host calls for
// requests, responses and bodies. It is small on purpose: a function here is one
// host call, takes and returns handles and bytes, copies nothing that the caller
// did not ask for, and never panics.
//
// The SDK's fsthttp is not used for these, for three reasons. It parses the URL
// before a handler runs and panics when it cannot, so a link that a mail gateway
// cut at "%2" is an error page. It copies every header into a map, which loses
// their order, and pays a host call for each. And it moves bodies through the
// guest, where handing the handle on moves nothing. Stores, logs and runtime
// figures come from the SDK all the same.
//
// The functions and their meaning are defined by compute-at-edge.witx in
// github.com/fastly/Viceroy. Files named *_guest.go import them; natively,
// stubs answer [Unsupported], so that vet and test work on any machine.
package hostcall
