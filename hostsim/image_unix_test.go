//go:build unix

package hostsim

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// However a guest ends, its memory is unmapped, or kept for another one until
// the host is closed.
func TestNoMappingIsLeft(t *testing.T) {
	maps := func() int {
		data, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Skip("mappings are listed on Linux only")
		}
		return bytes.Count(data, []byte("hostsim-image"))
	}
	before := maps()
	h := newHost(t, "raw", Config{Limits: Limits{MemoryPages: 400}})
	require.Equal(t, before, maps(), "there is none before the first request")
	image := h.program.(*wazeroProgram).image
	for range 3 {
		for _, target := range []string{"/count", "/exit", "/trap", "/eat", "/nothing"} {
			do(t, h, &Request{Target: target})
		}
	}
	require.NotEmpty(t, image.idle)
	require.LessOrEqual(t, len(image.idle), 2*runtime.GOMAXPROCS(0))
	_, err := New(context.Background(), wasmModule(onePage, "\x0b\x01"+atTwo+"\x03abc"), Config{})
	require.ErrorContains(t, err, "no exported function")
	require.NoError(t, h.Close(context.Background()))
	require.Equal(t, before, maps())
}
