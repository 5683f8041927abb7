// Package differential compares hostsim with Viceroy, Fastly's own local host:
// the same modules get the same requests on both, and status, header, body,
// trailer, log lines, output, the guest's ending and what origins received must
// be the same. What differs on purpose is listed, with reasons, in the table
// "Where it differs from Viceroy" in hostsim/README.md; the tests read that
// table, and fail for a difference that is not in it and for a row that no
// longer shows.
//
// The package has tests only. They skip when there is no Viceroy; run.sh finds
// or installs one and builds the modules.
package differential
