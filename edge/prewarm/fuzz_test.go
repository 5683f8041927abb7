package prewarm

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// FuzzModule: whatever comes in, there is either a typed error or a module that
// an engine accepts, that cannot be prewarmed again, and that comes out the
// same the second time.
func FuzzModule(f *testing.F) {
	f.Add(handmade().Encode())
	f.Add(handmade().WithBody(wasm.DataSection, []byte{0}).WithBody(wasm.DataCountSection, []byte{0}).Encode())
	f.Add(handmade().WithBody(wasm.MemorySection, []byte("\x01\x00\x01")).Encode())
	f.Add([]byte("\x00asm\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, module []byte) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second) // for endless loops
		defer cancel()
		opt := Options{MaxPages: 16}
		out, rep, err := Module(ctx, module, opt)
		if err != nil {
			var typed *Error
			require.ErrorAs(t, err, &typed)
			require.Nil(t, out)
			return
		}
		require.Equal(t, len(out), rep.SizeAfter)
		require.True(t, rep.NotRehearsed == nil || rep.WrittenFirst+rep.ReadFirst == 0)
		requireValid(t, out)
		_, err = inspect(out, Options{Entry: "_start", MaxPages: 16})
		require.Error(t, err)
		// It ends, as it did before; how long that takes is up to the machine.
		again, _, err := Module(context.Background(), module, opt)
		require.NoError(t, err)
		require.True(t, bytes.Equal(out, again))
	})
}

func requireValid(t testing.TB, module []byte) {
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(ctx)
	_, err := rt.CompileModule(ctx, module)
	require.NoError(t, err)
}
