package abi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func rateRig(t *testing.T) (*rig, *clock) {
	r, c := newRig(t), &clock{time.Date(2026, 1, 1, 12, 0, 3, 0, time.UTC)}
	r.s.svc.Rates = NewRates(c.Now)
	return r, c
}

func (r *rig) count(n int) {
	r.t.Helper()
	require.Equal(r.t, OK, r.call("erl.ratecounter_increment", "rc", "e", n))
}

// Rates are of the last seconds, whatever the time.
func TestRates(t *testing.T) {
	r, clock := rateRig(t)
	rate := func(window int) uint32 {
		return r.ok("erl.ratecounter_lookup_rate", "rc", "e", window, 0)
	}
	require.Zero(t, rate(1))
	r.count(600)
	require.Equal(t, []uint32{600, 60, 10}, []uint32{rate(1), rate(10), rate(60)})
	clock.now = clock.now.Add(999 * time.Millisecond)
	require.EqualValues(t, 600, rate(1))
	clock.now = clock.now.Add(time.Millisecond)
	require.Equal(t, []uint32{0, 60, 10}, []uint32{rate(1), rate(10), rate(60)})
	r.count(29)
	require.Equal(t, []uint32{29, 62, 10}, []uint32{rate(1), rate(10), rate(60)}, "rounded down")
	clock.now = clock.now.Add(59 * time.Second)
	require.Equal(t, []uint32{0, 0, 0}, []uint32{rate(1), rate(10), rate(60)})
	require.Zero(t, r.ok("erl.ratecounter_lookup_rate", "other", "e", 1, 0))
	require.Zero(t, r.ok("erl.ratecounter_lookup_rate", "rc", "other", 1, 0))
}

// Counts are of whole buckets of ten seconds, the present one included.
func TestRateCounts(t *testing.T) {
	r, clock := rateRig(t) // 12:00:03
	count := func(duration int) uint32 {
		return r.ok("erl.ratecounter_lookup_count", "rc", "e", duration, 0)
	}
	r.count(5)
	clock.now = clock.now.Add(6900 * time.Millisecond) // 12:00:09.9
	require.EqualValues(t, 5, count(10))
	clock.now = clock.now.Add(100 * time.Millisecond)
	require.Equal(t, []uint32{0, 5}, []uint32{count(10), count(20)})
	r.count(2)
	clock.now = clock.now.Add(40 * time.Second) // 12:00:50
	require.Equal(t, []uint32{0, 2, 7}, []uint32{count(40), count(50), count(60)})
	clock.now = clock.now.Add(10 * time.Second)
	require.Equal(t, []uint32{0, 2}, []uint32{count(50), count(60)})
}

func TestPenaltyBox(t *testing.T) {
	r, clock := rateRig(t)
	has := func() uint32 { return r.ok("erl.penaltybox_has", "pb", "e", 0) }
	require.Zero(t, has())
	require.Equal(t, OK, r.call("erl.penaltybox_add", "pb", "e", 119))
	clock.now = time.Date(2026, 1, 1, 12, 1, 59, 0, time.UTC)
	require.EqualValues(t, 1, has(), "119 seconds are a minute, rounded up to a full one of the clock")
	clock.now = clock.now.Add(time.Second)
	require.Zero(t, has())
	require.Equal(t, OK, r.call("erl.penaltybox_add", "pb", "e", 3600))
	require.Equal(t, OK, r.call("erl.penaltybox_add", "pb", "e", 60), "the new time counts")
	clock.now = clock.now.Add(2 * time.Minute)
	require.Zero(t, has())
}

func TestCheckRate(t *testing.T) {
	r, clock := rateRig(t)
	check := func(delta int) uint32 {
		return r.ok("erl.check_rate", "rc", "e", delta, 10, 10, "pb", 60, 0)
	}
	require.Zero(t, check(100), "at the limit")
	require.EqualValues(t, 1, check(1), "above it")
	require.EqualValues(t, 1, r.ok("erl.penaltybox_has", "pb", "e", 0))
	clock.now = clock.now.Add(20 * time.Second)
	require.EqualValues(t, 1, check(1), "in the box, whatever the rate")
	clock.now = clock.now.Add(2 * time.Minute)
	require.Zero(t, check(1))
}

// Beyond the documented limits: inval.
func TestRateMistakes(t *testing.T) {
	r, _ := rateRig(t)
	long := strings.Repeat("n", 65)
	for _, args := range [][]any{{long, "e", 1}, {"rc", long, 1}, {"rc", "e", 1001}, {"rc", "\xff", 1}} {
		require.Equal(t, Inval, r.call("erl.ratecounter_increment", args...), args)
	}
	require.Equal(t, OK, r.call("erl.ratecounter_increment", strings.Repeat("ü", 64), "", 0), "characters")
	for _, window := range []int{0, 2, 9, 11, 61} {
		require.Equal(t, Inval, r.call("erl.ratecounter_lookup_rate", "rc", "e", window, 0), window)
	}
	for _, duration := range []int{0, 1, 15, 70} {
		require.Equal(t, Inval, r.call("erl.ratecounter_lookup_count", "rc", "e", duration, 0), duration)
	}
	for _, ttl := range []int{0, 59, 3601} {
		require.Equal(t, Inval, r.call("erl.penaltybox_add", "pb", "e", ttl), ttl)
		require.Equal(t, Inval, r.call("erl.check_rate", "rc", "e", 1, 1, 10, "pb", ttl, 0), ttl)
	}
	for _, limit := range []int{0, 9, 10001} {
		require.Equal(t, Inval, r.call("erl.check_rate", "rc", "e", 1, 1, limit, "pb", 60, 0), limit)
	}
	require.Zero(t, r.ok("erl.ratecounter_lookup_rate", "rc", "e", 1, 0), "nothing was counted")
}

// A full counter forgets what was not counted for the longest time, a full box
// what has the shortest time left.
func TestRateRoom(t *testing.T) {
	rates, clock := NewRates(time.Now), &clock{time.Unix(0, 0)}
	rates.now = clock.Now
	for i := range maxRateEntries {
		clock.now = clock.now.Add(time.Millisecond)
		require.True(t, rates.increment("rc", fmt.Sprint(i), 1))
		require.True(t, rates.penalize("pb", fmt.Sprint(i), uint32(3600-i%3600)))
	}
	rates.increment("rc", "0", 1)
	rates.increment("rc", "new", 1)
	require.EqualValues(t, 1, rates.inWindow("rc", "new", 60))
	require.EqualValues(t, 2, rates.inWindow("rc", "0", 60))
	require.Zero(t, rates.inWindow("rc", "1", 60))
	rates.penalize("pb", "new", 3600)
	require.Len(t, rates.boxes["pb"], maxRateEntries)
	for i := range maxRateTables - 1 {
		require.True(t, rates.increment(fmt.Sprint("rc", i), "e", 1))
	}
	require.False(t, rates.increment("one more", "e", 1))
}
