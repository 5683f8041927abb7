package abi

// abiInit accepts version 1, the only one there is.
func abiInit(f *frame) {
	if f.a[0] != 1 {
		f.fail(Error)
	}
}

func vcpuMS(f *frame) { f.put64(0, uint64(f.s.Worked().Milliseconds())) }

// heapMiB rounds up, so that guests do not rely on details.
func heapMiB(f *frame) { f.put32(0, (f.m.Size()+1<<20-1)>>20) }

// noProduct: a local service has none of the products that are sold separately
// from Compute.
func noProduct(f *frame) { f.put32(0, 0) }

func unsupported(f *frame) { f.fail(Unsupported) }
