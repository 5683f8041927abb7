package cli

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/module"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata/script")

// tests runs the tests with caches of their own, so that nobody's home is
// touched; the Go build cache is kept, or every run would compile the standard
// library.
type tests struct{ m *testing.M }

// Run implements testscript.TestingM.
func (t tests) Run() int {
	dir, err := os.MkdirTemp("", "clickedge-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	for _, name := range goSettings {
		os.Setenv(name, goEnv(name))
	}
	os.Setenv("XDG_CACHE_HOME", dir)
	os.Setenv("GOPROXY", "off")
	os.Setenv("TZ", "UTC")
	return t.m.Run()
}

var goSettings = []string{"GOCACHE", "GOMODCACHE", "GOTOOLCHAIN", "GOFLAGS"}

func goEnv(name string) string {
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// TestMain lets this binary stand in for the command: what runs is Main, the
// whole of the real main function.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"clickedge": func() { os.Exit(Main()) }})
}

// TestScripts runs testdata/script; with -update the expected outputs are
// rewritten.
func TestScripts(t *testing.T) {
	root, err := module.Root(".")
	require.NoError(t, err)
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	command, err := exec.LookPath("clickedge")
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "api": apiCommand},
		Setup: func(env *testscript.Env) error {
			env.Setenv("ROOT", root)
			setupAPI(env)
			env.Setenv("CLICKEDGE", command)
			env.Setenv("GOPROXY", "off")
			for _, name := range goSettings {
				env.Setenv(name, os.Getenv(name))
			}
			return nil
		},
	})
}

// exits runs a command and compares its exit code: "exits 2 clickedge …".
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code, err := 0, ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code, err = exit.ExitCode(), nil
	}
	ts.Check(err)
	if code != want {
		ts.Fatalf("exit code %d, not %d", code, want)
	}
}
