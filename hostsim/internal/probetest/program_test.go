package probetest_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/internal/abi"
	"github.com/clickedge/clickedge/hostsim/internal/probetest"
)

func TestProbe(t *testing.T) {
	module, err := probetest.Module()
	require.NoError(t, err)
	h, err := hostsim.New(context.Background(), module, hostsim.Config{})
	require.NoError(t, err)
	defer h.Close(context.Background())
	p := &probetest.Program{Dump: 64}
	p.Put(16, []byte("hello"))
	p.Do("http_body.new", probetest.Const(0))
	p.Do("http_body.write", probetest.At(0), probetest.Const(16), probetest.Const(5), probetest.Const(0), probetest.Const(4))
	p.Do("http_body.read", probetest.At(0), probetest.Const(32), probetest.Const(9), probetest.Const(8))
	p.Do("http_body.close", probetest.Const(77))
	p.Do("abi.init", probetest.Const(1))
	resp, x, err := h.Do(context.Background(), &hostsim.Request{Method: "POST", Body: bytes.NewReader(p.Encode())})
	require.NoError(t, err)
	require.True(t, x.Ending.OK(), x.Ending.Message)
	require.Len(t, x.Logs, 1)
	require.Equal(t, []abi.Status{abi.OK, abi.OK, abi.OK, abi.BadHandle, abi.OK}, probetest.Statuses(x.Logs[0].Line))
	require.Len(t, resp.Body, 64)
	require.Equal(t, "hello", string(resp.Body[32:37]))
}
