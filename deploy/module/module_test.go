package module

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/edge/prewarm"
)

const sites = `{"sites": {"link.example.com": {"esp": "customerio-eu"}, "mail.example.com": {"esp": "sendgrid"}}}`

func TestBuild(t *testing.T) {
	root, err := Root(".")
	require.NoError(t, err)
	reactor, err := Reactor(t.Context(), root)
	require.NoError(t, err)

	out, rep, err := Build(t.Context(), Options{Sites: []byte(sites), Reactor: reactor})
	require.NoError(t, err)
	require.Equal(t, 2, requireSites(t, out, sites))
	require.Equal(t, len(reactor), rep.Reactor)
	require.Positive(t, rep.Table)
	require.Positive(t, rep.Segments)
	require.Positive(t, rep.MemoryPages)
	require.Zero(t, rep.Compile)
	require.NoError(t, rep.NotRehearsed)
	require.Positive(t, rep.Touched)
	for _, text := range []string{rehearsedSecret, rehearsedESP, "dgTESTAAAAAA"} {
		require.NotContains(t, string(out), text, "a rehearsal leaves no trace")
	}
	stamp, ok := ReadStamp(out)
	require.True(t, ok)
	require.Equal(t, StampOf([]byte(sites)), stamp)
	requireStarts(t, out)

	// Compiled here: the same bytes from any folder of the tree.
	again, rep, err := Build(t.Context(), Options{Sites: []byte(sites), Dir: filepath.Join(root, "deploy")})
	require.NoError(t, err)
	require.Positive(t, rep.Compile)
	require.True(t, slices.Equal(out, again), "two builds differ")
}

// requireStarts checks that an engine takes the module and finds its entry.
func requireStarts(t *testing.T, wasm []byte) {
	rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(t.Context())
	compiled, err := rt.CompileModule(t.Context(), wasm)
	require.NoError(t, err)
	require.Contains(t, compiled.ExportedFunctions(), "_start")
	require.NotContains(t, compiled.ExportedFunctions(), "_initialize")
}

func TestBuildRefuses(t *testing.T) {
	_, _, err := Build(t.Context(), Options{Sites: []byte(`{"sites": {}}`), SitesName: "mine.json", Dir: t.TempDir()})
	var bad *sitesjson.Error
	require.ErrorAs(t, err, &bad)
	require.Equal(t, "mine.json", bad.Name)

	_, _, err = Build(t.Context(), Options{Sites: []byte(sites), Dir: t.TempDir()})
	require.ErrorIs(t, err, ErrNoSource)

	_, _, err = Build(t.Context(), Options{Sites: []byte(sites), Reactor: []byte("no module")})
	var warm *prewarm.Error
	require.ErrorAs(t, err, &warm)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = Build(ctx, Options{Sites: []byte(sites)})
	require.ErrorIs(t, err, context.Canceled)

	t.Setenv("PATH", t.TempDir())
	_, _, err = Build(t.Context(), Options{Sites: []byte(sites)})
	require.ErrorIs(t, err, ErrNoGo)
}

func TestRoot(t *testing.T) {
	dir := t.TempDir()
	inner := filepath.Join(dir, "bench", "deep")
	require.NoError(t, os.MkdirAll(inner, 0o755))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("go.mod", "// comment\nmodule \""+Path+"\" // here\n\ngo 1.26\n")
	// A Go module in a folder below does not hide the one above.
	write("bench/go.mod", "module "+Path+"/bench\n")
	root, err := Root(inner)
	require.NoError(t, err)
	require.Equal(t, dir, root)

	write("go.mod", "module "+Path+"2\n")
	_, err = Root(inner)
	require.ErrorIs(t, err, ErrNoSource)
}

func TestGuestEnv(t *testing.T) {
	got := guestEnv([]string{"HOME=/h", "GOOS=linux", "GOARCH=amd64", "goos=x", "GOFLAGS=-mod=mod", "GOWASM=x", "CGO_ENABLED=1", "GOPROXY=off"}, "wasip1")
	require.Equal(t, []string{"HOME=/h", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0"}, got)
}

const wasmHeader = "\x00asm\x01\x00\x00\x00"

func TestReadStampOfOthers(t *testing.T) {
	for _, wasm := range []string{"", "junk", wasmHeader, wasmHeader + "\x00", wasmHeader + "\x00\x05\x04name", wasmHeader + "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		_, ok := ReadStamp([]byte(wasm))
		require.False(t, ok, "%q", wasm)
	}
	short, err := stamped([]byte(wasmHeader), Stamp{})
	require.NoError(t, err)
	_, ok := ReadStamp(short[:len(short)-1])
	require.False(t, ok)
}

// FuzzStamp checks that a stamp is found after any sections, that no other
// stamp is found, and that it takes the place of another one: the rest of the
// module stays, byte for byte.
func FuzzStamp(f *testing.F) {
	f.Add([]byte("\x01\x00"), []byte("sites"))
	f.Add([]byte("\x00\x05\x04name\x0a\x01\x00"), []byte(""))
	f.Add([]byte("\x00\x80"), []byte("x"))
	f.Fuzz(func(t *testing.T, sections, sites []byte) {
		module := append([]byte(wasmHeader), sections...)
		if strings.Contains(string(sections), contract.SitesSection) {
			_, _ = ReadStamp(module)
			return
		}
		_, before := ReadStamp(module)
		require.False(t, before)
		out, err := stamped(module, StampOf(sites))
		if err != nil {
			return // no module: nothing can be appended
		}
		got, ok := ReadStamp(out)
		require.True(t, ok)
		require.Equal(t, StampOf(sites), got)
		require.Equal(t, module, out[:len(module)])
		other, err := stamped(module, StampOf(append(sites, 'x')))
		require.NoError(t, err)
		again, err := stamped(other, StampOf(sites))
		require.NoError(t, err)
		require.Equal(t, out, again)
	})
}
