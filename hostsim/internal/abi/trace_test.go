package abi

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// words makes a call and describes it, as an engine does that traces.
func (r *rig) traced(name string, args ...uint64) string {
	module, fn, _ := strings.Cut(name, ".")
	f := Lookup("fastly_"+module, fn)
	text := f.Words(r.m, args)
	if st := r.s.Call(f, r.m, args); st != OK {
		return text + " -> " + st.String()
	}
	return text + " -> " + f.Results(r.m, args)
}

func TestWords(t *testing.T) {
	r := newRig(t)
	name, value := uint64(r.put("X-Name")), uint64(r.put("va\"l"))
	require.Equal(t, `h=0 name="X-Name" value="va\"l" -> `, r.traced("http_req.header_insert", 0, name, 6, value, 4))
	require.Equal(t, `h=0 -> buf="http://host.example.com/%zz"`, r.traced("http_req.uri_get", 0, 64, 100, 0))
	require.Equal(t, ` -> request_handle=0 body_handle=0`, r.traced("http_req.body_downstream_get", 0, 4))
	require.Equal(t, `h=0 cursor=0 -> buf="host\x00x-one\x00x-name\x00"`, r.traced("http_req.header_names_get", 0, 64, 100, 0, 8, 0))
	require.Equal(t, `h=9 -> badf`, r.traced("http_req.uri_get", 9, 64, 100, 0))
	require.Equal(t, `h=9 -> badf`, r.traced("http_req.uri_get", 7<<32|9, 64, 100, 0))
	require.Equal(t, `abi_version=4294967297 -> error`, r.traced("abi.init", 1<<32|1))
	require.Equal(t, `name=(out of bounds) -> inval`, r.traced("config_store.open", math.MaxUint32-5, 100, 0))
	long := uint64(r.put(strings.Repeat("x", 300)))
	require.Contains(t, r.traced("log.endpoint_get", long, 300, 0), `x"...(300 bytes)`)
	require.Contains(t, r.traced("async_io.select", 64, 0, 1, 0), "hs=[] timeout_ms=1 -> ready_idx=4294967295")

	store, key := uint64(r.put("secrets")), uint64(r.put("k"))
	require.Equal(t, `name="secrets" -> secret_store_handle=0`, r.traced("secret_store.open", store, 7, 0))
	require.Equal(t, `store=0 key="k" -> secret_handle=0`, r.traced("secret_store.get", 0, key, 1, 0))
	require.Equal(t, `secret=0 -> buf=(5 bytes)`, r.traced("secret_store.plaintext", 0, 64, 100, 0))
	require.NotContains(t, r.traced("secret_store.from_bytes", store, 7, 0), "secrets")
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
