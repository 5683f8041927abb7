package server

import (
	"math"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// limit is the limit that is set now.
func limit() int64 { return debug.SetMemoryLimit(-1) }

// The limit follows the connections, is lifted for reading, and is gone with the
// server.
func TestMemoryIsBound(t *testing.T) {
	before := limit()
	var m bound
	m.hold(1 << 20)
	require.Equal(t, before, limit(), "nothing has been read")
	m.read(0)
	base := limit()
	require.GreaterOrEqual(t, base, int64(leastMemory))
	require.Less(t, base, int64(math.MaxInt64))
	m.hold(1 << 20)
	require.Equal(t, base+1<<20, limit())
	m.read(1 << 20)
	require.InDelta(t, base+1<<20, limit(), 32<<20, "the connections do not count twice")
	m.lift()
	require.Equal(t, before, limit())
	m.lift()
	require.Equal(t, before, limit())

	t.Setenv("GOMEMLIMIT", "1GiB")
	m = bound{}
	m.read(0)
	require.Equal(t, before, limit(), "the operator's goes before")
}

func TestMemoryForConnections(t *testing.T) {
	r := &run{pool: &Pool{}}
	require.Zero(t, r.forConnections())
	for _, kind := range []string{kindHTTP, kindHTTPS} {
		l := newLimiter(nil, 1, 1)
		l.now.Store(2)
		r.ports = append(r.ports, &port{limiter: l, kind: kind})
	}
	r.pool.origins = map[place]*connections{{}: {open: 3}}
	require.EqualValues(t, 2*plainMemory+2*tlsMemory+3*espMemory, r.forConnections())
}

func TestRunBindsMemory(t *testing.T) {
	before := limit()
	r := newRunning(t, uncounted)
	r.start(r.options())
	require.NotEqual(t, before, limit())
	r.write("sites.json", strings.Replace(uncounted, "shop", "www", 1))
	r.until("in service now")
	require.NotEqual(t, before, limit())
	r.end()
	require.Equal(t, before, limit())
}
