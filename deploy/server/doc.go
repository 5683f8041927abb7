// Package server is a server of one's own for link domains: what core decides
// is carried out natively, without the module and without Fastly.
//
// Start with [Server], which answers requests, [Pool], which keeps connections
// to the ESPs, and [Links], the file of learned links. [Run] puts them behind
// listeners.
//
// The server answers as the module does. One set of cases goes through both
// (deploy/e2e): where they differ, the platform is the reason:
//
//   - There are no backends to configure: any origin that a site names can be
//     reached.
//   - vcpu_ms is -1 in the log, and version is that of the sites: nobody counts
//     the CPU time of one request here, and there is no service version.
//   - Bot Management is Fastly's; verdicts rest on the request alone.
//   - Learned links have one cache, on this machine.
//   - Messages that are not HTTP/1.1 to the letter are answered by package wire
//     and have no line in the log, as on Fastly those that never reach the
//     module.
//   - A target in absolute form is taken for its path, if it names the host that
//     the Host field names; trailer fields stay here, in both directions.
package server
