// Package hostsim runs modules built for Fastly Compute, in process and in pure Go, on wazero.
package hostsim
