// Package publish makes a Fastly Compute service match a sites.json: its
// backends, domains, certificates, stores, log endpoint and package.
//
// Three steps, each a function: [Find] reads the present state and changes
// nothing, [Compare] works out the difference or refuses, without the network,
// and [Plan.Apply] carries it out. Parts of a version are changed in a draft, a
// clone of the active version, which is validated and activated last: a failure
// before that changes nothing for readers. Domains and certificates are not
// part of versions. They come after the activation, so that no host leads to a
// module that does not know it.
//
// Backends, domains and log endpoints that the sites do not need are kept, with
// a note. A link domain that was published once is never removed from the
// service unless [Wanted.RemoveHosts] names it, as links in sent mail lead to
// it.
package publish
