package symbols

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const program = `package main

var written [100]byte

//go:noinline
func set(i int) { written[i] = 1 }

func main() { set(len(written) - 1) }
`

// build links the program for WebAssembly.
func build(t *testing.T, dir, out string) error {
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", out, "main.go")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Log(string(said))
	}
	return err
}

// The linker that names variables links the same module.
func TestWhile(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a linker")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600))
	require.NoError(t, build(t, dir, "plain.wasm"))
	m, err := While(t.Context(), func() error { return build(t, dir, "named.wasm") })
	require.NoError(t, err)
	plain, err := os.ReadFile(filepath.Join(dir, "plain.wasm"))
	require.NoError(t, err)
	named, err := os.ReadFile(filepath.Join(dir, "named.wasm"))
	require.NoError(t, err)
	require.Equal(t, plain, named)
	for _, s := range m.list {
		if s.name == "main.written" {
			require.Equal(t, "main.written", m.At(s.address))
			require.Equal(t, "main.written+0x63", m.At(s.address+99))
			require.Equal(t, uint32(100), s.size)
			return
		}
	}
	t.Fatal("the variable is not among the symbols")
}

func TestAt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "symbols")
	require.NoError(t, os.WriteFile(file, []byte("4096 100 \"outer\"\n4096 8 \"first\"\n4112 16 \"second\"\n8192 4 \"go:string.\\\"a b\\\"\"\n"), 0o600))
	m, err := read(file)
	require.NoError(t, err)
	for address, want := range map[uint32]string{4095: "", 4096: "first", 4100: "first+0x4", 4104: "outer+0x8", 4112: "second", 4127: "second+0xf", 4128: "outer+0x20", 4196: "", 8193: `go:string."a b"+0x1`} {
		require.Equal(t, want, m.At(address), "%d", address)
	}
	require.Empty(t, (&Map{}).At(4096))

	require.NoError(t, os.WriteFile(file, []byte("what is this\n"), 0o600))
	_, err = read(file)
	require.ErrorIs(t, err, ErrUnknown)
}

// Without a toolchain that is known, the build is done all the same.
func TestUnknown(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	built := false
	m, err := While(context.Background(), func() error { built = true; return nil })
	require.ErrorIs(t, err, ErrUnknown)
	require.True(t, built)
	require.Empty(t, m.At(4096))
}
