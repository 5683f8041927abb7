package probe_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/internal/abi"
	"github.com/clickedge/clickedge/hostsim/internal/probe"
)

func TestProbe(t *testing.T) {
	module, err := probe.Module()
	require.NoError(t, err)
	h, err := hostsim.New(context.Background(), module, hostsim.Config{})
	require.NoError(t, err)
	defer h.Close(context.Background())
	p := &probe.Program{Dump: 64}
	p.Put(16, []byte("hello"))
	p.Do("http_body.new", probe.Const(0))
	p.Do("http_body.write", probe.At(0), probe.Const(16), probe.Const(5), probe.Const(0), probe.Const(4))
	p.Do("http_body.read", probe.At(0), probe.Const(32), probe.Const(9), probe.Const(8))
	p.Do("http_body.close", probe.Const(77))
	p.Do("abi.init", probe.Const(1))
	resp, x, err := h.Do(context.Background(), &hostsim.Request{Method: "POST", Body: bytes.NewReader(p.Encode())})
	require.NoError(t, err)
	require.True(t, x.Ending.OK(), x.Ending.Message)
	require.Len(t, x.Logs, 1)
	require.Equal(t, []abi.Status{abi.OK, abi.OK, abi.OK, abi.BadHandle, abi.OK}, probe.Statuses(x.Logs[0].Line))
	require.Len(t, resp.Body, 64)
	require.Equal(t, "hello", string(resp.Body[32:37]))
}
