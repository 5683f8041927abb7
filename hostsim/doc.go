// Package hostsim runs modules built for Fastly Compute, in process and in pure
// Go, on wazero. It is for tests of such modules, whatever language they were
// written in, and for trying them on a laptop.
//
// Three functions do most of the work. New compiles a module once. Host.Do runs
// one exchange without a network, for tests:
//
//	h, err := hostsim.New(ctx, module, hostsim.Config{
//		Backends: map[string]hostsim.Backend{"origin": {Handler: fake}},
//	})
//	resp, exchange, err := h.Do(ctx, &hostsim.Request{Target: "/a/%zz?b", Host: "host.example.com"})
//
// The Exchange says what happened: log lines, host calls with their statuses,
// backend requests as they went onto the wire, and how the guest ended. Host is
// also an http.Handler; Host.Serve puts it on a listener. LoadConfig reads the
// [local_server] part of a fastly.toml. The command in cmd/hostsim does the
// same without a line of Go.
//
// Stores are maps, backends are handlers, and the clocks, the randomness and the
// faults (Config.Faults, LogFault, KVFault) are the test's own. Config.Production shows what
// Fastly does and local hosts do not.
//
// # Exact bytes
//
// net/http refuses a request target with a lone "%", re-encodes others and
// keeps header fields in a map. Here targets, field order, the case of names
// and repeated fields go unchanged from the client to the guest, on to the
// backend, and back. Behind Host.Serve or a wire.Server that holds from socket
// to socket; behind net/http's server, for what that lets through. A backend
// with a Handler is served by the same code over an in-memory connection.
//
// # Sandboxes
//
// Each request gets an instance of its own, mapped copy-on-write from one image
// of the module's memory, and put back to it before another guest gets the
// mapping; nothing is carried over. Only a guest that asks for further requests
// (next_request) serves more than one, with an Exchange for each. A guest that
// traps, loops, sleeps or takes memory without end ends its own request only:
// with a 500, or a 503 at the time limit, and the reason in Exchange.Ending and
// in Config.Log. When the client goes before there is an answer, the guest does
// not notice, as in Viceroy: it runs on, and ends in the call that would have
// answered. When the client goes later, the guest's writes fail. Either way it
// has Limits.AfterDisconnect to end by itself. What the platform does is not
// documented; set a very short time to test a host that ends the guest at once.
// Backend requests that a guest started and did not wait for are completed
// before the exchange is.
//
// Compiling takes seconds for a large Go module; set Config.CacheDir in tests
// that make many hosts.
//
// # Semantics
//
// The reference is Viceroy, Fastly's own local host
// (github.com/fastly/Viceroy), status by status. This package differs where
// Viceroy's way would hide a mistake or where its libraries stop it. README.md
// has the list, which a differential test against Viceroy holds to be complete,
// and what is not modelled.
package hostsim
