package loopback

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
)

func proxied(t *testing.T) *clicks.Kind {
	t.Helper()
	kinds, err := clicks.Kinds(clicks.Shape{})
	require.NoError(t, err)
	return &kinds[2]
}

func origin(t *testing.T) string {
	t.Helper()
	addr, stop, err := Origin()
	require.NoError(t, err)
	t.Cleanup(stop)
	return addr
}

func requireLoad(t *testing.T, addr string) {
	t.Helper()
	r, err := Load(t.Context(), "server", addr, proxied(t), 2, 20*time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, 2, r.Connections)
	require.Positive(t, r.PerSecond)
	require.Positive(t, r.Latency.N)
	require.GreaterOrEqual(t, r.Slow, r.Latency.Median)
}

func TestOrigin(t *testing.T) { requireLoad(t, origin(t)) }

func TestNginx(t *testing.T) {
	addr, version, stop, err := Nginx(t.Context(), origin(t))
	if errors.Is(err, ErrAbsent) {
		t.Skip(err)
	}
	require.NoError(t, err)
	defer stop()
	require.Contains(t, version, "nginx/")
	requireLoad(t, addr)
}

func TestCaddy(t *testing.T) {
	addr, version, stop, err := Caddy(t.Context(), origin(t))
	if errors.Is(err, ErrAbsent) {
		t.Skip(err)
	}
	require.NoError(t, err)
	defer stop()
	require.Contains(t, version, "caddy ")
	requireLoad(t, addr)
}

// A server that answers something else is not measured.
func TestWrongAnswer(t *testing.T) {
	addr, stop, err := Simulator(t.Context(), guests.Empty(0), clicks.Sites(3), origin(t))
	require.NoError(t, err)
	defer stop()
	_, err = Load(t.Context(), "empty", addr, proxied(t), 1, time.Millisecond)
	require.ErrorContains(t, err, "empty: status 204")
}
