package hostcall

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Natively there is no host: every call says so, and none hangs or panics.
func TestWithoutAHost(t *testing.T) {
	_, _, st := Downstream()
	require.Equal(t, Unsupported, st)
	_, st = Request(0).Send(0, "backend")
	require.Equal(t, Unsupported, st)
	_, st = Pending(0).Ready(1)
	require.Equal(t, Unsupported, st)
	_, _, _, st = Pending(0).Wait()
	require.Equal(t, Unsupported, st)
	require.False(t, Request(0).Analysed())
	require.Zero(t, Request(0).Bot(&Buffer{}))
	_, st = NewRequest()
	require.Equal(t, Unsupported, st)
}
