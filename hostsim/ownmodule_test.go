package hostsim

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// A module that imports hostsim, hostsimtest and the program gets three others with it. What
// the rest of this repository needs does not come along.
func TestOneGoGet(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	dir := t.TempDir()
	writeFile(t, dir, "go.sum", string(sums))
	writeFile(t, dir, "go.mod", "module own.example\n\ngo 1.26\n\nrequire github.com/clickedge/clickedge v0.0.0\n\n"+
		"replace github.com/clickedge/clickedge => "+root+"\n\ntool github.com/clickedge/clickedge/hostsim/cmd/hostsim\n")
	writeFile(t, dir, "own_test.go", "package own\n\nimport (\n\t\"testing\"\n\n\t\"github.com/clickedge/clickedge/hostsim\"\n\t\"github.com/clickedge/clickedge/hostsim/hostsimtest\"\n)\n\n"+
		"func TestOwn(t *testing.T) {\n\tif _, err := hostsim.New(t.Context(), nil, hostsim.Config{}); err == nil {\n\t\tt.Fatal(\"no module\")\n\t}\n\tif hostsimtest.Update() {\n\t\tt.Fatal(\"no -update\")\n\t}\n}\n")
	cmd := exec.Command("go", "test", "-mod=mod", "./...")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	require.NoError(t, err)
	var brought []string
	for _, require := range regexp.MustCompile(`(?m)^\s*(?:require )?(\S+) v\S+ // indirect$`).FindAllStringSubmatch(string(mod), -1) {
		brought = append(brought, require[1])
	}
	require.ElementsMatch(t, []string{"github.com/pelletier/go-toml/v2", "github.com/tetratelabs/wazero", "golang.org/x/sys"}, brought, "%s", mod)
}
