package hostsimtest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// program is a module of its own with a program and a package that it imports.
func program(t *testing.T, main, greeting string) *builder {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "go.mod"), "module greet.example\n\ngo 1.26\n")
	put(t, filepath.Join(dir, "main.go"), main)
	put(t, filepath.Join(dir, "words", "words.go"), "package words\n\n//go:noinline\nfunc Greeting() string { return \""+greeting+"\" }\n")
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	return &builder{root: t.TempDir(), dir: dir, pkg: "."}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

const greeter = "package main\n\nimport \"greet.example/words\"\n\nfunc main() { println(words.Greeting()) }\n"

func TestModulesAreKept(t *testing.T) {
	b := program(t, greeter, "hello")
	first, err := b.build()
	require.NoError(t, err)
	require.Equal(t, "\x00asm", string(first.module[:4]))
	path := filepath.Join(first.folder, moduleFile)
	put(t, path, "kept") // what is kept is what is used
	old := time.Now().Add(-unused + time.Hour)
	require.NoError(t, os.Chtimes(path, old, old))
	again, err := b.build()
	require.NoError(t, err)
	require.Equal(t, "kept", string(again.module))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.True(t, info.ModTime().After(old), "it is young again")

	// the body of a function in a package that is imported
	put(t, filepath.Join(b.dir, "words", "words.go"), "package words\n\n//go:noinline\nfunc Greeting() string { return \"goodbye\" }\n")
	changed, err := b.build()
	require.NoError(t, err)
	require.NotEqual(t, first.folder, changed.folder)
	require.Contains(t, string(changed.module), "goodbye")
	b.flags = []string{"-ldflags=-s -w"}
	smaller, err := b.build()
	require.NoError(t, err)
	require.Less(t, len(smaller.module), len(changed.module))
}

func TestUnusedModulesGo(t *testing.T) {
	b := program(t, greeter, "hello")
	for name, age := range map[string]time.Duration{"old": unused + time.Hour, "young": unused - time.Hour} {
		path := filepath.Join(b.root, name, moduleFile)
		put(t, path, name)
		put(t, filepath.Join(b.root, name, "compiled", "x"), name)
		at := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(path, at, at))
	}
	made, err := b.build()
	require.NoError(t, err)
	entries, err := os.ReadDir(b.root)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.ElementsMatch(t, []string{"young", filepath.Base(made.folder)}, names)
	inside, err := os.ReadDir(made.folder)
	require.NoError(t, err)
	require.Len(t, inside, 1, "nothing is left of the build")
}

// Several processes share a cache; each has a builder of its own.
func TestBuildersAtOnce(t *testing.T) {
	b := program(t, greeter, "hello")
	var all sync.WaitGroup
	var got [4]built
	var errs [4]error
	for i := range got {
		all.Go(func() {
			own := *b
			got[i], errs[i] = own.build()
		})
	}
	all.Wait()
	for i := range got {
		require.NoError(t, errs[i])
		require.Equal(t, got[0], got[i])
	}
}

func TestBuildFails(t *testing.T) {
	_, err := program(t, "package main\n\nfunc main() { undefined() }\n", "x").build()
	require.ErrorContains(t, err, "undefined: undefined")
	_, err = program(t, "package greet\n", "x").build()
	require.ErrorContains(t, err, "is not a program")
	b := program(t, greeter, "x")
	b.pkg = "./absent"
	_, err = b.build()
	require.ErrorContains(t, err, "absent")
	b.pkg, b.flags = ".", []string{"-nonsense"}
	_, err = b.build()
	require.ErrorContains(t, err, "nonsense")
}
