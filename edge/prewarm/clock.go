package prewarm

import (
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/sys"
)

// Epoch is what a guest's clock says when its initialisation begins:
// 2000-01-01T00:00:00Z, in Unix seconds.
const Epoch = 946684800

const (
	tick  = time.Nanosecond
	yield = 10 * time.Microsecond
)

// clock is a time that depends only on the guest's own calls. It cannot stand
// still, since Go's scheduler waits for a timer by reading the clock again and
// again: each reading takes a tick. Ticks are short because the monotonic clock
// of a new sandbox begins near zero, and what is past in the snapshot should
// soon be past there, too.
type clock struct{ since time.Duration }

func (c *clock) now() time.Duration {
	c.since += tick
	return c.since
}

func (c *clock) wall() (sec int64, nsec int32) {
	t := c.now()
	return Epoch + int64(t/time.Second), int32(t % time.Second)
}

// configure sets all clocks and sleeps of a guest.
func (c *clock) configure(config wazero.ModuleConfig) wazero.ModuleConfig {
	return config.
		WithWalltime(c.wall, sys.ClockResolution(tick)).
		WithNanotime(func() int64 { return int64(c.now()) }, sys.ClockResolution(tick)).
		WithNanosleep(func(ns int64) { c.since += max(time.Duration(ns), tick) }).
		WithOsyield(func() { c.since += yield })
}
