//go:build wasip1

package main

//go:wasmimport wasi_snapshot_preview1 clock_time_get
//go:noescape
func clockTimeGet(id uint32, precision uint64, at *int64) uint32

// now returns the wall clock in nanoseconds since 1970, 0 if there is none.
// time.Now would also read the monotonic clock, which a click does not need.
func now() int64 {
	const realtime, microsecond = 0, 1000
	var clock int64
	if clockTimeGet(realtime, microsecond, &clock) != 0 {
		return 0
	}
	return clock
}
