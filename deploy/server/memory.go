package server

import (
	"os"
	"runtime/debug"
	runtimemetrics "runtime/metrics"
)

// Go lets a heap grow to twice what is in use before it collects. For a server
// whose sites take most of the memory, and never change, that is a waste: what a
// click allocates is gone with it. And for one with few sites it collects too
// often. So the server's memory is held near what it has after the sites were
// read, and what its connections need, and Go collects when it comes near that.
// An operator's GOMEMLIMIT and GOGC go before.
const (
	spareMemory = 3 << 20  // beside both
	plainMemory = 14 << 10 // stack, and the buffer for a head
	tlsMemory   = 64 << 10 // of a connection with TLS, keys and records included
	espMemory   = 64 << 10 // of one to an ESP, with the reader's answer
	leastMemory = 24 << 20
	// heapGrowth takes the place of GOGC: that much more, in percent, is
	// collected below the limit too.
	heapGrowth = 800
)

// bound is the limit on the memory of a run. The zero value sets none.
type bound struct {
	base    int64 // what is in use without connections
	now     int64 // the limit that is set; 0 for none
	outside int64 // the one that was set before
	growth  int   // what was set before in place of heapGrowth
}

// read measures what is in use after everything was read, while connections need
// this much.
func (m *bound) read(connections int64) {
	debug.FreeOSMemory() // reading takes several times what stays
	m.base = max(inUse()+spareMemory-connections, leastMemory)
	m.hold(connections)
}

// hold sets the limit while connections need this much.
func (m *bound) hold(connections int64) {
	limit := m.base + connections
	if _, own := os.LookupEnv("GOMEMLIMIT"); own || m.base == 0 || limit == m.now {
		return
	}
	before := debug.SetMemoryLimit(limit)
	if m.now == 0 {
		m.outside, m.growth = before, -1
		if _, own := os.LookupEnv("GOGC"); !own {
			m.growth = debug.SetGCPercent(heapGrowth)
		}
	}
	m.now = limit
}

// lift takes the limit away, for work that needs more.
func (m *bound) lift() {
	if m.now != 0 {
		debug.SetMemoryLimit(m.outside)
		if m.growth >= 0 {
			debug.SetGCPercent(m.growth)
		}
		m.now = 0
	}
}

// forConnections is what the connections need.
func (r *run) forConnections() int64 {
	n := int64(r.pool.connections()) * espMemory
	for _, p := range r.ports {
		each := int64(plainMemory)
		if p.kind == kindHTTPS {
			each = tlsMemory
		}
		n += int64(p.connections()) * each
	}
	return n
}

// inUse is the memory that Go has from the system.
func inUse() int64 {
	samples := []runtimemetrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	runtimemetrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}
