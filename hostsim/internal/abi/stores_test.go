package abi

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// bodyText reads the body behind h to its end.
func (r *rig) bodyText(h uint32) string {
	r.t.Helper()
	var text strings.Builder
	for {
		require.Equal(r.t, OK, r.call("http_body.read", int(h), 1024, 512, 1600))
		n := r.u32(1600)
		if n == 0 {
			return text.String()
		}
		text.Write(r.m[1024 : 1024+n])
	}
}

func (r *rig) newBody(text string) int {
	h := int(r.ok("http_body.new", 0))
	require.Equal(r.t, OK, r.call("http_body.write", h, text, 0, 8))
	return h
}

// words puts 32-bit values into a record at 2048.
func (r *rig) words(values ...uint32) int {
	clear(r.m[2048 : 2048+128])
	for i, v := range values {
		binary.LittleEndian.PutUint32(r.m[2048+4*i:], v)
	}
	return 2048
}

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func kvRig(t *testing.T) (*rig, *clock) {
	r, c := newRig(t), &clock{time.Unix(1_000_000, 0)}
	r.s.svc.KV = NewKVStores(c.Now, 1<<20)
	r.s.svc.KV.Create("items")
	r.s.svc.KV.Put("items", "hello", []byte("world"), "meta")
	return r, c
}

func (r *rig) kvInsert(key, value string, mode, mask uint32, ttl, generation uint32) kvError {
	r.t.Helper()
	meta := r.put("m2")
	config := r.words(mode, 0, meta, 2, ttl, 0, generation, 0)
	h := int(r.okAt(16, "kv_store.insert", 0, key, r.newBody(value), int(mask), config, 16))
	return kvError(r.okAt(16, "kv_store.insert_wait", h, 16))
}

// okAt is ok with the result at another address.
func (r *rig) okAt(at int, name string, args ...any) uint32 {
	r.t.Helper()
	require.Equal(r.t, OK, r.call(name, args...), name)
	return r.u32(at)
}

// kvGet returns value, metadata and generation, or the error.
func (r *rig) kvGet(key string) (value, meta string, generation uint64, err kvError) {
	r.t.Helper()
	h := int(r.okAt(16, "kv_store.lookup", 0, key, 0, 0, 16))
	require.Equal(r.t, OK, r.call("kv_store.lookup_wait_v2", h, 16, 64, 100, 20, 24, 32))
	if err = kvError(r.u32(32)); err != kvOK {
		return "", "", 0, err
	}
	meta = string(r.m[64 : 64+r.u32(20)])
	return r.bodyText(r.u32(16)), meta, binary.LittleEndian.Uint64(r.m[24:]), err
}

func TestKVStore(t *testing.T) {
	r, clock := kvRig(t)
	require.Equal(t, Inval, r.call("kv_store.open", "nowhere", 0))
	require.Zero(t, r.ok("kv_store.open", "items", 0))
	value, meta, first, err := r.kvGet("hello")
	require.Equal(t, kvOK, err)
	require.Equal(t, "world", value)
	require.Equal(t, "meta", meta)
	_, _, _, err = r.kvGet("absent")
	require.Equal(t, kvNotFound, err)

	require.Equal(t, kvPreconditionFailed, r.kvInsert("hello", "x", uint32(kvAdd), 0, 0, 0))
	require.Equal(t, kvOK, r.kvInsert("new", "x", uint32(kvAdd), 0, 0, 0))
	require.Equal(t, kvOK, r.kvInsert("hello", "!", uint32(kvAppend), 0, 0, 0))
	require.Equal(t, kvOK, r.kvInsert("hello", "the ", uint32(kvPrepend), kvOptMetadata, 0, 0))
	value, meta, second, _ := r.kvGet("hello")
	require.Equal(t, "the world!", value)
	require.Equal(t, "m2", meta)
	require.NotEqual(t, first, second, "generations differ, though the clock stands still")
	require.Equal(t, kvPreconditionFailed, r.kvInsert("hello", "x", 0, kvOptGeneration, 0, 1337))
	require.Equal(t, kvOK, r.kvInsert("absent", "x", 0, kvOptGeneration, 0, 1337), "nothing there, nothing to differ from")

	require.Equal(t, kvOK, r.kvInsert("short", "x", 0, kvOptTTL, 10, 0))
	clock.now = clock.now.Add(9 * time.Second)
	_, _, _, err = r.kvGet("short")
	require.Equal(t, kvOK, err)
	clock.now = clock.now.Add(time.Second)
	_, _, _, err = r.kvGet("short")
	require.Equal(t, kvNotFound, err)

	h := int(r.okAt(16, "kv_store.delete", 0, "new", 0, 0, 16))
	require.Equal(t, uint32(kvOK), r.okAt(16, "kv_store.delete_wait", h, 16))
	_, _, _, err = r.kvGet("new")
	require.Equal(t, kvNotFound, err)
	require.Equal(t, kvPayloadTooLarge, func() kvError {
		r.s.svc.KV.size = 100
		return r.kvInsert("big", "x", 0, 0, 0, 0)
	}())
}

func TestKVStoreMistakes(t *testing.T) {
	r, _ := kvRig(t)
	r.ok("kv_store.open", "items", 0)
	require.Equal(t, BadHandle, r.call("kv_store.lookup", 7, "hello", 0, 0, 16))
	for _, key := range []string{"", ".", "..", "a/../b", "a/.", "a#b", "a|b", "\n", ".well-known/acme-challenge/x", strings.Repeat("x", 1025)} {
		require.Equal(t, Inval, r.call("kv_store.lookup", 0, key, 0, 0, 16), "%q", key)
		require.Equal(t, Error, r.call("object_store.lookup", 0, key, 16), "%q", key)
	}
	require.Equal(t, Inval, r.call("kv_store.insert", 0, "k", r.newBody("x"), 0, r.words(4), 16), "mode")
	require.Equal(t, Inval, r.call("kv_store.insert", 0, "k", r.newBody("x"), kvOptMetadata, r.words(0, 0, 0, 0), 16), "empty metadata")
	require.Equal(t, Inval, r.call("kv_store.insert", 0, "k", r.newBody("x"), 64, r.words(), 16), "unknown flag")
	require.Equal(t, BadHandle, r.call("kv_store.insert", 0, "k", 99, 0, r.words(), 16))
	h := int(r.okAt(16, "kv_store.lookup", 0, "hello", 0, 0, 16))
	require.Equal(t, BadHandle, r.call("kv_store.insert_wait", h, 16), "of another kind")
	require.Equal(t, BufLen, r.call("kv_store.lookup_wait_v2", h, 16, 64, 1, 20, 24, 32))
	require.Equal(t, uint32(4), r.u32(20))
	require.Equal(t, BadHandle, r.call("kv_store.lookup_wait_v2", h, 16, 64, 1, 20, 24, 32), "consumed")
}

func TestKVList(t *testing.T) {
	r, _ := kvRig(t)
	r.ok("kv_store.open", "items", 0)
	for _, key := range []string{"b<", "a2", "a1", "a3"} {
		r.s.svc.KV.Put("items", key, nil, "")
	}
	list := func(mask uint32, cursor, prefix string, limit uint32) (string, kvError) {
		c, p := r.put(cursor), r.put(prefix)
		config := r.words(0, c, uint32(len(cursor)), limit, p, uint32(len(prefix)))
		h := int(r.okAt(16, "kv_store.list", 0, int(mask), config, 16))
		require.Equal(t, OK, r.call("kv_store.list_wait", h, 16, 20))
		if err := kvError(r.u32(20)); err != kvOK {
			return "", err
		}
		return r.bodyText(r.u32(16)), kvOK
	}
	text, _ := list(0, "", "", 0)
	require.Equal(t, `{"data":["a1","a2","a3","b<","hello"],"meta":{"limit":1000}}`, text)
	text, _ = list(kvListLimit|kvListPrefix, "", "a", 2)
	require.Equal(t, `{"data":["a1","a2"],"meta":{"limit":2,"prefix":"a","next_cursor":"YTI="}}`, text)
	text, _ = list(kvListLimit|kvListPrefix|kvListCursor, "YTI=", "a", 2)
	require.Equal(t, `{"data":["a3"],"meta":{"limit":2,"prefix":"a"}}`, text)
	_, err := list(kvListCursor, "%", "", 0)
	require.Equal(t, kvBadRequest, err)
	_, err = list(kvListLimit, "", "", 0)
	require.Equal(t, kvBadRequest, err)
}

func TestObjectStore(t *testing.T) {
	r, _ := kvRig(t)
	require.Equal(t, Inval, r.call("object_store.open", "nowhere", 0))
	r.ok("object_store.open", "items", 0)
	binary.LittleEndian.PutUint32(r.m[16:], InvalidHandle)
	require.Equal(t, uint32(InvalidHandle), r.okAt(16, "object_store.lookup", 0, "absent", 16), "left as it was")
	require.Equal(t, "world", r.bodyText(r.okAt(16, "object_store.lookup", 0, "hello", 16)))
	require.Equal(t, OK, r.call("object_store.insert", 0, "k", r.newBody("v")))
	h := int(r.okAt(16, "object_store.lookup_async", 0, "k", 16))
	require.Equal(t, "v", r.bodyText(r.okAt(16, "object_store.pending_lookup_wait", h, 16)))
	h = int(r.okAt(16, "object_store.insert_async", 0, "k", r.newBody("w"), 16))
	require.Equal(t, OK, r.call("object_store.pending_insert_wait", h))
	h = int(r.okAt(16, "object_store.delete_async", 0, "k", 16))
	require.Equal(t, OK, r.call("object_store.pending_delete_wait", h))
	h = int(r.okAt(16, "object_store.delete_async", 0, "k", 16))
	require.Equal(t, None, r.call("object_store.pending_delete_wait", h))
}

func TestGeoAndDevices(t *testing.T) {
	r := newRig(t)
	r.s.svc.Geo = map[netip.Addr][]byte{netip.MustParseAddr("192.0.2.1"): []byte(`{"city":"X"}`)}
	r.s.svc.Devices = map[string][]byte{"Agent/1": []byte(`{"device":{}}`)}
	geo := func(octets string) string {
		require.Equal(t, OK, r.call("geo.lookup", octets, 64, 1000, 0))
		return string(r.m[64 : 64+r.u32(0)])
	}
	require.Equal(t, `{"city":"X"}`, geo("\xc0\x00\x02\x01"))
	require.Empty(t, geo("\xc0\x00\x02\x02"))
	require.Contains(t, geo("\x7f\x00\x00\x01"), `"city":"San Francisco"`)
	require.Contains(t, geo(strings.Repeat("\x00", 15)+"\x01"), `"utc_offset":-700`)
	r.s.svc.NoLoopbackGeo = true
	require.Empty(t, geo("\x7f\x00\x00\x01"))
	require.Equal(t, Inval, r.call("geo.lookup", "12345", 64, 1000, 0))
	require.Equal(t, BufLen, r.call("geo.lookup", "\xc0\x00\x02\x01", 64, 3, 0))
	require.Equal(t, uint32(12), r.u32(0))

	r.s.svc.GeoLookup = func(ip netip.Addr) ([]byte, Status) {
		if ip.Is4() {
			return nil, Error
		}
		return []byte("no JSON, " + ip.String()), OK
	}
	require.Equal(t, Error, r.call("geo.lookup", "\xc0\x00\x02\x01", 64, 1000, 0))
	require.Equal(t, "no JSON, 2001:db8::", geo("\x20\x01\x0d\xb8"+strings.Repeat("\x00", 12)))

	require.Equal(t, None, r.call("device_detection.lookup", "Agent/2", 64, 100, 0))
	require.Equal(t, OK, r.call("device_detection.lookup", "Agent/1", 64, 100, 0))
	require.Equal(t, `{"device":{}}`, string(r.m[64:64+r.u32(0)]))
}

func TestACL(t *testing.T) {
	r := newRig(t)
	r.s.svc.ACLs = map[string][]ACLEntry{"office": {
		{netip.MustParsePrefix("192.0.2.0/24"), "block"}, {netip.MustParsePrefix("192.0.2.7/32"), "ALLOW"},
		{netip.MustParsePrefix("192.0.2.7/32"), "ask"}, {netip.MustParsePrefix("2001:db8::/32"), "BLOCK"}}}
	require.Equal(t, None, r.call("acl.open", "nowhere", 0))
	r.ok("acl.open", "office", 0)
	lookup := func(octets string) string {
		require.Equal(t, OK, r.call("acl.lookup", 0, octets, 16, 20))
		if r.u32(20) == aclNoContent {
			return ""
		}
		return r.bodyText(r.u32(16))
	}
	require.Equal(t, "{\n  \"prefix\": \"192.0.2.0/24\",\n  \"action\": \"BLOCK\"\n}", lookup("\xc0\x00\x02\x01"))
	require.Equal(t, "{\n  \"prefix\": \"192.0.2.7/32\",\n  \"action\": \"Other(ask)\"\n}", lookup("\xc0\x00\x02\x07"), "of equals, the last")
	require.Contains(t, lookup("\x20\x01\x0d\xb8"+strings.Repeat("\x01", 12)), "2001:db8::/32")
	require.Empty(t, lookup("\xc0\x00\x03\x01"))
	require.Equal(t, Inval, r.call("acl.lookup", 0, "123", 16, 20))
	require.Equal(t, BadHandle, r.call("acl.lookup", 9, "1234", 16, 20))
}

func TestShielding(t *testing.T) {
	r := newRig(t)
	r.s.svc.Shields = map[string]Shield{"here": {Local: true}, "there": {Plain: "http://a.example/", TLS: "https://a.example/"}}
	info := func(name string) string {
		require.Equal(t, OK, r.call("shielding.shield_info", name, 64, 100, 0))
		return string(r.m[64 : 64+r.u32(0)])
	}
	require.Equal(t, "\x01\x00\x00", info("here"))
	require.Equal(t, "\x00http://a.example/\x00https://a.example/\x00", info("there"))
	require.Equal(t, Inval, r.call("shielding.shield_info", "nowhere", 64, 100, 0))
	require.Equal(t, BufLen, r.call("shielding.shield_info", "there", 64, 10, 0))
	config := r.words(0, 0, 250, 0)
	require.Equal(t, OK, r.call("shielding.backend_for_shield", "http://a.example", shieldFirstByte, config, 64, 100, 0))
	name := string(r.m[64 : 64+r.u32(0)])
	require.Equal(t, "******http://a.example/*****", name)
	require.Equal(t, 250*time.Millisecond, r.s.backend(name).FirstByteTimeout)
	require.Equal(t, Error, r.call("shielding.backend_for_shield", "http://a.example", 0, config, 64, 100, 0), "twice")
	require.Equal(t, Inval, r.call("shielding.backend_for_shield", "http://b.example", 1, config, 64, 100, 0), "reserved")
	require.Equal(t, Inval, r.call("shielding.backend_for_shield", "not a url", 0, config, 64, 100, 0))
}

func TestHandOff(t *testing.T) {
	r := newRig(t)
	require.Equal(t, OK, r.call("http_req.redirect_to_websocket_proxy", "nowhere"))
	require.Equal(t, 500, r.o.out.Status)
	require.Equal(t, Error, r.call("http_req.redirect_to_grip_proxy", "origin"), "answered already")

	r = newRig(t)
	require.Equal(t, Unsupported, r.call("http_req.redirect_to_grip_proxy", "origin"))
	require.Nil(t, r.o.out, "the guest can still answer")

	r = newRig(t)
	own := int(r.ok("http_req.new", 0))
	require.Equal(t, OK, r.call("http_req.uri_set", own, "http://own.example/x"))
	require.Equal(t, OK, r.call("http_req.header_insert", own, "TE", "forged"))
	require.Equal(t, OK, r.call("http_req.header_insert", own, "X-Own", "1"))
	require.Equal(t, OK, r.call("http_req.redirect_to_websocket_proxy_v2", own, "origin"))
	r.s.WaitSends()
	require.Equal(t, 500, r.o.out.Status, "nobody listens there")
	sent := r.o.sent[0]
	require.Equal(t, "/x", sent.Target)
	require.False(t, sent.Header.Has("TE"))
	require.False(t, sent.Header.Has("X-One"))
	require.True(t, sent.Header.Has("X-Own"))
}
