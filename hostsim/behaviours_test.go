package hostsim

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var namedTest = regexp.MustCompile("`([a-z/]+)\\.(Test[A-Za-z0-9]+)`")

// Each row of behaviours.md names a test, or a suite of make conformance, and
// each of them is there.
func TestBehavioursHaveTests(t *testing.T) {
	text, err := os.ReadFile("behaviours.md")
	require.NoError(t, err)
	rows := 0
	for row := range strings.Lines(string(text)) {
		if !strings.HasPrefix(row, "| ") || strings.HasPrefix(row, "| behaviour") {
			continue
		}
		rows++
		names := namedTest.FindAllStringSubmatch(row, -1)
		require.True(t, len(names) > 0 || strings.Contains(row, "`make conformance`"), "no test in: %s", row)
		for _, name := range names {
			require.True(t, hasTest(t, name[1], name[2]), "there is no %s in %s", name[2], name[1])
		}
	}
	require.Greater(t, rows, 25)
}

// hasTest reports whether a package has a test of this name.
func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", dir, "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(string(text), "\nfunc "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}
