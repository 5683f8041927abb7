package packaging

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the clone's folder.
const root = "../.."

// clickedge is the command, built as a release builds it, and imager makes the
// container's image.
var clickedge, imager string

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == limitless {
		fmt.Fprintln(os.Stderr, asRuntime(os.Args))
		os.Exit(1)
	}
	os.Exit(withCommand(m.Run))
}

func withCommand(run func() int) int {
	dir, err := os.MkdirTemp("", "packaging")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	clickedge, imager = filepath.Join(dir, "clickedge"), filepath.Join(dir, "image")
	for _, build := range []*exec.Cmd{
		{Dir: root, Args: []string{"build", "-trimpath", "-ldflags=-s -w", "-o", clickedge, "./deploy/cmd/clickedge"}},
		{Dir: ".", Args: []string{"build", "-o", imager, "./image"}},
	} {
		goBuild := exec.Command("go", build.Args...)
		goBuild.Dir, goBuild.Env = build.Dir, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := goBuild.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
			return 1
		}
	}
	return run()
}

// need returns the path of a program. Without it the test is skipped, and fails
// where all programs are required.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		lack(t, program+" is not installed")
	}
	return path
}

// lack skips a test that something is missing for, or fails it where nothing
// may be missing.
func lack(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CLICKEDGE_PACKAGING") == "required" {
		require.FailNow(t, what+", and CLICKEDGE_PACKAGING=required")
	}
	t.Skip(what)
}

// permitted skips a test of what the kernel does not let this machine do, as
// within some containers. Nothing that could be installed changes that, so it is
// no failure where all programs are required.
func permitted(t *testing.T, program string, args ...string) {
	t.Helper()
	if err := tried(t, program, args...); err != nil {
		t.Skipf("this machine may not do it: %s: %v", program, err)
	}
}

// do runs a program, which must succeed, and returns what it printed.
func do(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	require.NoError(t, err, "%s %q: %s", program, args, out)
	return string(out)
}

// tried runs a program, which may fail.
func tried(t *testing.T, program string, args ...string) error {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// read returns the text of a file.
func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(text)
}
