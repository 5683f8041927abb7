package hostsim

import (
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

// wazero panics on a module whose function calls one that has a type that the
// module has not.
func TestModuleThatMakesTheEnginePanic(t *testing.T) {
	module := []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x03\x02\x00\x0d\x0a\x09\x02\x04\x00\x10\x01\x0b\x02\x00\x0b")
	rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(t.Context())
	_, err := compile(t.Context(), rt, module)
	require.ErrorContains(t, err, "the module is not valid; wazero: runtime error")
	_, err = New(t.Context(), module, Config{})
	require.ErrorContains(t, err, "a function has a type that the module has not")
}

const (
	started = "\x07\x02\x06memory\x02\x00\x06_start\x00\x00"
	nothing = "\x0a\x01\x02\x00\x0b" // the code of a function
)

// Compiling is what takes long, and what is compiled is code alone: modules that
// differ in what their memory begins with, or in a custom section, share it.
func TestCompiledCodeIsShared(t *testing.T) {
	dir := t.TempDir()
	for i, more := range [][]string{
		{onePage, started, nothing, "\x0b\x01" + atTwo + "\x03abc"},
		{onePage, started, nothing, "\x0b\x01" + atTwo + "\x02xy"},
		{onePage, started, nothing, "\x0b\x01" + atTwo + "\x03abc", "\x00\x03who\x01\x02"},
	} {
		h, err := New(t.Context(), wasmModule(append([]string{"\x01\x01\x60\x00\x00", "\x03\x01\x00"}, more...)...), Config{CacheDir: dir})
		require.NoError(t, err)
		require.NoError(t, h.Close(t.Context()))
		files := 0
		require.NoError(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				files++
			}
			return err
		}))
		require.Equal(t, 1, files, "module %d", i)
	}
}
