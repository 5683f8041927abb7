package guests

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

func TestEmptyIsValid(t *testing.T) {
	rt := wazero.NewRuntime(t.Context())
	defer rt.Close(t.Context())
	for _, module := range [][]byte{Empty(0), Empty(1), Empty(1000), Mapped(0, 0), Mapped(16, 0), Mapped(0, 16)} {
		_, err := rt.CompileModule(t.Context(), module)
		require.NoError(t, err)
	}
}

func TestSDK(t *testing.T) {
	version, err := Build{Dir: "../.."}.SDK(t.Context())
	require.NoError(t, err)
	require.Regexp(t, `^\d+\.\d+\.\d+$`, version)
}

func TestCompileSaysWhatIsWrong(t *testing.T) {
	_, err := Build{Dir: "../.."}.compile(t.Context(), "none")
	require.ErrorContains(t, err, "go build ./guests/none")
	require.ErrorContains(t, err, "not found")
}

// Without npm only JavaScript guests that were built before are used, which is
// not a failure.
func TestJSWithoutNPM(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	js, err := Build{Dir: "../.."}.NewJS()
	require.NoError(t, err)
	require.Regexp(t, `^\d+\.\d+\.\d+$`, js.Version)
	require.False(t, js.Ready("plain"))
	_, err = js.Module(t.Context(), "plain")
	require.ErrorIs(t, err, ErrNoJS)
	require.ErrorContains(t, err, "npm is not installed")

	out, err := js.out("plain")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(out), 0o755))
	require.NoError(t, os.WriteFile(out, []byte("module"), 0o600))
	require.True(t, js.Ready("plain"))
	wasm, err := js.Module(t.Context(), "plain")
	require.NoError(t, err)
	require.Equal(t, "module", string(wasm))
	_, err = js.Module(t.Context(), "none")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestLastLine(t *testing.T) {
	require.Equal(t, "c", lastLine("a\nb\nc\n"))
	require.Equal(t, "a", lastLine("a"))
	require.Empty(t, lastLine(""))
}
