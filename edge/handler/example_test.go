package handler_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The program in the README is the one in testdata/example, and compiles, for
// Compute and as what prewarm takes.
func TestExample(t *testing.T) {
	program, err := os.ReadFile("testdata/example/main.go")
	require.NoError(t, err)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), "```go\n"+string(program)+"```\n")
	for _, flags := range [][]string{{"-tags=fastlyinternalsetparseuri"}, {"-buildmode=c-shared"}} {
		args := append(append([]string{"build", "-o", filepath.Join(t.TempDir(), "main.wasm")}, flags...), "./testdata/example")
		cmd := exec.Command("go", args...)
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", said)
	}
}
