package hostsim_test

import (
	"context"
	"encoding/binary"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim"
)

// A config store changes while the host runs. A guest that has opened it keeps
// what it had, and what was given to New is not changed.
func TestConfigStoresChange(t *testing.T) {
	given := map[string]map[string]string{"settings": {"greeting": "good day"}}
	var read func(h handGuest) string
	var got string
	h := hand(t, hostsim.Config{ConfigStores: given}, func(h handGuest) { got = read(h) })
	ask := func(f func(h handGuest) string) string {
		read = f
		_, x, err := h.Do(context.Background(), &hostsim.Request{})
		require.NoError(t, err)
		require.True(t, x.Ending.OK(), x.Ending.Message)
		return got
	}
	of := func(store, key string) func(h handGuest) string {
		return func(h handGuest) string { return h.config(store, key) }
	}
	require.Equal(t, "good day", ask(of("settings", "greeting")))
	h.SetConfig("settings", "greeting", "good evening")
	h.SetConfig("made", "key", "value")
	require.Equal(t, "good evening", ask(of("settings", "greeting")))
	require.Equal(t, "value", ask(of("made", "key")))
	require.Equal(t, "good day", given["settings"]["greeting"])
	require.Len(t, given, 1)

	h.DeleteConfig("made", "key")
	require.Equal(t, "none", ask(of("made", "key")))
	require.Equal(t, "no store", ask(of("never", "key")))
	require.Equal(t, "good evening", ask(func(g handGuest) string {
		at, n := g.text(256, "settings")
		require.Equal(t, hostsim.StatusOK, g.call("config_store.open", at, n, 40))
		h.SetConfig("settings", "greeting", "good night")
		return g.item("greeting")
	}))
	require.Equal(t, "good night", ask(of("settings", "greeting")))
}

// config reads one key, as the SDKs do.
func (h handGuest) config(store, key string) string {
	at, n := h.text(256, store)
	if h.call("config_store.open", at, n, 40) != hostsim.StatusOK {
		return "no store"
	}
	return h.item(key)
}

// item reads a key of the store whose handle is at 40.
func (h handGuest) item(key string) string {
	at, n := h.text(256, key)
	if st := h.call("config_store.get", h.word(40), at, n, 1024, 1000, 44); st != hostsim.StatusOK {
		return st.String()
	}
	return string(h.m[1024 : 1024+binary.LittleEndian.Uint32(h.m[44:])])
}

// Whether calls are described is asked while the host runs.
func TestTraceIf(t *testing.T) {
	var on atomic.Bool
	h := hand(t, hostsim.Config{TraceIf: on.Load, Trace: true}, func(h handGuest) { h.call("http_body.new", 4) })
	for _, traced := range []bool{false, true, false} {
		on.Store(traced)
		_, x, err := h.Do(context.Background(), &hostsim.Request{})
		require.NoError(t, err)
		require.Len(t, x.Calls, 2)
		require.Equal(t, traced, x.Calls[1].Results != "")
	}
}

// The exchange has the fields that the guest has answered with.
func TestResponseHeaderOfAnExchange(t *testing.T) {
	h := hand(t, hostsim.Config{}, func(h handGuest) {
		h.call("http_body.new", 4)
		h.call("http_resp.new", 8)
		name, n := h.text(256, "Location")
		value, m := h.text(512, "https://example.com/")
		require.Equal(t, hostsim.StatusOK, h.call("http_resp.header_append", h.word(8), name, n, value, m))
		h.call("http_resp.send_downstream", h.word(8), h.word(4), 0)
	})
	resp, x, err := h.Do(context.Background(), &hostsim.Request{})
	require.NoError(t, err)
	require.Equal(t, []string{"https://example.com/"}, x.ResponseHeader.Values("Location"))
	require.Equal(t, resp.Status, x.Response)
}
