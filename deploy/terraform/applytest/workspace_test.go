package applytest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The environment that `make terraform` sets: the tool, and a folder with the
// provider's binary.
const (
	toolEnv     = "CLICKEDGE_TERRAFORM_TOOL"
	providerEnv = "FASTLY_TERRAFORM_PROVIDER"
)

// limit bounds one run of the tool. The provider waits seven seconds for each
// change of a service.
const limit = 5 * time.Minute

// workspace is a folder with a configuration that uses the module.
type workspace struct {
	dir, tool, command string
	env                []string
}

// newWorkspace skips the test if the tool or the provider is missing.
func newWorkspace(t *testing.T, api string) *workspace {
	t.Helper()
	tool, provider := os.Getenv(toolEnv), os.Getenv(providerEnv)
	if tool == "" || provider == "" {
		if os.Getenv("CLICKEDGE_TERRAFORM") == "required" {
			t.Fatalf("%s and %s must be set", toolEnv, providerEnv)
		}
		t.Skipf("nothing was applied: %s and %s are not set; make terraform sets them", toolEnv, providerEnv)
	}
	w := &workspace{dir: t.TempDir(), tool: tool}
	w.command = filepath.Join(w.dir, "clickedge")
	out, err := exec.Command("go", "build", "-o", w.command, "../../cmd/clickedge").CombinedOutput()
	require.NoError(t, err, "%s", out)
	rc := w.write(t, "terraform.rc", "provider_installation {\n  dev_overrides {\n    \"fastly/fastly\" = \""+provider+"\"\n  }\n}\n")
	w.env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "FASTLY_API_KEY=test", "FASTLY_API_URL="+api, "TF_VAR_log_token=token")
	return w
}

func (w *workspace) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// sites builds the package and the plan of a sites.json, with the commands of
// the README.
func (w *workspace) sites(t *testing.T, text string) {
	t.Helper()
	sites := w.write(t, "sites.json", text)
	pkg := filepath.Join(w.dir, "pkg", "clickedge.tar.gz")
	for _, args := range [][]string{
		{"build", "--sites", sites, "-o", pkg},
		{"terraform", sites, "--package", pkg, "-o", filepath.Join(w.dir, "clickedge.plan.json")},
	} {
		out, err := exec.Command(w.command, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

// module writes the configuration: the module in a folder, with arguments.
func (w *workspace) module(t *testing.T, folder, arguments, rest string) {
	t.Helper()
	folder, err := filepath.Abs(folder)
	require.NoError(t, err)
	w.write(t, "main.tf", `terraform {
  required_providers {
    fastly = { source = "fastly/fastly" }
  }
}
module "clickedge" {
  source  = "`+folder+`"
  sites   = "sites.json"
  plan    = "clickedge.plan.json"
  package = "pkg/clickedge.tar.gz"
`+arguments+"\n}\n"+rest)
	code, out := w.run(t, "get")
	require.Zero(t, code, out)
}

// run runs the tool and returns its exit code and its output.
func (w *workspace) run(t *testing.T, args ...string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.tool, append([]string{args[0], "-no-color"}, args[1:]...)...)
	cmd.Dir, cmd.Env = w.dir, w.env
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), unwrapped(string(out))
}

// unwrapped removes the frame and the line breaks of messages.
func unwrapped(out string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(out)), " ")
}

func (w *workspace) apply(t *testing.T) string {
	t.Helper()
	code, out := w.run(t, "apply", "-auto-approve", "-input=false")
	require.Zero(t, code, failure(out))
	return out
}

// failure is the tool's output from the first error on.
func failure(out string) string {
	if _, after, ok := strings.Cut(out, "Error: "); ok {
		return after
	}
	return out
}

// plan returns the exit code of a plan: 0 for no change, 2 for some.
func (w *workspace) plan(t *testing.T) (int, string) {
	t.Helper()
	return w.run(t, "plan", "-input=false", "-detailed-exitcode")
}
