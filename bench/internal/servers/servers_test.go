package servers

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/hostsim/wire"
)

func proxied(t *testing.T) *Click {
	t.Helper()
	kinds, err := clicks.Kinds(clicks.Shape{})
	require.NoError(t, err)
	c := ClickOf(&kinds[2])
	return &c
}

func TestWhole(t *testing.T) {
	for answer, want := range map[string]bool{
		"HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nab":                     true,
		"HTTP/1.1 302 Found\r\ncontent-length: 2\r\n\r\na":                      false,
		"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n":                           false,
		"HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n":    false,
		"HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n":     true,
		"HTTP/1.1 302 Found\r\nContent-Length: 2\r\nLocation: https://a/\r\n\r": false,
	} {
		require.Equal(t, want, whole([]byte(answer)), "%q", answer)
	}
}

func TestLoad(t *testing.T) {
	addr, stop, err := Origin()
	require.NoError(t, err)
	defer stop()
	latency, took, err := Load(t.Context(), addr, proxied(t), 2, 20*time.Millisecond, 0)
	require.NoError(t, err)
	require.NotEmpty(t, latency)
	require.Positive(t, took)
	latency, _, err = Load(t.Context(), addr, proxied(t), 2, 50*time.Millisecond, 100)
	require.NoError(t, err)
	require.LessOrEqual(t, len(latency), 7, "it keeps to the rate")
}

// A server that answers something else is not measured, and neither is one that
// does not answer.
func TestLoadRefuses(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &wire.Server{Raw: answer{302, wire.NewHeader("Location", "https://www.example.com/wrong", "Content-Length", "0")}}
	go srv.Serve(ln)
	_, _, err = Load(t.Context(), ln.Addr().String(), proxied(t), 1, time.Millisecond, 0)
	require.ErrorContains(t, err, "wrong answer")
	require.NoError(t, srv.Close())
	_, _, err = Load(t.Context(), ln.Addr().String(), proxied(t), 1, time.Millisecond, 0)
	require.Error(t, err)
}

func TestUsage(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip(err)
	}
	u, ok := UsageOf(os.Getpid())
	require.True(t, ok)
	require.Positive(t, u.Memory)
	_, ok = UsageOf(0)
	require.False(t, ok)
}
