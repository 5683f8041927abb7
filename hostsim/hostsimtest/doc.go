// Package hostsimtest tests Fastly Compute programs with go test. [Run] builds
// a package for wasip1 and runs it on hostsim; [Service.Get] and [Service.Do]
// send it requests; the methods of [Exchange] check what it answered, logged
// and sent to its backends, one thing each or all of it against a file
// ([Exchange.Golden]).
//
// Nothing reaches the internet unless [Network] says so: a request to a backend
// that has no handler and is not on this machine fails, and so does the test.
package hostsimtest
