package abi

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/wire"
)

func httpRig(t *testing.T) (*rig, *clock) {
	r, c := cacheRig(t)
	r.s.svc.HTTPCache = true
	return r, c
}

// newRequest is a GET of the same URL each time, with fields.
func (r *rig) newRequest(fields ...string) int {
	r.t.Helper()
	h := int(r.okAt(16, "http_req.new", 16))
	require.Equal(r.t, OK, r.call("http_req.uri_set", h, "http://host.example.com/a"))
	for i := 0; i < len(fields); i += 2 {
		require.Equal(r.t, OK, r.call("http_req.header_insert", h, fields[i], fields[i+1]))
	}
	return h
}

func (r *rig) newResponse(status int, fields ...string) int {
	r.t.Helper()
	h := int(r.okAt(16, "http_resp.new", 16))
	require.Equal(r.t, OK, r.call("http_resp.status_set", h, status))
	for i := 0; i < len(fields); i += 2 {
		require.Equal(r.t, OK, r.call("http_resp.header_append", h, fields[i], fields[i+1]))
	}
	return h
}

func (r *rig) httpLookup(fields ...string) int {
	r.t.Helper()
	return int(r.okAt(16, "http_cache.transaction_lookup", r.newRequest(fields...), 0, r.words(), 16))
}

func (r *rig) httpState(h int) uint32 {
	r.t.Helper()
	return r.okAt(16, "http_cache.get_state", h, 16)
}

// httpOptions are seconds of freshness, and for errors.
func (r *rig) httpOptions(fresh, ifError uint64) (mask, at int) {
	at = r.words()
	binary.LittleEndian.PutUint64(r.m[at:], fresh*1e9)
	binary.LittleEndian.PutUint64(r.m[at+48:], ifError*1e9)
	return httpStaleError, at
}

// httpInsert meets the obligation of a lookup.
func (r *rig) httpInsert(h int, text string, fresh, ifError uint64) {
	r.t.Helper()
	mask, at := r.httpOptions(fresh, ifError)
	w := int(r.okAt(16, "http_cache.transaction_insert", h, r.newResponse(200, "ETag", `"one"`, "Connection", "x-hop", "X-Hop", "1"), mask, at, 16))
	require.Equal(r.t, OK, r.call("http_body.write", w, text, 0, 24))
	require.Equal(r.t, OK, r.call("http_body.close", w))
	r.s.WaitSends()
}

func (r *rig) httpFound(h int) (head *response, text string) {
	r.t.Helper()
	require.Equal(r.t, OK, r.call("http_cache.get_found_response", h, 1, 16, 20))
	body := r.u32(20)
	return r.s.responses.get(r.u32(16)), r.bodyText(body)
}

func TestHTTPCacheIsAnOption(t *testing.T) {
	r := newRig(t)
	for _, fn := range Functions() {
		if fn.Module == "fastly_http_cache" {
			require.Equal(t, Unsupported, r.s.Call(fn, r.m, make([]uint64, len(fn.Params))), fn.Name)
		}
	}
}

func TestHTTPCacheTransaction(t *testing.T) {
	r, clock := httpRig(t)
	h := r.httpLookup()
	require.EqualValues(t, stateMustInsert, r.httpState(h))
	require.Equal(t, None, r.call("http_cache.get_found_response", h, 1, 16, 20))
	require.Equal(t, None, r.call("http_cache.get_hits", h, 16))
	mask, at := r.httpOptions(60, 0)
	require.Equal(t, BadHandle, r.call("http_cache.transaction_update", h, r.newResponse(200), mask, at), "there is nothing to update")
	require.Equal(t, BadHandle, r.call("http_cache.transaction_choose_stale", h))
	other := r.another()
	waits := other.httpLookup()
	require.Zero(t, other.okAt(16, "async_io.is_ready", waits, 16), "a lookup returns at once, and has its outcome later")
	r.httpInsert(h, "hello", 10, 30)
	require.Equal(t, BadHandle, r.call("http_cache.transaction_abandon", h), "the obligation is met")

	require.EqualValues(t, stateFound|stateUsable, other.httpState(waits))
	head, text := other.httpFound(waits)
	require.Equal(t, "hello", text)
	require.Equal(t, wire.NewHeader("ETag", `"one"`, "Content-Length", "5", "Age", "0"), head.header, "without fields of the connection")
	require.Equal(t, OK, other.call("http_cache.get_hits", waits, 16))
	require.EqualValues(t, 1, other.u32(16))
	require.Equal(t, OK, other.call("http_cache.get_surrogate_keys", waits, 64, 64, 16))
	require.Zero(t, other.u32(16))
	require.Equal(t, BadHandle, other.call("cache.get_state", waits, 16), "not a handle of the core cache")
	require.Equal(t, OK, other.call("http_cache.close", waits))
	require.Equal(t, BadHandle, other.call("http_cache.close", waits))

	clock.now = clock.now.Add(20 * time.Second)
	h = r.httpLookup("If-None-Match", `"mine"`, "Range", "bytes=1-", "X-Kept", "1")
	require.EqualValues(t, stateStale|stateMustInsert|stateUsableIfError, r.httpState(h))
	suggested := r.s.requests.get(r.okAt(16, "http_cache.get_suggested_backend_request", h, 16)).request
	require.Equal(t, wire.NewHeader("X-Kept", "1", "If-None-Match", `"one"`), suggested.header)
	waits = other.httpLookup()
	require.Equal(t, OK, r.call("http_cache.transaction_choose_stale", h))
	require.EqualValues(t, stateFound|stateUsable|stateStale|stateUsableIfError, r.httpState(h))
	require.EqualValues(t, stateFound|stateUsable|stateStale|stateUsableIfError, other.httpState(waits), "those that waited have it, too")
	_, text = other.httpFound(waits)
	require.Equal(t, "hello", text)
	h = r.httpLookup()
	require.EqualValues(t, stateStale|stateMustInsert|stateUsableIfError, r.httpState(h), "nothing has changed in the cache")

	prepared := r.newResponse(304, "ETag", `"one"`, "X-New", "1")
	require.Equal(t, OK, r.call("http_cache.prepare_response_for_storage", h, prepared, 16, 20))
	require.EqualValues(t, storeUpdate, r.u32(16))
	fresh := int(r.u32(20))
	require.Equal(t, BadHandle, r.call("http_resp.status_get", prepared, 16), "consumed")
	mask, at = r.httpOptions(60, 0)
	back := int(r.okAt(16, "http_cache.transaction_update_and_return_fresh", h, fresh, mask, at, 16))
	head, text = r.httpFound(back)
	require.Equal(t, "hello", text)
	require.Equal(t, wire.NewHeader("ETag", `"one"`, "X-New", "1", "Content-Length", "5", "Age", "0"), head.header)
}

// A record that nothing may be stored ends all waits, and starts none, but for
// the guest that made it.
func TestHTTPCacheRecords(t *testing.T) {
	r, clock := httpRig(t)
	h, other := r.httpLookup(), r.another()
	waits := other.httpLookup()
	mask, at := r.httpOptions(10, 0)
	require.Equal(t, OK, r.call("http_cache.transaction_record_not_cacheable", h, mask, at))
	require.Zero(t, other.httpState(waits), "neither found nor obliged")
	require.Zero(t, other.httpState(other.httpLookup()))
	require.EqualValues(t, stateMustInsert, r.httpState(r.httpLookup()))
	clock.now = clock.now.Add(10 * time.Second)
	r.s.EndGuest(&Outgoing{Body: &Body{}})
	require.EqualValues(t, stateMustInsert, other.httpState(other.httpLookup()))
}

func TestHTTPCacheKeys(t *testing.T) {
	r, _ := httpRig(t)
	req := r.newRequest()
	require.Equal(t, BufLen, r.call("http_cache.get_suggested_cache_key", req, 64, 31, 16))
	require.EqualValues(t, 32, r.u32(16))
	require.Equal(t, OK, r.call("http_cache.get_suggested_cache_key", req, 64, 32, 16))
	key := string(r.m[64:96])
	own := func(key string) []uint32 { return []uint32{r.put(key), uint32(len(key)), r.put("origin"), 6} }
	h := int(r.okAt(16, "http_cache.transaction_lookup", req, httpOverrideKey|httpBackendName, r.words(own(key)...), 16))
	r.httpInsert(h, "hello", 10, 0)
	require.EqualValues(t, stateFound|stateUsable, r.httpState(r.httpLookup()), "the suggested key is the request's own")
	for _, bad := range []string{"", key[1:], key + "x"} {
		require.Equal(t, Inval, r.call("http_cache.transaction_lookup", req, httpOverrideKey, r.words(own(bad)...), 16))
	}
	require.Equal(t, Unsupported, r.call("http_cache.transaction_lookup", req, httpReserved, r.words(), 16))
	require.Equal(t, Inval, r.call("http_cache.transaction_lookup", req, 8, r.words(), 16))
	require.EqualValues(t, 1, r.okAt(16, "http_cache.is_request_cacheable", req, 16))
	require.Equal(t, OK, r.call("http_req.method_set", req, "POST"))
	require.Zero(t, r.okAt(16, "http_cache.is_request_cacheable", req, 16))
}

// What fits is written, what does not is asked for again; a record as older
// guests have it is not written over.
func TestSuggestedOptions(t *testing.T) {
	r, _ := httpRig(t)
	h := r.httpLookup()
	resp := r.newResponse(200, "Cache-Control", "max-age=60, stale-while-revalidate=30, stale-if-error=20", "Age", "5", "Vary", "B, a")
	suggest := func(mask int, vary, keys uint32) Status {
		at := r.words(0, 0, 512, vary, 0, 0, 0, 0, 600, keys)
		clear(r.m[256:320])
		return r.call("http_cache.get_suggested_cache_options", h, resp, mask, at, 16, 256)
	}
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(r.m[256+at:]) }
	require.Equal(t, OK, suggest(255, 3, 64))
	require.Equal(t, []uint64{60e9, 5e9, 30e9, 20e9}, []uint64{u64(0), u64(16), u64(24), u64(48)})
	require.Equal(t, "a b", string(r.m[512:515]))
	require.EqualValues(t, 512, r.u32(264))
	require.EqualValues(t, 3, r.u32(268))
	require.EqualValues(t, httpVary|httpInitialAge|httpStale|httpSurrogate|httpStaleError, r.u32(16))
	require.Len(t, strings.Trim(string(r.m[600:664]), "0123456789ABCDEF"), 0, "the URL's own surrogate key")
	require.Equal(t, BufLen, suggest(255, 2, 63))
	require.Equal(t, []uint32{3, 64}, []uint32{r.u32(268), r.u32(256 + 36)})
	require.Equal(t, OK, suggest(httpInitialAge, 0, 0), "no text is asked for")
	require.Equal(t, []uint64{60e9, 5e9, 0, 0}, []uint64{u64(0), u64(16), u64(24), u64(48)})
	binary.LittleEndian.PutUint64(r.m[256+48:], 7)
	require.Equal(t, OK, r.call("http_cache.get_suggested_cache_options", h, resp, httpStale, r.words(), 16, 256))
	require.EqualValues(t, 7, u64(48))
}

func TestHTTPCacheMistakes(t *testing.T) {
	r, _ := httpRig(t)
	h := r.httpLookup()
	mask, at := r.httpOptions(60, 0)
	require.Equal(t, BadHandle, r.call("http_cache.transaction_insert", h, 99, mask, at, 16))
	require.Equal(t, BadHandle, r.call("http_cache.transaction_insert", 99, r.newResponse(200), mask, at, 16))
	require.Equal(t, Inval, r.call("http_cache.transaction_insert", h, r.newResponse(200), 256, at, 16))
	require.Equal(t, Unsupported, r.call("http_cache.transaction_insert", h, r.newResponse(200), httpReserved, at, 16))
	require.EqualValues(t, stateMustInsert, r.httpState(h), "the obligation stays")
	binary.LittleEndian.PutUint32(r.m[at+8:], r.put("accept,user-agent x"))
	binary.LittleEndian.PutUint32(r.m[at+12:], 19)
	back := func() int {
		require.Equal(t, OK, r.call("http_cache.transaction_insert_and_stream_back", h, r.newResponse(200), mask|httpVary, at, 16, 20))
		return int(r.u32(20))
	}()
	require.Equal(t, OK, r.call("http_cache.get_vary_rule", back, 64, 64, 16))
	require.Equal(t, "accept,user-agent x", string(r.m[64:64+r.u32(16)]), "as it was written")
	require.EqualValues(t, stateFound|stateUsable, r.httpState(r.httpLookup("Accept", "y")), "a name with a comma names nothing")
	require.EqualValues(t, stateMustInsert, r.httpState(r.httpLookup("X", "y")))
}

// When there is no room, what cannot be used goes first.
func TestHTTPCacheRoom(t *testing.T) {
	r, clock := httpRig(t)
	r.httpInsert(r.httpLookup(), "hello", 10, 0)
	r.s.svc.Cache.size = r.s.svc.Cache.used + 100
	require.False(t, r.s.svc.Cache.evict(200), "what is fresh stays")
	clock.now = clock.now.Add(time.Minute)
	require.True(t, r.s.svc.Cache.evict(200))
	require.Zero(t, r.s.svc.Cache.used)
	h := r.httpLookup()
	require.EqualValues(t, stateMustInsert, r.httpState(h))
	mask, at := r.words(), 0
	at, mask = mask, httpLength
	binary.LittleEndian.PutUint64(r.m[at+40:], 1<<30)
	require.Equal(t, LimitExceeded, r.call("http_cache.transaction_insert", h, r.newResponse(200), mask, at, 16))
}

func TestDirectives(t *testing.T) {
	for text, want := range map[string]directives{
		"":                            {},
		"max-age=1":                   {"max-age": "1"},
		" Max-Age = 1 , PRIVATE":      {"max-age": "1", "private": ""},
		`a="b, c",d`:                  {"a": "b, c", "d": ""},
		`a="q\"x\\", b`:               {"a": `q"x\`, "b": ""},
		`a="never ends, private`:      {"a": "never ends, private"},
		"a=1,a=2":                     {"a": "1"},
		",,a,,":                       {"a": ""},
		"=1, b":                       {"b": ""},
		"a b c, d":                    {"a": "", "d": ""},
		`"private", b`:                {"b": ""},
		"no-store;max-age=1, max-age": {"no-store;max-age": "1", "max-age": ""},
	} {
		require.Equal(t, want, parseDirectives([]string{text}), text)
	}
	require.Equal(t, directives{"a": "1", "b": ""}, parseDirectives([]string{"a=1", "b"}))
	require.Equal(t, time.Duration(maxSeconds)*time.Second, parseSeconds("99999999999999999999"))
	require.Zero(t, parseSeconds("-1"))
}

// FuzzHTTPCacheFields: what was read, written in quotes and read again is the
// same; a range that is answered is within the response.
func FuzzHTTPCacheFields(f *testing.F) {
	f.Add(`max-age=1, private="a, b", x`, int64(10))
	f.Add("bytes=2-5", int64(4))
	f.Add("bytes=-0", int64(0))
	f.Fuzz(func(t *testing.T, text string, length int64) {
		read := parseDirectives([]string{text})
		var quoted []string
		for name, value := range read {
			require.Equal(t, strings.ToLower(name), name)
			quoted = append(quoted, fmt.Sprintf(`%s="%s"`, name, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)))
		}
		require.Equal(t, read, parseDirectives(quoted))
		length &= 1<<40 - 1
		resp := &response{status: 200}
		from, to := resp.asRange(text, length)
		switch resp.status {
		case 200:
			require.Equal(t, []int64{0, -1}, []int64{from, to})
		case 206:
			require.True(t, 0 <= from && from < to && to <= length, "%d-%d of %d", from, to, length)
		default:
			require.Equal(t, from, to)
		}
		matchesTag(text, `"a"`, true)
		_ = untilExpires(wire.NewHeader("Expires", text), time.Unix(0, 0))
	})
}
