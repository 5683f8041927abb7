// Package guest is for programs that are prewarmed: it reads, at the entry,
// what a snapshot freezes.
//
// A prewarmed module begins with the memory that its initialisation left. Go's
// library has read the environment and the arguments by then, so os.Getenv and
// os.Args say in every sandbox what they said at the build. [Refresh] makes
// them say what the sandbox was given; it is called first in the entry:
//
//	//go:wasmexport serve
//	func serve() {
//		guest.Refresh()
//		fsthttp.ServeFunc(handle)
//	}
//
// [Getenv], [LookupEnv], [Environ] and [Args] ask the sandbox at each call and
// change nothing. [Rand] is a generator with a seed of its own in each sandbox,
// which the top-level functions of math/rand do not have.
//
// Two packages have the entry ready, for a program that has only func main:
// import one of them for its side effect.
//
//   - guest/compute, on Fastly Compute
//   - guest/command, on WASI alone
//
// Outside wasip1 the functions are those of os, so that a program's tests run
// natively.
package guest
