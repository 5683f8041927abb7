package hostsim_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/sys"

	"github.com/clickedge/clickedge/hostsim"
)

// script is an engine whose guests are Go functions over a flat memory.
type script func(g *hostsim.Guest, m flat) error

var (
	_ hostsim.Engine  = script(nil)
	_ hostsim.Program = script(nil)
)

func (s script) Compile(context.Context, []byte) (hostsim.Program, error) { return s, nil }
func (s script) Run(_ context.Context, g *hostsim.Guest) error            { return s(g, make(flat, 1<<16)) }
func (s script) Close(context.Context) error                              { return nil }

type flat []byte

func (m flat) Size() uint32 { return uint32(len(m)) }

func (m flat) Read(offset, n uint32) ([]byte, bool) {
	if uint64(offset)+uint64(n) > uint64(len(m)) {
		return nil, false
	}
	return m[offset : offset+n : offset+n], true
}

func hostCall(t *testing.T, module, name string) *hostsim.HostCall {
	for _, c := range hostsim.HostCalls() {
		if c.Module == module && c.Name == name {
			return c
		}
	}
	require.FailNow(t, "no such host call", name)
	return nil
}

// A guest on another engine makes the same host calls, and its endings are told
// in the same way.
func TestEngineSeam(t *testing.T) {
	run := func(guest script) (*hostsim.Response, *hostsim.Exchange) {
		h, err := hostsim.New(context.Background(), []byte("not wasm"), hostsim.Config{Engine: guest})
		require.NoError(t, err)
		defer h.Close(context.Background())
		resp, x, err := h.Do(context.Background(), &hostsim.Request{Target: "/a%zz"})
		require.NoError(t, err)
		return resp, x
	}
	bodyNew, bodyWrite := hostCall(t, "fastly_http_body", "new"), hostCall(t, "fastly_http_body", "write")
	respNew, send := hostCall(t, "fastly_http_resp", "new"), hostCall(t, "fastly_http_resp", "send_downstream")
	uriGet := hostCall(t, "fastly_http_req", "uri_get")
	resp, x := run(func(g *hostsim.Guest, m flat) error {
		for _, c := range []struct {
			call *hostsim.HostCall
			args []uint64
		}{{uriGet, []uint64{0, 64, 100, 0}}, {bodyNew, []uint64{4}}, {respNew, []uint64{8}}} {
			st, err := g.Call(c.call, m, c.args)
			require.NoError(t, err)
			require.Equal(t, hostsim.StatusOK, st)
		}
		n, body, response := uint64(binary.LittleEndian.Uint32(m)), uint64(binary.LittleEndian.Uint32(m[4:])), uint64(binary.LittleEndian.Uint32(m[8:]))
		_, err := g.Call(bodyWrite, m, []uint64{body, 64, n, 0, 12})
		require.NoError(t, err)
		_, err = g.Call(send, m, []uint64{response, body, 0})
		require.NoError(t, err)
		return sys.NewExitError(0)
	})
	require.Equal(t, "http://example.com/a%zz", string(resp.Body))
	require.True(t, x.Ending.OK())
	require.Equal(t, 5, x.CallCount)

	_, x = run(func(*hostsim.Guest, flat) error { return errors.New("unreachable executed") })
	require.Equal(t, hostsim.Trapped, x.Ending.Kind)
	_, x = run(func(*hostsim.Guest, flat) error { return sys.NewExitError(3) })
	require.Equal(t, uint32(3), x.Ending.Code)
	_, x = run(func(g *hostsim.Guest, _ flat) error { g.MemoryRefused(); return errors.New("unreachable executed") })
	require.Equal(t, hostsim.OutOfMemory, x.Ending.Kind)
	require.Len(t, hostsim.HostCalls(), 255)
}
