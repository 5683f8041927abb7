package abi

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// slowRig is a rig whose KV operations end when the test says so.
func slowRig(t *testing.T) (r *rig, started *[]KVOperation, outcome *KVOutcome) {
	r, _ = kvRig(t)
	started, outcome = &[]KVOperation{}, &KVOutcome{}
	r.s.svc.KVFault = func(op KVOperation) KVOutcome {
		*started = append(*started, op)
		return *outcome
	}
	require.Zero(t, r.ok("kv_store.open", "items", 0))
	return r, started, outcome
}

// never is the clock of a test whose time limits are over at once, and says
// which there were.
func never(r *rig) *[]time.Duration {
	var limits []time.Duration
	r.s.svc.After = func(d time.Duration) <-chan time.Time {
		limits = append(limits, d)
		c := make(chan time.Time, 1)
		c <- time.Time{}
		return c
	}
	return &limits
}

func (r *rig) handleList(h uint32) int { return r.words(h) }

// A lookup that takes time is not ready before it is done, a guest that gives it
// a time limit gets its limit, and one that waits for it gets the value that was
// there when it asked.
func TestSlowLookup(t *testing.T) {
	r, started, outcome := slowRig(t)
	done := make(chan struct{})
	outcome.Done = done
	limits := never(r)
	h := r.okAt(16, "kv_store.lookup", 0, "hello", 0, 0, 16)
	require.Equal(t, []KVOperation{{"lookup", "items", "hello"}}, *started)
	require.Zero(t, r.okAt(20, "async_io.is_ready", int(h), 20))
	require.Equal(t, uint32(0xFFFFFFFF), r.okAt(20, "async_io.select", r.handleList(h), 1, 300, 20))
	require.Equal(t, []time.Duration{300 * time.Millisecond}, *limits)
	r.s.svc.KV.Put("items", "hello", []byte("later"), "")
	close(done)
	require.Zero(t, r.okAt(20, "async_io.select", r.handleList(h), 1, 0, 20), "without a limit it is awaited")
	require.Equal(t, OK, r.call("kv_store.lookup_wait_v2", int(h), 16, 64, 100, 20, 24, 32))
	require.Equal(t, kvOK, kvError(r.u32(32)))
	require.Equal(t, "world", r.bodyText(r.u32(16)))
}

// A value that trickles is not ready either.
func TestSlowValue(t *testing.T) {
	r, _, outcome := slowRig(t)
	value := make(chan struct{})
	outcome.Value = value
	never(r)
	h := r.okAt(16, "kv_store.lookup", 0, "hello", 0, 0, 16)
	require.Equal(t, uint32(1), r.okAt(20, "async_io.is_ready", int(h), 20))
	require.Equal(t, OK, r.call("kv_store.lookup_wait_v2", int(h), 16, 64, 100, 20, 24, 32))
	body := r.u32(16)
	require.Equal(t, uint32(0xFFFFFFFF), r.okAt(20, "async_io.select", r.handleList(body), 1, 300, 20))
	close(value)
	require.Equal(t, "world", r.bodyText(body))
}

// What takes time has no effect before it is done, and none if the guest ends
// first: the end does not wait for it.
func TestSlowWrites(t *testing.T) {
	r, started, outcome := slowRig(t)
	done := make(chan struct{})
	outcome.Done = done
	inserted := r.okAt(16, "kv_store.insert", 0, "new", r.newBody("x"), 0, r.words(0, 0, 0, 0, 0, 0, 0, 0), 16)
	deleted := r.okAt(16, "kv_store.delete", 0, "hello", 0, 0, 16)
	_, ok := r.s.svc.KV.Get("items", "new")
	require.False(t, ok)
	_, ok = r.s.svc.KV.Get("items", "hello")
	require.True(t, ok)
	close(done)
	require.Equal(t, kvOK, kvError(r.okAt(16, "kv_store.insert_wait", int(inserted), 16)))
	require.Equal(t, kvOK, kvError(r.okAt(16, "kv_store.delete_wait", int(deleted), 16)))
	_, ok = r.s.svc.KV.Get("items", "new")
	require.True(t, ok)
	_, ok = r.s.svc.KV.Get("items", "hello")
	require.False(t, ok)
	require.Equal(t, []KVOperation{{"insert", "items", "new"}, {"delete", "items", "hello"}}, *started)

	outcome.Done = make(chan struct{})
	r.okAt(16, "kv_store.insert", 0, "late", r.newBody("x"), 0, r.words(0, 0, 0, 0, 0, 0, 0, 0), 16)
	r.okAt(16, "kv_store.lookup", 0, "new", 0, 0, 16)
	r.s.EndGuest(&Outgoing{Body: &Body{}})
	r.s.WaitSends()
	_, ok = r.s.svc.KV.Get("items", "late")
	require.False(t, ok)
}

// Whoever waits for an operation that never ends is freed by the request's end.
func TestWaitForSlowStoreEndsWithTheRequest(t *testing.T) {
	r, _, outcome := slowRig(t)
	outcome.Done = make(chan struct{})
	h := r.okAt(16, "kv_store.lookup", 0, "hello", 0, 0, 16)
	r.cancel()
	require.Equal(t, Error, r.call("kv_store.lookup_wait_v2", int(h), 16, 64, 100, 20, 24, 32))
	require.Equal(t, Error, r.call("object_store.lookup", 0, "hello", 16))
}

// An operation that fails has no effect, and says how it failed.
func TestFailingStore(t *testing.T) {
	r, _, outcome := slowRig(t)
	const tooManyRequests = 7
	outcome.Error = tooManyRequests
	require.EqualValues(t, tooManyRequests, r.kvInsert("new", "x", 0, 0, 0, 0))
	_, _, _, err := r.kvGet("hello")
	require.EqualValues(t, tooManyRequests, err)
	h := r.okAt(16, "kv_store.list", 0, 0, r.words(0, 0, 0, 0, 0, 0), 16)
	require.Equal(t, OK, r.call("kv_store.list_wait", int(h), 16, 32))
	require.EqualValues(t, tooManyRequests, r.u32(32))
	require.Equal(t, Error, r.call("object_store.lookup", 0, "hello", 16))
	require.Equal(t, Error, r.call("object_store.insert", 0, "new", r.newBody("x")))
	_, ok := r.s.svc.KV.Get("items", "new")
	require.False(t, ok)
}
