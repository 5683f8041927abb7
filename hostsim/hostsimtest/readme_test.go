package hostsimtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var block = regexp.MustCompile("(?s)```go\n// (main\\.go|main_test\\.go)\n(.*?)```")

// The README's program and its test, as a module of their own: ten lines, and
// green; and red when the program is not as the test has it.
func TestReadme(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	dir := t.TempDir()
	files := map[string]string{}
	for _, found := range block.FindAllStringSubmatch(string(text), -1) {
		files[found[1]] = found[2]
		put(t, filepath.Join(dir, found[1]), found[2])
	}
	require.Len(t, files, 2)
	lines := 0
	for line := range strings.Lines(files["main_test.go"]) {
		if strings.TrimSpace(line) != "" {
			lines++
		}
	}
	require.LessOrEqual(t, lines, 10)

	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	put(t, filepath.Join(dir, "go.sum"), string(sums))
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	sdk := regexp.MustCompile(`github\.com/fastly/compute-sdk-go v\S+`).FindString(string(mod))
	put(t, filepath.Join(dir, "go.mod"), "module greet.example\n\ngo 1.26\n\nrequire (\n\tgithub.com/clickedge/clickedge v0.0.0\n\t"+sdk+
		"\n)\n\nreplace github.com/clickedge/clickedge => "+root+"\n")
	cache := t.TempDir()
	test := func() (string, error) {
		cmd := exec.Command("go", "test", "-mod=mod", "./...")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off", "XDG_CACHE_HOME="+cache, "GOCACHE="+goCache(t))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := test()
	require.NoError(t, err, out)
	kept, err := filepath.Glob(filepath.Join(cache, "hostsimtest", "*", moduleFile))
	require.NoError(t, err)
	require.Len(t, kept, 1)

	put(t, filepath.Join(dir, "main.go"), strings.Replace(files["main.go"], "io.Copy(w, resp.Body)", "_, _ = io.Discard, resp", 1))
	out, err = test() // the binary of the test is the same as before
	require.Error(t, err, out)
	require.Contains(t, out, `body "", want "hello"`)
}

func goCache(t *testing.T) string {
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}
