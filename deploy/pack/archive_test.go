package pack

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/stretchr/testify/require"
)

func TestArchive(t *testing.T) {
	wasm := newHandmade().bytes()
	pkg, err := Archive("clickedge", wasm, Manifest)
	require.NoError(t, err)
	again, err := Archive("clickedge", wasm, Manifest)
	require.NoError(t, err)
	require.Equal(t, pkg, again, "the same bytes every time")

	files, err := ReadArchive(bytes.NewReader(pkg))
	require.NoError(t, err)
	require.Equal(t, []File{{"clickedge/bin/main.wasm", wasm}, {"clickedge/fastly.toml", Manifest}}, files)

	// The Fastly CLI's hash-files: the contents in the order of the names.
	sum := sha512.Sum512(append(bytes.Clone(wasm), Manifest...))
	require.Equal(t, hex.EncodeToString(sum[:]), Hash(files))
	files[0], files[1] = files[1], files[0]
	require.Equal(t, hex.EncodeToString(sum[:]), Hash(files))
	require.Equal(t, "clickedge/fastly.toml", files[0].Name, "the caller's list stays in its order")
}

func TestArchiveRefuses(t *testing.T) {
	for _, name := range []string{"", "..", "a/b", "../a", "a b", "-a", "é", strings.Repeat("a", 65)} {
		_, err := Archive(name, nil, nil)
		require.ErrorContains(t, err, "cannot name a package", name)
	}
	// Data that cannot be compressed.
	noise := make([]byte, 1000)
	source := rand.NewChaCha8([32]byte{})
	_, _ = source.Read(noise)
	_, err := archive("x", noise, nil, 1000)
	var e *Error
	require.ErrorAs(t, err, &e)
	require.True(t, e.Has(TooLarge))
}

func TestReadArchiveRefuses(t *testing.T) {
	whole, err := Archive("x", newHandmade().bytes(), Manifest)
	require.NoError(t, err)
	for text, want := range map[string]string{
		"":                               "gzip",
		"hello":                          "gzip",
		string(whole[:len(whole)-12]):    "",
		string(whole[:len(whole)/2]):     "",
		string(packed(t)):                "no file",
		string(packed(t, "a", "b", "a")): `"a" is in it twice`,
	} {
		_, err := ReadArchive(strings.NewReader(text))
		require.ErrorContains(t, err, want)
	}
}

func packed(t *testing.T, names ...string) []byte {
	var b bytes.Buffer
	var files []File
	for _, n := range names {
		files = append(files, File{n, []byte("x")})
	}
	require.NoError(t, writeArchive(&b, files))
	return b.Bytes()
}

// The default manifest opens the same stores as that of the source tree.
func TestManifestIsTheTrees(t *testing.T) {
	tree, err := os.ReadFile("../../fastly.toml")
	require.NoError(t, err)
	var want, got map[string]any
	require.NoError(t, toml.Unmarshal(tree, &want))
	require.NoError(t, toml.Unmarshal(Manifest, &got))
	for _, k := range []string{"manifest_version", "name", "description", "setup"} {
		require.Equal(t, want[k], got[k], k)
	}
	require.NotContains(t, got["setup"], "backends", "the CLI would set a Host override")
	name, err := ManifestName(Manifest)
	require.NoError(t, err)
	require.Equal(t, "clickedge", name)
}

func TestManifestNameRefuses(t *testing.T) {
	for _, text := range []string{"", "name = 1", "name = \"x\"", "manifest_version = 3", "[", "name = \"\"\nmanifest_version = 3"} {
		_, err := ManifestName([]byte(text))
		require.Error(t, err, text)
	}
}

func TestLocalSecrets(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("k2.key", "secret-two\n")
	write("all.json", `{"k5": "secret-five", "k6": {"data": "secret-six"}, "k7": {"file": "k2.key"}}`)
	env := func(name string) (string, bool) { return "secret-three", name == "K3" }
	got, err := LocalSecrets([]byte(`
[[local_server.secret_stores.clickedge-keys]]
key = "k1"
data = "secret-one"
[[local_server.secret_stores.clickedge-keys]]
key = "k2"
file = "k2.key"
[[local_server.secret_stores.clickedge-keys]]
key = "k3"
env = "K3"
[[local_server.secret_stores.clickedge-keys]]
key = "k4"
env = "K4"
[local_server.secret_stores.other]
file = "all.json"
format = "json"
`), dir, env)
	require.NoError(t, err)
	var values []string
	for _, s := range got {
		require.Contains(t, s.Name, "[local_server.secret_stores.")
		values = append(values, s.Value)
	}
	require.Equal(t, []string{"secret-one", "secret-two", "secret-three", "secret-five", "secret-six", "secret-two"}, values)

	// A file that is not on this machine has no secret to search for.
	for _, text := range []string{
		"[[local_server.secret_stores.a]]\nkey = \"k\"\nfile = \"nowhere\"", "[local_server.secret_stores.a]\nfile = \"nowhere\"",
	} {
		got, err := LocalSecrets([]byte(text), dir, env)
		require.NoError(t, err, text)
		require.Len(t, got, 1)
		require.False(t, got[0].Searchable())
	}
	for _, text := range []string{
		"[", "[[local_server.secret_stores.a]]\nkey = \"k\"\nfile = \".\"",
		"[local_server.secret_stores.a]\nfile = \".\"", "[local_server.secret_stores.a]\nfile = \"k2.key\"",
	} {
		_, err := LocalSecrets([]byte(text), dir, env)
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), "secret-two")
	}
}

// FuzzReadArchive: an archive is read back unchanged, and for any bytes the
// files have different names.
func FuzzReadArchive(f *testing.F) {
	whole, err := Archive("x", newHandmade().bytes(), Manifest)
	require.NoError(f, err)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, pkg []byte) {
		pkg2, err := Archive("x", pkg, pkg)
		require.NoError(t, err)
		files, err := ReadArchive(bytes.NewReader(pkg2))
		require.NoError(t, err)
		require.Equal(t, pkg, files[0].Data)
		require.Equal(t, pkg, files[1].Data)

		files, err = ReadArchive(bytes.NewReader(pkg))
		if err != nil {
			return
		}
		names := map[string]bool{}
		for _, file := range files {
			require.False(t, names[file.Name])
			names[file.Name] = true
		}
		require.Len(t, Hash(files), 128)
	})
}
