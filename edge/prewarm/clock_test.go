package prewarm_test

import (
	"bufio"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/sys"

	"github.com/clickedge/clickedge/edge/prewarm"
)

// testClock is a sandbox's time. It moves by a microsecond when it is looked
// at, and by whatever is slept.
type testClock struct {
	wall time.Time     // when the monotonic clock was 0
	mono time.Duration // since then
}

func (c *testClock) now() time.Duration {
	c.mono += time.Microsecond
	return c.mono
}

func (c *testClock) configure(config wazero.ModuleConfig) wazero.ModuleConfig {
	return config.
		WithNanotime(func() int64 { return int64(c.now()) }, sys.ClockResolution(time.Microsecond)).
		WithNanosleep(func(ns int64) { c.mono += time.Duration(ns) }).
		WithWalltime(func() (int64, int32) {
			t := c.wall.Add(c.now())
			return t.Unix(), int32(t.Nanosecond())
		}, sys.ClockResolution(time.Microsecond))
}

// Whatever the clock said when the snapshot was taken, and whatever it says in
// the sandbox, a timer that is set there fires when it should.
func TestTimersFireOnTime(t *testing.T) {
	const wait, slack = 50 * time.Millisecond, time.Millisecond
	for name, c := range map[string]struct {
		age  string        // of the snapshot, by the monotonic clock
		mono time.Duration // of the sandbox
	}{
		"as on most hosts":                {"", 0},
		"snapshot long past":              {"", 10_000 * time.Hour},
		"snapshot in the future":          {"10000h", 0},
		"snapshot in the near future":     {"2ms", 0},
		"snapshot and sandbox of one age": {"3h", 3 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			module := warm(t, "timers", prewarm.Options{Env: map[string]string{"AGE": c.age}})
			clock := &testClock{wall: time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC), mono: c.mono}
			began := clock.wall.Add(c.mono)
			s := &sandbox{clock: clock}
			_, err := s.run(t, module, "_start")
			require.NoError(t, err, s.stderr.String())
			lines := bufio.NewScanner(&s.stdout)
			for range 5 {
				var took, start int64
				var past bool
				require.True(t, lines.Scan())
				_, err := fmt.Sscan(lines.Text(), &took, &past, &start)
				require.NoError(t, err)
				require.GreaterOrEqual(t, time.Duration(took), wait, "early")
				require.Less(t, time.Duration(took), wait+slack, "late")
				require.True(t, past)
				at := time.Unix(0, start)
				require.True(t, !at.Before(began) && at.Before(began.Add(time.Second)), "%v is not about %v", at, began)
			}
			require.True(t, lines.Scan())
			require.Equal(t, fmt.Sprint(prewarm.Epoch, " true"), lines.Text())
		})
	}
}
