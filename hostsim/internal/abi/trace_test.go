package abi

import (
	"math"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// traced makes a call and describes it, as an engine does that traces. The
// upper halves of 32-bit arguments are dirty, and so is all of the memory that
// results are written to.
func (r *rig) traced(name string, args ...uint64) string {
	module, fn, _ := strings.Cut(name, ".")
	f := Lookup("fastly_"+module, fn)
	for i, kind := range f.Params {
		if kind == 'i' {
			args[i] |= 0xdeadbeef << 32
		}
	}
	for i := range 64 {
		r.m[i] = 0xa5
	}
	text := f.Words(r.m, args)
	if st := r.s.Call(f, r.m, args); st != OK {
		text += " -> " + st.String()
	}
	return text + " -> " + f.Results(r.m, args, r.s.Wrote())
}

func TestWords(t *testing.T) {
	r := newRig(t)
	name, value := uint64(r.put("X-Name")), uint64(r.put("va\"l"))
	require.Equal(t, `h=0 name="X-Name" value="va\"l" -> `, r.traced("http_req.header_insert", 0, name, 6, value, 4))
	require.Equal(t, `h=0 -> buf="http://host.example.com/%zz"`, r.traced("http_req.uri_get", 0, 64, 100, 0))
	require.Equal(t, `h=0 -> buflen -> nwritten_out=27`, r.traced("http_req.uri_get", 0, 64, 26, 0))
	require.Equal(t, ` -> request_handle=0 body_handle=0`, r.traced("http_req.body_downstream_get", 0, 4))
	require.Equal(t, `h=0 cursor=0 -> ending_cursor_out=-1 buf="host\x00x-one\x00x-name\x00"`, r.traced("http_req.header_names_get", 0, 64, 100, 0, 8, 0))
	require.Equal(t, `h=9 -> badf -> `, r.traced("http_req.uri_get", 9, 64, 100, 0))
	require.Equal(t, `abi_version=4294967297 -> error -> `, r.traced("abi.init", 1<<32|1))
	require.Equal(t, `name=(out of bounds) -> inval -> `, r.traced("config_store.open", math.MaxUint32-5, 100, 0))
	long := uint64(r.put(strings.Repeat("x", 300)))
	require.Contains(t, r.traced("log.endpoint_get", long, 300, 0), `x"...(300 bytes)`)
	require.Contains(t, r.traced("async_io.select", 64, 0, 1, 0), "hs=[] timeout_ms=1 -> ready_idx=4294967295")
	r.sizes(t)

	store, key := uint64(r.put("secrets")), uint64(r.put("k"))
	require.Equal(t, `name="secrets" -> secret_store_handle=0`, r.traced("secret_store.open", store, 7, 0))
	require.Equal(t, `store=0 key="k" -> secret_handle=0`, r.traced("secret_store.get", 0, key, 1, 0))
	require.Equal(t, `secret=0 -> buf=(5 bytes)`, r.traced("secret_store.plaintext", 0, 64, 100, 0))
	require.Equal(t, ` -> secret_handle=1`, r.traced("secret_store.from_bytes", store, 7, 0))
}

// sizes traces results of each size, and addresses.
func (r *rig) sizes(t *testing.T) {
	require.Equal(t, ` -> response_handle=0`, r.traced("http_resp.new", 0))
	require.Equal(t, `h=0 -> http_status=200`, r.traced("http_resp.status_get", 0, 2))
	r.s.items = append(r.s.items, &Body{chunks: []chunk{{src: &reader{left: 5 << 32}}}})
	require.Equal(t, `h=1 -> body_length=21474836480`, r.traced("http_body.known_length", 1, 8))
	require.Equal(t, `h=0 -> buf="hello"`, r.traced("http_body.read", 0, 64, 100, 0))
	r.s.requests.get(0).down.ClientIP = netip.MustParseAddr("192.0.2.1")
	require.Equal(t, ` -> addr_octets_out=192.0.2.1`, r.traced("http_req.downstream_client_ip_addr", 16, 0))
	require.Equal(t, ` -> reqid_out="0000000000000000000000000000000a"`, r.traced("http_req.downstream_client_request_id", 64, 100, 0))
	copy(r.m[64:], netip.MustParseAddr("2001:db8::1").AsSlice())
	require.Equal(t, `addr_octets=2001:db8::1 -> buf=""`, r.traced("geo.lookup", 64, 16, 128, 100, 0))
	store, key := uint64(r.put("none")), uint64(r.put("k"))
	r.s.svc.KV.Create("none")
	require.Equal(t, `name="none" -> kv_store_handle=0`, r.traced("kv_store.open", store, 4, 0))
	require.Equal(t, `store=0 key="k" lookup_config_mask=0 -> handle_out=2`, r.traced("kv_store.lookup", 0, key, 1, 0, 0, 0))
	require.Equal(t, `handle=2 -> kv_error_out=3`, r.traced("kv_store.lookup_wait", 2, 0, 64, 100, 4, 8, 12))
}

// Numbers that a call writes are named in the table of calls: else a trace
// would not show them.
func TestResultsHaveForms(t *testing.T) {
	for _, fn := range Functions() {
		for _, p := range fn.Parameters {
			switch {
			case p.Kind == 'o':
				require.Contains(t, "248n", string(p.Form), fn.Name)
			case p.Kind == 'p' && strings.HasSuffix(p.Name, "_out") && p.Name != "options_out":
				require.Contains(t, "248nsbi", string(p.Form), fn.Name)
			}
		}
	}
}

// Every parameter has a name and a kind, and the core parameters are those of
// the kinds.
func TestParameters(t *testing.T) {
	for _, fn := range Functions() {
		n := 0
		for _, p := range fn.Parameters {
			require.NotEmpty(t, p.Name, fn.Name)
			require.Equal(t, n, p.At, fn.Name)
			require.Contains(t, "tlpvwo", string(p.Kind), fn.Name)
			if n++; p.Kind == 't' || p.Kind == 'l' {
				n++
			}
		}
		require.Len(t, fn.Params, n, fn.Name)
	}
}
