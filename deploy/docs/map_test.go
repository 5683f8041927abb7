package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var pathInMap = regexp.MustCompile("`([a-z]+(?:/[A-Za-z0-9._-]+)*)`")

// What CONTRIBUTING's map names is there, and each room is in it: a folder with
// Go files that a newcomer may be looking for.
func TestMap(t *testing.T) {
	root, list := documents(t)
	_, table, found := strings.Cut(list["CONTRIBUTING.md"], "\n## The map\n")
	require.True(t, found)
	named := map[string]bool{}
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		paths, _, _ := strings.Cut(line[2:], " | ")
		for _, m := range pathInMap.FindAllStringSubmatch(paths, -1) {
			named[m[1]] = true
			require.True(t, exists(root, m[1]), "the map names %s, which is not there", m[1])
		}
		for _, m := range pathInMap.FindAllStringSubmatch(line, -1) {
			if strings.Contains(m[1], "/") {
				require.True(t, exists(root, m[1]), "the map names %s, which is not there", m[1])
			}
		}
	}
	require.Greater(t, len(named), 40)
	for _, pattern := range []string{"core/*/*.go", "hostsim/*/*.go", "deploy/*/*.go", "deploy/internal/*/*.go", "edge/prewarm/*.go", "bench/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, name := range files {
			room, err := filepath.Rel(root, filepath.Dir(name))
			require.NoError(t, err)
			require.True(t, named[filepath.ToSlash(room)], "%s is a room that CONTRIBUTING's map does not name", room)
		}
	}
}

// The table of deploy's README links every room that is there, beside those of
// tests.
func TestDeployTable(t *testing.T) {
	root, list := documents(t)
	text := list["deploy/README.md"]
	require.NotEmpty(t, text)
	files, err := filepath.Glob(filepath.Join(root, "deploy", "*", "*.go"))
	require.NoError(t, err)
	require.Greater(t, len(files), 200)
	for _, name := range files {
		room := filepath.Base(filepath.Dir(name))
		require.Contains(t, text, "["+room+"]("+room+")", "deploy/README.md does not link the room %s", room)
	}
}

var pathInText = regexp.MustCompile("`((?:core|edge|hostsim|deploy|bench|\\.ci)/[A-Za-z0-9._/-]+)`")

// A file or folder of ours that a document names is there.
func TestPathsInText(t *testing.T) {
	root, list := documents(t)
	seen := 0
	for name, text := range list {
		for _, m := range pathInText.FindAllStringSubmatch(text, -1) {
			seen++
			if !exists(root, strings.TrimSuffix(m[1], "/...")) {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
		}
	}
	require.Greater(t, seen, 60)
}

// namedTest is a test with its package, as a document names it.
var namedTest = regexp.MustCompile(`^(.*)\.((?:Test|Fuzz)\w+)$`)

// exists reports whether a file or folder is there, or a test of a package.
func exists(root, path string) bool {
	m := namedTest.FindStringSubmatch(path)
	if m == nil {
		_, err := os.Stat(filepath.Join(root, path))
		return err == nil
	}
	files, _ := filepath.Glob(filepath.Join(root, m[1], "*_test.go"))
	return slices.ContainsFunc(files, func(name string) bool {
		text, err := os.ReadFile(name)
		return err == nil && strings.Contains(string(text), "\nfunc "+m[2]+"(")
	})
}
