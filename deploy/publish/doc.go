// Package publish brings a Fastly Compute service to what a sites.json needs:
// its backends, domains, certificates, stores, log endpoint and package.
//
// Three steps, each a function: [Find] reads what is there and changes nothing,
// [Compare] works out the difference or refuses, without a network, and
// [Plan.Apply] carries it out. What a version of the service holds is changed
// in a draft, a clone of the active version, which is validated and activated
// last: a failure before that leaves readers with what they had. Domains and
// certificates are apart from versions. They come after the activation, so that
// no host leads to a module that does not know it.
//
// What the sites do not need is kept and named: other backends, domains and log
// endpoints. A link domain that was published once is never taken off the
// service unless [Wanted.RemoveHosts] names it, as mail that is out names it
// too.
package publish
