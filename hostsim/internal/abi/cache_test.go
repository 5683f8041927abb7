package abi

import (
	"encoding/binary"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func cacheRig(t *testing.T) (*rig, *clock) {
	r, c := newRig(t), &clock{time.Unix(1_000_000, 0)}
	r.s.svc.Cache = NewCache(c.Now, 1<<20)
	return r, c
}

// another is a second sandbox of the same service.
func (r *rig) another() *rig {
	other := newRig(r.t)
	other.s.svc = r.s.svc
	return other
}

// write puts cache_write_options at 2048: seconds to live, seconds of
// staleness, and texts for those flags that have one.
func (r *rig) writeOptions(ttl, stale uint64, vary, surrogates, metadata string, length uint64) (mask, at int) {
	at = r.words()
	put := func(offset int, flag int, text string) {
		if text != "" {
			binary.LittleEndian.PutUint32(r.m[at+offset:], r.put(text))
			binary.LittleEndian.PutUint32(r.m[at+offset+4:], uint32(len(text)))
			mask |= flag
		}
	}
	put(12, writeVary, vary)
	put(40, writeSurrogates, surrogates)
	put(56, writeMetadata, metadata)
	binary.LittleEndian.PutUint64(r.m[at:], ttl*1e9)
	if stale > 0 {
		mask |= writeStale
		binary.LittleEndian.PutUint64(r.m[at+32:], stale*1e9)
	}
	if length > 0 {
		mask |= writeLength
		binary.LittleEndian.PutUint64(r.m[at+48:], length)
	}
	return mask, at
}

func (r *rig) cacheInsert(key, text string, ttl, stale uint64, surrogates string) {
	r.t.Helper()
	mask, at := r.writeOptions(ttl, stale, "", surrogates, "meta", 0)
	h := int(r.okAt(16, "cache.insert", key, mask, at, 16))
	require.Equal(r.t, OK, r.call("http_body.write", h, text, 0, 24))
	require.Equal(r.t, OK, r.call("http_body.close", h))
	r.s.WaitSends()
}

func (r *rig) state(h uint32) uint32 {
	r.t.Helper()
	return r.okAt(16, "cache.get_state", int(h), 16)
}

func (r *rig) cacheText(h uint32) string {
	r.t.Helper()
	body := r.okAt(16, "cache.get_body", int(h), 0, r.words(), 16)
	defer r.call("http_body.close", int(body))
	return r.bodyText(body)
}

func TestCacheInsertAndLookup(t *testing.T) {
	r, clock := cacheRig(t)
	h := r.okAt(16, "cache.lookup", "k", 0, r.words(), 16)
	require.Zero(t, r.state(h))
	require.Equal(t, None, r.call("cache.get_body", int(h), 0, r.words(), 16))
	require.Equal(t, None, r.call("cache.get_length", int(h), 16))

	r.cacheInsert("k", "hello", 60, 30, "")
	other := r.another()
	require.Equal(t, "hello", other.cacheText(other.okAt(16, "cache.lookup", "k", 0, other.words(), 16)), "in another sandbox")
	h = r.okAt(16, "cache.lookup", "k", 0, r.words(), 16)
	require.EqualValues(t, stateFound|stateUsable, r.state(h))
	body := r.okAt(16, "cache.get_body", int(h), 0, r.words(), 16)
	require.Equal(t, BadHandle, r.call("cache.get_body", int(h), 0, r.words(), 16), "one body at a time")
	require.Equal(t, "hello", r.bodyText(body))
	require.Equal(t, OK, r.call("http_body.close", int(body)))
	require.Equal(t, OK, r.call("cache.get_user_metadata", int(h), 64, 10, 16))
	require.Equal(t, "meta", string(r.m[64:68]))
	require.Equal(t, BufLen, r.call("cache.get_user_metadata", int(h), 64, 3, 16))
	require.Equal(t, uint32(5), r.okAt(16, "cache.get_length", int(h), 16))
	require.Equal(t, OK, r.call("cache.get_max_age_ns", int(h), 16))
	require.Equal(t, uint64(60e9), binary.LittleEndian.Uint64(r.m[16:]))
	clock.now = clock.now.Add(61 * time.Second)
	require.Equal(t, OK, r.call("cache.get_age_ns", int(h), 16))
	require.Equal(t, uint64(61e9), binary.LittleEndian.Uint64(r.m[16:]))
	require.EqualValues(t, stateFound|stateUsable|stateStale, r.state(h))
	clock.now = clock.now.Add(30 * time.Second)
	require.Zero(t, r.state(h), "found, but of no use")
	require.Equal(t, uint32(2), r.okAt(16, "cache.get_hits", int(h), 16), "it was found twice")
	require.Equal(t, OK, r.call("cache.get_stale_while_revalidate_ns", int(h), 16))
	require.Equal(t, uint64(30e9), binary.LittleEndian.Uint64(r.m[16:]))
	require.Equal(t, OK, r.call("cache.close", int(h)))
	require.Equal(t, BadHandle, r.call("cache.close", int(h)))
}

func TestCacheRanges(t *testing.T) {
	r, _ := cacheRig(t)
	r.cacheInsert("k", "0123456789", 60, 0, "")
	h := r.okAt(16, "cache.lookup", "k", 0, r.words(), 16)
	for _, c := range []struct {
		mask     int
		from, to uint32
		want     string
	}{
		{bodyFrom, 3, 0, "3456789"}, {bodyFrom | bodyTo, 3, 5, "345"}, {bodyTo, 0, 4, "6789"}, {bodyFrom | bodyTo, 0, 9, "0123456789"},
		{bodyFrom, 10, 0, "0123456789"}, {bodyFrom | bodyTo, 3, 10, "0123456789"}, {bodyTo, 0, 11, "0123456789"}, {bodyFrom | bodyTo, 5, 3, "0123456789"},
	} {
		body := r.okAt(16, "cache.get_body", int(h), c.mask, r.words(c.from, 0, c.to, 0), 16)
		require.Equal(t, c.want, r.bodyText(body), c)
		r.call("http_body.close", int(body))
	}
	require.Equal(t, Unsupported, r.call("cache.get_body", int(h), 1, r.words(), 16))
}

func TestCacheTransaction(t *testing.T) {
	r, clock := cacheRig(t)
	h := int(r.okAt(16, "cache.transaction_lookup", "k", 0, r.words(), 16))
	require.EqualValues(t, stateMustInsert, r.state(uint32(h)))

	other := r.another()
	busy := int(other.okAt(16, "cache.transaction_lookup_async", "k", 0, other.words(), 16))
	require.Zero(t, other.okAt(16, "async_io.is_ready", busy, 16), "waits for the first")

	mask, at := r.writeOptions(60, 30, "", "", "", 0)
	require.Equal(t, OK, r.call("cache.transaction_insert_and_stream_back", h, mask, at, 16, 20))
	write, back := int(r.u32(16)), r.u32(20)
	require.Equal(t, OK, r.call("http_body.write", write, "part,", 0, 24))
	found := other.okAt(16, "cache.cache_busy_handle_wait", busy, 16)
	require.EqualValues(t, stateFound|stateUsable, other.state(found))
	reader := other.okAt(16, "cache.get_body", int(found), 0, other.words(), 16)
	require.Equal(t, OK, other.call("http_body.read", int(reader), 64, 5, 24))
	require.Equal(t, "part,", string(other.m[64:69]), "while it is still being written")
	require.Equal(t, OK, r.call("http_body.write", write, "rest", 0, 24))
	require.Equal(t, OK, r.call("http_body.close", write))
	require.Equal(t, "rest", other.bodyText(reader))
	require.Equal(t, "part,rest", r.cacheText(back))
	require.Equal(t, BadHandle, r.call("cache.transaction_insert", h, mask, at, 16), "once")
	require.Equal(t, BadHandle, r.call("cache.transaction_cancel", h))

	clock.now = clock.now.Add(70 * time.Second)
	h = int(r.okAt(16, "cache.transaction_lookup", "k", 0, r.words(), 16))
	require.EqualValues(t, stateFound|stateUsable|stateStale|stateMustInsert, r.state(uint32(h)))
	second := other.okAt(16, "cache.transaction_lookup", "k", 0, other.words(), 16)
	require.EqualValues(t, stateFound|stateUsable|stateStale, other.state(second), "stale, without a duty: another one has it")
	mask, at = r.writeOptions(60, 0, "", "", "", 0)
	require.Equal(t, OK, r.call("cache.transaction_update", h, mask, at))
	fresh := r.okAt(16, "cache.lookup", "k", 0, r.words(), 16)
	require.EqualValues(t, stateFound|stateUsable, r.state(fresh))
	require.Equal(t, "part,rest", r.cacheText(fresh))
}

// An obligation that is given up, in whatever way, goes to the one that waits.
func TestCacheObligationPasses(t *testing.T) {
	for name, giveUp := range map[string]func(*rig, int){
		"cancelled":    func(r *rig, h int) { r.call("cache.transaction_cancel", h) },
		"closed":       func(r *rig, h int) { r.call("cache.close", h) },
		"sandbox ends": func(r *rig, _ int) { r.s.EndGuest(&Outgoing{Body: &Body{}}) },
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := cacheRig(t)
			h := int(r.okAt(16, "cache.transaction_lookup", "k", 0, r.words(), 16))
			other := r.another()
			busy := int(other.okAt(16, "cache.transaction_lookup_async", "k", 0, other.words(), 16))
			giveUp(r, h)
			next := other.okAt(16, "cache.cache_busy_handle_wait", busy, 16)
			require.EqualValues(t, stateMustInsert, other.state(next))
			require.Equal(t, OK, other.call("cache.close_busy", busy))
		})
	}
	r, _ := cacheRig(t)
	r.okAt(16, "cache.transaction_lookup", "k", 0, r.words(), 16)
	busy := int(r.okAt(16, "cache.transaction_lookup_async", "k", 0, r.words(), 16))
	require.Equal(t, OK, r.call("cache.close_busy", busy), "without waiting")
	r.s.WaitSends()
}

func TestCacheVary(t *testing.T) {
	r, _ := cacheRig(t)
	insert := func(value, text string) {
		req := int(r.okAt(16, "http_req.new", 16))
		require.Equal(t, OK, r.call("http_req.header_insert", req, "Lang", value))
		mask, at := r.writeOptions(60, 0, "lang", "", "", 0)
		binary.LittleEndian.PutUint32(r.m[at+8:], uint32(req))
		h := int(r.okAt(16, "cache.insert", "k", mask|writeHeaders, at, 16))
		require.Equal(t, OK, r.call("http_body.write", h, text, 0, 24))
		require.Equal(t, OK, r.call("http_body.close", h))
	}
	lookup := func(value string) uint32 {
		req := r.okAt(16, "http_req.new", 16)
		require.Equal(t, OK, r.call("http_req.header_insert", int(req), "LANG", value))
		return r.okAt(16, "cache.lookup", "k", lookupHeaders, r.words(req), 16)
	}
	insert("en", "hello")
	insert("de", "hallo")
	require.Equal(t, "hello", r.cacheText(lookup("en")))
	require.Equal(t, "hallo", r.cacheText(lookup("de")))
	require.Zero(t, r.state(lookup("fr")))
	mask, at := r.writeOptions(60, 0, "two  spaces", "", "", 0)
	require.Equal(t, Error, r.call("cache.insert", "k", mask, at, 16))
}

func TestPurge(t *testing.T) {
	r, _ := cacheRig(t)
	r.cacheInsert("a", "1", 60, 0, "x y")
	r.cacheInsert("b", "2", 60, 30, "y")
	require.Equal(t, OK, r.call("purge.purge_surrogate_key", "x", 0, 0))
	require.Zero(t, r.state(r.okAt(16, "cache.lookup", "a", 0, r.words(), 16)))
	require.Equal(t, OK, r.call("purge.purge_surrogate_key", "y", purgeSoft, 0))
	require.EqualValues(t, stateFound|stateUsable|stateStale, r.state(r.okAt(16, "cache.lookup", "b", 0, r.words(), 16)))
	require.Equal(t, Unsupported, r.call("purge.purge_surrogate_key", "y", purgeAnswer, 0))
	require.Equal(t, Inval, r.call("purge.purge_surrogate_key", "a b", 0, 0))
	require.Equal(t, Inval, r.call("purge.purge_surrogate_key", strings.Repeat("k", 1025), 0, 0))
}

func TestCacheMistakes(t *testing.T) {
	r, _ := cacheRig(t)
	require.Equal(t, Inval, r.call("cache.lookup", strings.Repeat("k", 4097), 0, r.words(), 16))
	require.Equal(t, Unsupported, r.call("cache.lookup", "k", lookupService, r.words(), 16))
	require.Equal(t, Inval, r.call("cache.lookup", "k", 16, r.words(), 16))
	require.Equal(t, BadHandle, r.call("cache.lookup", "k", lookupHeaders, r.words(99), 16))
	mask, at := r.writeOptions(60, 0, "", "", "", 0)
	require.Equal(t, Unsupported, r.call("cache.insert", "k", mask|writeService, at, 16))
	binary.LittleEndian.PutUint64(r.m[at+64:], 61e9)
	require.Equal(t, Inval, r.call("cache.insert", "k", mask|writeEdgeMaxAge, at, 16))
	h := int(r.okAt(16, "cache.transaction_lookup", "k", 0, r.words(), 16))
	mask, at = r.writeOptions(60, 0, "", "", "", 0)
	require.Equal(t, Inval, r.call("cache.transaction_insert", h, mask|writeHeaders, at, 16))
	require.Equal(t, BadHandle, r.call("cache.transaction_update", h, mask, at), "nothing to update")
	require.EqualValues(t, stateMustInsert, r.state(uint32(h)), "the duty stays")

	mask, at = r.writeOptions(60, 0, "", "", "", 3)
	write := int(r.okAt(16, "cache.insert", "short", mask, at, 16))
	require.Equal(t, OK, r.call("http_body.write", write, "ab", 0, 24))
	require.Equal(t, OK, r.call("http_body.close", write))
	r.s.WaitSends()
	body := r.okAt(16, "cache.get_body", int(r.okAt(16, "cache.lookup", "short", 0, r.words(), 16)), 0, r.words(), 16)
	require.Equal(t, OK, r.call("http_body.read", int(body), 64, 8, 24))
	require.Equal(t, Error, r.call("http_body.read", int(body), 64, 8, 24), "it has not the length that was announced")

	r.s.svc.Cache.size = 1
	require.Equal(t, LimitExceeded, r.call("cache.insert", "full", 0, r.words(), 16))
}

// Many sandboxes want the same key: one fetches, all get what it fetched.
func TestCacheCollapsing(t *testing.T) {
	r, _ := cacheRig(t)
	var fetched, mu = 0, sync.Mutex{}
	var all sync.WaitGroup
	for range 8 {
		other := r.another()
		all.Go(func() {
			h := other.okAt(16, "cache.transaction_lookup", "k", 0, other.words(), 16)
			if other.state(h)&stateMustInsert != 0 {
				mu.Lock()
				fetched++
				mu.Unlock()
				mask, at := other.writeOptions(60, 0, "", "", "", 0)
				w := int(other.okAt(16, "cache.transaction_insert", int(h), mask, at, 16))
				other.call("http_body.write", w, "once", 0, 24)
				other.call("http_body.close", w)
				return
			}
			require.Equal(t, "once", other.cacheText(h))
		})
	}
	all.Wait()
	require.Equal(t, 1, fetched)
}

// A replace races, forces a miss, or waits for its turn.
func TestCacheReplace(t *testing.T) {
	r, _ := cacheRig(t)
	replace := func(r *rig, strategy int) int {
		return int(r.okAt(16, "cache.replace", "k", replaceStrategy, r.words(0, uint32(strategy)), 16))
	}
	insert := func(r *rig, h int, text string) {
		mask, at := r.writeOptions(60, 0, "", "", "new", 0)
		w := int(r.okAt(16, "cache.replace_insert", h, mask, at, 16))
		require.Equal(t, OK, r.call("http_body.write", w, text, 0, 24))
		require.Equal(t, OK, r.call("http_body.close", w))
		r.s.WaitSends()
	}
	text := func(r *rig) string { return r.cacheText(r.okAt(16, "cache.lookup", "k", 0, r.words(), 16)) }
	h := replace(r, replaceAtOnce)
	require.Zero(t, r.okAt(16, "cache.replace_get_state", h, 16), "nothing is there, which is no failure")
	require.Equal(t, None, r.call("cache.replace_get_age_ns", h, 16))
	insert(r, h, "one")
	require.Equal(t, BadHandle, r.call("cache.replace_get_state", h, 16), "the handle has ended")

	h = replace(r, replaceAtOnce)
	require.EqualValues(t, stateFound|stateUsable, r.okAt(16, "cache.replace_get_state", h, 16))
	body := r.okAt(16, "cache.replace_get_body", h, 0, r.words(), 16)
	require.Equal(t, "one", r.bodyText(body))
	require.EqualValues(t, 1, r.okAt(16, "cache.replace_get_hits", h, 16))
	require.Equal(t, "one", text(r), "until it is replaced")
	insert(r, h, "two")
	require.Equal(t, "two", text(r))

	h = replace(r, replaceForceMiss)
	require.EqualValues(t, 3, r.okAt(16, "cache.replace_get_length", h, 16))
	require.Zero(t, r.state(r.okAt(16, "cache.lookup", "k", 0, r.words(), 16)), "gone")
	other := r.another()
	busy := int(other.okAt(16, "cache.transaction_lookup_async", "k", 0, other.words(), 16))
	require.Zero(t, other.okAt(16, "async_io.is_ready", busy, 16))
	insert(r, h, "three")
	require.Equal(t, "three", other.cacheText(other.okAt(16, "cache.cache_busy_handle_wait", busy, 16)))

	h = replace(r, replaceInTurn)
	turn := make(chan string)
	go func() {
		h := replace(other, replaceInTurn)
		turn <- other.bodyText(other.okAt(16, "cache.replace_get_body", h, 0, other.words(), 16))
	}()
	require.Equal(t, "three", text(r))
	insert(r, h, "four")
	require.Equal(t, "four", <-turn)

	require.Equal(t, Inval, r.call("cache.replace", "k", replaceStrategy, r.words(0, 4), 16))
	require.Equal(t, Unsupported, r.call("cache.replace", "k", replaceService, r.words(), 16))
	r.s.EndGuest(&Outgoing{Body: &Body{}})
}
