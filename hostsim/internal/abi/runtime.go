package abi

import "time"

// abiInit accepts version 1, the only one there is.
func abiInit(f *frame) {
	if f.a[0] != 1 {
		f.fail(Error)
	}
}

// vcpuMS is wall time less the time spent waiting; a local host has no better measure.
func vcpuMS(f *frame) { f.put64(0, uint64((time.Since(f.s.start) - f.s.idled).Milliseconds())) }

// heapMiB rounds up, so that guests do not rely on details.
func heapMiB(f *frame) { f.put32(0, (f.m.Size()+1<<20-1)>>20) }

func unsupported(f *frame) { f.fail(Unsupported) }
