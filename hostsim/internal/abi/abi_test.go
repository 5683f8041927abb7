package abi

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/internal/origin"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// flat is a linear memory of fixed size.
type flat []byte

func (m flat) Size() uint32 { return uint32(len(m)) }

func (m flat) Read(offset, n uint32) ([]byte, bool) {
	if uint64(offset)+uint64(n) > uint64(len(m)) {
		return nil, false
	}
	return m[offset : offset+n : offset+n], true
}

// outside keeps what a sandbox does to the world.
type outside struct {
	out  *Outgoing
	logs []string
	sent []*wire.Request
	// of informational responses
	informed []wire.Header
}

func (o *outside) Respond(out *Outgoing) { o.out = out }
func (o *outside) Log(endpoint string, line []byte) {
	o.logs = append(o.logs, endpoint+":"+string(line))
}
func (o *outside) Sending(_ string, req *wire.Request) func(int, error) {
	o.sent = append(o.sent, req)
	return func(int, error) {}
}

func (o *outside) Hold() func()                      { return func() {} }
func (o *outside) Inform(_ int, h wire.Header)       { o.informed = append(o.informed, h) }
func (o *outside) Fault(FaultSite, string) *Fault    { return nil }
func (o *outside) NextRequest(time.Duration) Promise { return nil }

const memorySize = 1 << 16

// rig is a sandbox with a memory to call it from. Text and results live in
// different places of the memory.
type rig struct {
	t      testing.TB
	s      *Sandbox
	m      flat
	o      *outside
	next   uint32
	cancel func() // ends the request
}

func newRig(t testing.TB) *rig {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	o := &outside{}
	backend := &origin.Backend{}
	require.NoError(t, backend.ParseURL("http://127.0.0.1:1"))
	svc := &Service{Backends: map[string]*origin.Backend{"origin": backend}, ConfigStores: map[string]map[string]string{"config": {"a": "1", "empty": ""}},
		SecretStores: map[string]map[string][]byte{"secrets": {"k": []byte("plain")}}, HostBytes: 1 << 20, KV: NewKVStores(time.Now, 1<<20), Cache: NewCache(time.Now, 1<<20), Rates: NewRates(time.Now)}
	down := &Downstream{ID: 10, Method: "POST", URI: URI{"http", "host.example.com", "/%zz"}, Version: HTTP11, Body: BodyOf([]byte("hello")),
		Header: wire.NewHeader("Host", "host.example.com", "X-One", "1", "x-one", "2")}
	s := NewSandbox(ctx, svc, o, down)
	t.Cleanup(func() { cancel(); s.EndGuest(&Outgoing{Body: &Body{}}); s.WaitSends(); s.Close() })
	return &rig{t: t, s: s, m: make(flat, memorySize), o: o, next: 4096, cancel: cancel}
}

// call makes a host call; a string argument becomes its address and length,
// everything else must be an int.
func (r *rig) call(name string, args ...any) Status {
	r.t.Helper()
	module, fn, _ := strings.Cut(name, ".")
	f := Lookup("fastly_"+module, fn)
	require.NotNil(r.t, f, name)
	var words []uint64
	for _, arg := range args {
		switch v := arg.(type) {
		case string:
			words = append(words, uint64(r.put(v)), uint64(len(v)))
		case int:
			words = append(words, uint64(uint32(v)))
		}
	}
	require.Len(r.t, words, len(f.Params), name)
	return r.s.Call(f, r.m, words)
}

func (r *rig) put(text string) uint32 {
	at := r.next
	r.next += uint32(len(text)+7) &^ 7
	if r.next > memorySize-64 {
		at, r.next = 4096, 4096+uint32(len(text)+7)&^7
	}
	copy(r.m[at:], text)
	return at
}

func (r *rig) u32(at int) uint32 { return binary.LittleEndian.Uint32(r.m[at:]) }

// ok makes a call that must succeed and returns the word at address 0, where
// results go by custom of these tests.
func (r *rig) ok(name string, args ...any) uint32 {
	r.t.Helper()
	require.Equal(r.t, OK, r.call(name, args...), name)
	return r.u32(0)
}

func TestSignatures(t *testing.T) {
	data, err := os.ReadFile("testdata/hostcalls.tsv")
	require.NoError(t, err)
	want := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if fields := strings.Split(strings.TrimSpace(line), "\t"); len(fields) == 3 && line[0] != '#' {
			want[fields[0]+"."+fields[1]] = fields[2]
		}
	}
	require.Len(t, want, 255)
	have := map[string]string{}
	for _, fn := range Functions() {
		have[fn.Module+"."+fn.Name] = fn.Params
	}
	require.Equal(t, want, have)
	for module, names := range calls {
		for name := range names {
			require.Contains(t, have, module+"."+name, "modelled, but not in the ABI")
		}
	}
	for module := range messages {
		for name := range messageCalls {
			require.Contains(t, have, module+"."+name, "modelled, but not in the ABI")
		}
	}
}

// Every call with every kind of bad number must return, and must not panic:
// whatever the guest does is the guest's.
func TestEveryCallSurvivesBadArguments(t *testing.T) {
	bad := []uint64{0, 1, 2, 3, 7, memorySize - 4, memorySize - 1, memorySize, memorySize + 1, 1 << 31, math.MaxUint32 - 1, math.MaxUint32}
	for _, fn := range Functions() {
		t.Run(fn.Module+"."+fn.Name, func(t *testing.T) {
			r := newRig(t)
			ctx, cancel := context.WithCancel(r.s.ctx)
			cancel() // a call that would wait comes back
			r.s.ctx, r.s.svc.HTTPCache = ctx, true
			for i := range 400 {
				args := make([]uint64, len(fn.Params))
				for j := range args {
					args[j] = bad[(i*(j*2+3)+i/len(bad)+j)%len(bad)]
				}
				st := r.s.Call(fn, r.m, args)
				require.LessOrEqual(t, st, Again)
				if i%7 == 0 { // give it something to consume
					r.s.responses.add(&response{status: 200})
					r.s.addItem(&Body{})
				}
			}
		})
	}
}

func FuzzCall(f *testing.F) {
	f.Add(uint16(3), []byte{1, 0, 0, 0, 2, 0, 0, 0})
	f.Add(uint16(100), []byte("\x00\x00\x00\x00\xff\xff\xff\xff\x08\x00\x00\x00\x10\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, which uint16, data []byte) {
		r := newRig(t)
		ctx, cancel := context.WithCancel(r.s.ctx)
		cancel()
		r.s.ctx, r.s.svc.HTTPCache = ctx, true
		for len(data) >= 4 {
			fn := functions[int(which)%len(functions)]
			args := make([]uint64, len(fn.Params))
			for i := range args {
				if len(data) >= 4 {
					args[i] = uint64(binary.LittleEndian.Uint32(data))
					data = data[4:]
				}
			}
			require.LessOrEqual(t, r.s.Call(fn, r.m, args), Again)
			which = which*31 + 7
			if len(fn.Params) == 0 {
				return
			}
		}
	})
}

// Handles of a wrong kind, used twice, or never given out: badf, and nothing
// else is touched.
func TestBadHandles(t *testing.T) {
	for _, h := range []int{99, InvalidHandle, -1} {
		r := newRig(t)
		for name, args := range map[string][]any{
			"http_req.close": {h}, "http_req.method_get": {h, 0, 8, 8}, "http_req.uri_set": {h, "/x"}, "http_req.header_insert": {h, "A", "b"},
			"http_resp.close": {h}, "http_resp.status_get": {h, 0}, "http_resp.send_downstream": {h, 0, 0},
			"http_body.close": {h}, "http_body.abandon": {h}, "http_body.read": {h, 0, 8, 8}, "http_body.write": {h, "x", 0, 0}, "http_body.known_length": {h, 0},
			"http_body.append": {0, h}, "http_body.trailer_append": {h, "A", "b"},
			"http_req.pending_req_poll": {h, 0, 4, 8}, "http_req.pending_req_wait": {h, 0, 4}, "http_req.send": {0, h, "origin", 0, 4},
			"log.write": {h, "x", 0}, "config_store.get": {h, "a", 0, 8, 8}, "secret_store.get": {h, "k", 0}, "secret_store.plaintext": {h, 0, 8, 8},
			"async_io.is_ready": {h, 0}, "http_downstream.downstream_client_ip_addr": {h, 0, 16}, "http_downstream.next_request_abandon": {h},
		} {
			require.Equal(t, BadHandle, r.call(name, args...), "%s %d", name, h)
		}
	}
	r := newRig(t)
	body := int(r.ok("http_body.new", 0))
	require.Equal(t, BadHandle, r.call("http_req.pending_req_wait", body, 0, 4), "a body is not a pending request")
	require.Equal(t, BadHandle, r.call("http_req.pending_req_poll", body, 0, 4, 8))
	r.ok("http_body.close", body)
	require.Equal(t, BadHandle, r.call("http_body.close", body), "twice")
	r.ok("http_req.close", 0)
	require.Equal(t, BadHandle, r.call("http_req.close", 0))
	r.ok("http_downstream.downstream_client_request_id", 0, 0, 64, 128)
	require.Equal(t, strings.Repeat("0", 31)+"a", string(r.m[:32]), "what is known of the client outlives the request")
}

// The fingerprint of HTTP/2 is none where none is given, and outlives the
// request, in the older form too, which names none.
func TestH2Fingerprint(t *testing.T) {
	const fingerprint = "1:65536;4:6291456|15663105|0|m,a,s,p"
	r := newRig(t)
	require.Equal(t, None, r.call("http_downstream.downstream_client_h2_fingerprint", 0, 64, 100, 0))
	require.Equal(t, None, r.call("http_req.downstream_client_h2_fingerprint", 64, 100, 0))
	r.s.requests.get(0).down.H2Fingerprint = fingerprint
	r.ok("http_req.close", 0)
	require.Equal(t, OK, r.call("http_downstream.downstream_client_h2_fingerprint", 0, 64, 100, 0))
	require.Equal(t, fingerprint, string(r.m[64:64+r.u32(0)]))
	require.Equal(t, BufLen, r.call("http_req.downstream_client_h2_fingerprint", 64, 3, 0))
	require.Equal(t, uint32(len(fingerprint)), r.u32(0))
}

func TestConsumption(t *testing.T) {
	r := newRig(t)
	require.Equal(t, Inval, r.call("http_req.send", 0, 0, "nowhere", 0, 4), "unknown backend")
	require.Equal(t, BadHandle, r.call("http_req.method_get", 0, 0, 8, 8), "the request is consumed all the same")
	require.Equal(t, BadHandle, r.call("http_body.known_length", 0, 0))
	r.ok("http_req.body_downstream_get", 0, 4)
	r.ok("http_req.body_downstream_get", 0, 4)
	require.Zero(t, r.u32(0))
	require.Zero(t, r.u32(4))

	resp, body := int(r.ok("http_resp.new", 0)), int(r.ok("http_body.new", 0))
	r.ok("http_resp.send_downstream", resp, body, 1)
	require.Equal(t, BadHandle, r.call("http_resp.status_get", resp, 0))
	require.Equal(t, BadHandle, r.call("http_body.read", body, 0, 8, 8), "a streaming body is written, not read")
	require.Equal(t, BadHandle, r.call("http_body.write", body, "x", 1, 0), "nor written at the front")
	require.Equal(t, OK, r.call("http_body.write", body, "x", 0, 0))
	require.Equal(t, None, r.call("http_body.known_length", body, 0))
	require.Equal(t, Inval, r.call("http_body.trailer_names_get", body, 0, 64, 0, 64, 72))
	r.ok("http_body.close", body)
	resp, body = int(r.ok("http_resp.new", 0)), int(r.ok("http_body.new", 0))
	require.Equal(t, Error, r.call("http_resp.send_downstream", resp, body, 0), "a second response")
}

func TestPointers(t *testing.T) {
	r := newRig(t)
	require.Equal(t, Inval, r.call("http_req.new", memorySize-3), "out of bounds")
	require.Equal(t, Inval, r.call("http_req.new", memorySize))
	require.Equal(t, BadAlign, r.call("http_req.new", 2))
	require.Equal(t, BadAlign, r.call("http_body.known_length", 0, 4), "u64")
	require.Equal(t, OK, r.call("http_body.known_length", 0, 8))
	require.Equal(t, BadAlign, r.call("http_resp.status_get", int(r.ok("http_resp.new", 0)), 1), "u16")
	require.Equal(t, Inval, r.call("log.endpoint_get", 0, -1, 0), "4 GiB")
	require.Equal(t, Inval, r.call("log.endpoint_get", memorySize+1, 0, 0), "nothing, out of bounds")
	require.Equal(t, OK, r.call("log.endpoint_get", memorySize, 0, 0), "nothing, just within")
	require.Equal(t, Inval, r.call("config_store.open", "\xff", 0), "not UTF-8")
	require.Equal(t, Error, r.call("http_req.send", 0, 0, "\xff", 0, 4), "not UTF-8, told otherwise")
	require.Equal(t, Inval, r.call("http_req.pending_req_select", 0, 1<<30, 0, 4, 8))
	require.Equal(t, Inval, r.call("http_req.pending_req_select", 0, 0, 0, 4, 8), "an empty list")
	require.Equal(t, Inval, r.call("async_io.select", 0, 0, 0, 0), "nothing, for ever")
	require.Equal(t, OK, r.call("async_io.select", 0, 0, 1, 0))
	require.Equal(t, uint32(math.MaxUint32), r.u32(0), "time out")
	require.Equal(t, Inval, r.call("http_req.version_set", 0, 5))
	require.Equal(t, Inval, r.call("http_body.write", 0, "x", 2, 0))
	require.Equal(t, Inval, r.call("http_req.cache_override_set", 0, 32, 0, 0))
	require.Equal(t, Inval, r.call("http_req.auto_decompress_response_set", 0, 2))
	require.Equal(t, Error, r.s.Call(Lookup("fastly_abi", "init"), r.m, []uint64{2}))
	require.Equal(t, OK, r.s.Call(Lookup("fastly_abi", "init"), r.m, []uint64{1}))
}

func TestBuffers(t *testing.T) {
	r := newRig(t)
	uri := "http://host.example.com/%zz"
	require.Equal(t, BufLen, r.call("http_req.uri_get", 0, 64, len(uri)-1, 0))
	require.Equal(t, uint32(len(uri)), r.u32(0), "the length that is needed")
	require.Zero(t, r.m[64], "nothing is written")
	require.Equal(t, OK, r.call("http_req.uri_get", 0, 64, len(uri), 0))
	require.Equal(t, uri, string(r.m[64:64+len(uri)]))
	require.Equal(t, BufLen, r.call("config_store.get", int(r.ok("config_store.open", "config", 0)), "a", 0, 0, 0), "Has of the SDK")
	require.Equal(t, OK, r.call("config_store.get", 0, "empty", 0, 0, 0))
	require.Equal(t, None, r.call("config_store.get", 0, "b", 0, 8, 8))
	require.Equal(t, BadHandle, r.call("dictionary.open", "nowhere", 0))
	require.Equal(t, None, r.call("secret_store.open", "nowhere", 0))
	require.Equal(t, OK, r.call("secret_store.open", "secrets", 0))
	require.Equal(t, None, r.call("secret_store.get", 0, "x", 0))
	require.Equal(t, OK, r.call("secret_store.get", 0, "k", 0))
	require.Equal(t, OK, r.call("secret_store.plaintext", 0, 64, 8, 0))
	require.Equal(t, "plain", string(r.m[64:69]))
	require.Equal(t, OK, r.call("secret_store.from_bytes", "own", 0))
	require.Equal(t, OK, r.call("secret_store.plaintext", int(r.u32(0)), 64, 8, 0))
	require.Equal(t, "own", string(r.m[64:67]))
}

func TestCursors(t *testing.T) {
	r := newRig(t)
	names := func(size, cursor int) (Status, string, int64, uint32) {
		st := r.call("http_req.header_names_get", 0, 64, size, cursor, 8, 0)
		return st, string(r.m[64 : 64+min(r.u32(0), 64)]), int64(binary.LittleEndian.Uint64(r.m[8:])), r.u32(0)
	}
	st, text, next, _ := names(64, 0)
	require.Equal(t, OK, st)
	require.Equal(t, "host\x00x-one\x00", text, "each name once, in lower case")
	require.Equal(t, int64(-1), next)
	st, text, next, _ = names(9, 0)
	require.Equal(t, OK, st)
	require.Equal(t, "host\x00", text, "values are not split")
	require.Equal(t, int64(1), next)
	st, text, next, _ = names(9, 1)
	require.Equal(t, OK, st)
	require.Equal(t, "x-one\x00", text)
	require.Equal(t, int64(-1), next)
	st, _, next, need := names(5, 1)
	require.Equal(t, BufLen, st)
	require.Equal(t, uint32(6), need)
	require.Equal(t, int64(-1), next, "after an error too")
	st, text, next, _ = names(9, 99)
	require.Equal(t, OK, st)
	require.Empty(t, text)
	require.Equal(t, int64(-1), next)
	require.Equal(t, OK, r.call("http_downstream.downstream_original_header_names", 0, 64, 64, 0, 8, 0))
	require.Equal(t, "Host\x00X-One\x00x-one\x00", string(r.m[64:64+r.u32(0)]))
	require.Equal(t, OK, r.call("http_req.header_values_get", 0, "X-ONE", 64, 64, 0, 8, 0))
	require.Equal(t, "1\x002\x00", string(r.m[64:64+r.u32(0)]))
	require.Equal(t, OK, r.call("http_req.header_values_get", 0, "absent", 64, 64, 0, 8, 0))
	require.Zero(t, r.u32(0))
}

func TestHeaders(t *testing.T) {
	r := newRig(t)
	require.Equal(t, Inval, r.call("http_req.header_value_get", 0, "absent", 64, 8, 0), "as in Viceroy; not none")
	require.Equal(t, Inval, r.call("http_req.header_remove", 0, "absent"))
	require.Equal(t, Error, r.call("http_req.header_insert", 0, "bad name", "x"))
	require.Equal(t, Error, r.call("http_req.header_insert", 0, "", "x"))
	require.Equal(t, Error, r.call("http_req.header_append", 0, "A", "x\r\ny"))
	require.Equal(t, Error, r.call("http_req.header_values_set", 0, "A", "ok\x00bad\n\x00"))
	require.Equal(t, Inval, r.call("http_req.header_insert", 0, memorySize+1, 4, "x"), "out of bounds")
	require.Equal(t, Inval, r.call("http_req.header_insert", 0, 0, maxName+1, "x"), "too long a name")
	require.Equal(t, OK, r.call("http_req.header_append", 0, "A", "tab\tand \xff"))
	require.Equal(t, OK, r.call("http_req.header_values_set", 0, "x-one", "3\x004\x00ignored"))
	want := wire.NewHeader("Host", "host.example.com", "x-one", "3", "x-one", "4", "A", "tab\tand \xff")
	require.Equal(t, want, r.s.requests.get(0).request.header)
	require.Equal(t, OK, r.call("http_req.header_insert", 0, "X-One", "5"))
	require.Equal(t, OK, r.call("http_req.header_remove", 0, "a"))
	require.Equal(t, wire.NewHeader("Host", "host.example.com", "X-One", "5"), r.s.requests.get(0).request.header)
	require.Len(t, r.s.requests.get(0).down.Header, 3, "what came is kept as it was")
}

func TestResponses(t *testing.T) {
	r := newRig(t)
	for status, want := range map[int]Status{0: Inval, 99: Inval, 100: OK, 999: OK, 1000: Inval, 65536 + 200: Inval} {
		require.Equal(t, want, r.call("http_resp.status_set", int(r.ok("http_resp.new", 0)), status), status)
	}
	send := func(status int) Status {
		resp, body := int(r.ok("http_resp.new", 0)), int(r.ok("http_body.new", 0))
		r.ok("http_resp.status_set", resp, status)
		return r.call("http_resp.send_downstream", resp, body, 0)
	}
	require.Equal(t, Inval, send(100))
	require.Equal(t, OK, send(103), "early hints are dropped")
	require.Nil(t, r.o.out)
	require.Equal(t, OK, send(204))
	require.Equal(t, 204, r.o.out.Status)
	require.Equal(t, Error, send(200))
	require.Equal(t, Unsupported, r.call("http_resp.http_keepalive_mode_set", 0, 1))
	require.Equal(t, None, r.call("http_resp.get_addr_dest_port", int(r.ok("http_resp.new", 0)), 0))
}

func TestBodies(t *testing.T) {
	r := newRig(t)
	require.Equal(t, Again, r.call("http_body.trailer_names_get", 0, 64, 64, 0, 8, 0), "not read yet")
	require.Equal(t, OK, r.call("http_body.write", 0, "<", 1, 0))
	require.Equal(t, OK, r.call("http_body.write", 0, ">", 0, 0))
	require.Equal(t, OK, r.call("http_body.known_length", 0, 8))
	require.Equal(t, uint32(7), r.u32(8))
	other := int(r.ok("http_body.new", 0))
	r.ok("http_body.write", other, "more", 0, 8)
	r.ok("http_body.append", 0, other)
	require.Equal(t, BadHandle, r.call("http_body.read", other, 64, 8, 0), "appended, so consumed")
	var text string
	for range 20 {
		n := r.ok("http_body.read", 0, 64, 4, 0)
		if n == 0 {
			break
		}
		text += string(r.m[64 : 64+n])
	}
	require.Equal(t, "<hello>more", text)
	require.Equal(t, OK, r.call("http_body.trailer_names_get", 0, 64, 64, 0, 8, 0))
}

func TestDynamicBackends(t *testing.T) {
	r := newRig(t)
	config := make([]byte, cfgSize)
	at := int(r.put(string(config)))
	require.Equal(t, OK, r.call("http_req.register_dynamic_backend", "dyn", "127.0.0.1:81", 0, at))
	require.Equal(t, Error, r.call("http_req.register_dynamic_backend", "dyn", "127.0.0.1:81", 0, at), "name is taken")
	require.Equal(t, Error, r.call("http_req.register_dynamic_backend", "origin", "127.0.0.1:81", 0, at), "by a static one")
	require.Equal(t, Error, r.call("http_req.register_dynamic_backend", "x", "host/path", 0, at))
	require.Equal(t, Inval, r.call("http_req.register_dynamic_backend", "x", "a", optReserved, at))
	require.Equal(t, Inval, r.call("http_req.register_dynamic_backend", "x", "a", optEnd, at))
	require.Equal(t, Inval, r.call("http_req.register_dynamic_backend", "x", "a", optHostOverride, at), "empty")
	require.Equal(t, BadHandle, r.call("http_req.register_dynamic_backend", "x", "a", optClientCert, at), "no such secret")
	require.Equal(t, uint32(1), r.ok("backend.exists", "dyn", 0))
	require.Equal(t, uint32(1), r.ok("backend.is_dynamic", "dyn", 0))
	require.Equal(t, uint32(0), r.ok("backend.is_dynamic", "origin", 0))
	require.Equal(t, uint32(0), r.ok("backend.exists", "nowhere", 0))
	require.Equal(t, Inval, r.call("backend.is_healthy", "nowhere", 0))
	require.Equal(t, uint32(81), r.ok("backend.get_port", "dyn", 0)&0xffff)
	require.Equal(t, None, r.call("backend.get_override_host", "dyn", 0, 8, 8))
	require.Equal(t, Unsupported, r.call("backend.get_ssl_min_version", "dyn", 0))
}

func TestLogs(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"stdout", "STDERR", "fst_managed_x"} {
		require.Equal(t, Inval, r.call("log.endpoint_get", name, 0))
	}
	h := int(r.ok("log.endpoint_get", "access", 0))
	require.Equal(t, h, int(r.ok("log.endpoint_get", "access", 0)), "the same handle again")
	require.Equal(t, uint32(4), r.ok("log.write", h, "one\n", 0), "the whole length")
	r.ok("log.write", h, "\n", 0)
	r.ok("log.write", h, "two\nlines", 0)
	require.Equal(t, []string{"access:one", "access:two\nlines"}, r.o.logs)
}

func TestDownstream(t *testing.T) {
	r := newRig(t)
	own := int(r.ok("http_req.new", 0))
	require.Equal(t, Error, r.call("http_downstream.downstream_tls_protocol", own, 0, 8, 8), "a request of the guest's own")
	require.Equal(t, None, r.call("http_downstream.downstream_tls_protocol", 0, 0, 8, 8), "plain http")
	require.Equal(t, None, r.call("http_req.downstream_tls_ja3_md5", 0, 16))
	r.s.requests.get(0).down.TLS = &TLS{Protocol: "TLSv1.3", JA3: [16]byte{1}}
	require.Equal(t, OK, r.call("http_downstream.downstream_tls_protocol", 0, 64, 8, 0))
	require.Equal(t, "TLSv1.3", string(r.m[64:71]))
	require.Equal(t, OK, r.call("http_downstream.downstream_tls_client_hello", 0, 64, 8, 0), "empty, but there")
	require.Equal(t, OK, r.call("http_req.downstream_tls_ja3_md5", 64, 0))
	require.Equal(t, uint32(16), r.u32(0))
	require.Equal(t, OK, r.call("http_downstream.next_request", 0, 8, 0))
	promise := int(r.u32(0))
	require.Equal(t, LimitExceeded, r.call("http_downstream.next_request", 0, 8, 0))
	require.Equal(t, Unsupported, r.call("http_downstream.next_request_wait", promise, 0, 4), "the client has no answer yet")
	r.ok("http_resp.send_downstream", int(r.ok("http_resp.new", 0)), int(r.ok("http_body.new", 0)), 0)
	require.Equal(t, None, r.call("http_downstream.next_request_wait", promise, 0, 4))
	require.Equal(t, Unsupported, r.call("http_cache.is_request_cacheable", 0, 0))
}

// What fits a request line goes through; what would break it does not.
func TestURISet(t *testing.T) {
	for uri, want := range map[string]string{
		"/%zz": "/%zz", "https://h/a b|c%": "https://h/a b|c%", "HTTP://h": "http://h/", "http://h?q": "http://h/?q", "*": "*",
		"": "", "a b": "", "x": "x", "h:80": "h:80", "http://": "", "/a\r\nb": "", "/a\x00": "", "://h/": "", "1x://h/": "",
	} {
		r := newRig(t)
		st := r.call("http_req.uri_set", 0, uri)
		if want == "" {
			require.Equal(t, Error, st, uri)
			continue
		}
		require.Equal(t, OK, st, uri)
		require.Equal(t, OK, r.call("http_req.uri_get", 0, 64, 64, 0))
		require.Equal(t, want, string(r.m[64:64+r.u32(0)]))
	}
}

// A writer waits once eight chunks are under way, goes on when one is taken,
// and is told when its reader has gone.
func TestBackPressure(t *testing.T) {
	p, ended := newPipe(), context.Background()
	stopped, cancel := context.WithCancel(ended)
	cancel()
	for range pipeSize {
		require.True(t, isClosed(p.writable()))
		require.NoError(t, p.push(stopped, chunk{data: []byte("x")}))
	}
	require.False(t, isClosed(p.writable()))
	require.ErrorIs(t, p.push(stopped, chunk{data: []byte("x")}), context.Canceled)
	data, err := p.next(ended)
	require.NoError(t, err)
	require.Equal(t, "x", string(data))
	require.NoError(t, p.push(stopped, chunk{data: []byte("y")}))
	p.close()
	require.ErrorIs(t, p.push(ended, chunk{data: []byte("z")}), errReaderGone)
}
