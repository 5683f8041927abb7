// Package enginetest has real databases for tests.
package enginetest

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Required names the variable that is "required" where a missing database fails
// a test.
const Required = "CLICKEDGE_WAREHOUSE"

// Need returns the path of a program, the first of these that is there. Without
// it the test is skipped, and fails where all are required.
func Need(t *testing.T, programs ...string) string {
	t.Helper()
	for _, program := range programs {
		if path, err := exec.LookPath(program); err == nil {
			return path
		}
	}
	if os.Getenv(Required) == "required" {
		require.FailNow(t, programs[0]+" is not installed, and "+Required+"=required")
	}
	t.Skip(programs[0] + " is not installed: make warehouse installs it")
	return ""
}

// Postgres is a server of its own, on a socket in a folder.
type Postgres struct {
	Dir string // of the socket
	bin string
	t   *testing.T
}

// NewPostgres makes a server's files and starts it. It ends with the test.
func NewPostgres(t *testing.T) *Postgres {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	initdb := Need(t, append(found, "initdb")...)
	p := &Postgres{Dir: t.TempDir(), bin: filepath.Dir(initdb), t: t}
	if isRoot() { // another user must reach it
		require.NoError(t, os.Chmod(p.Dir, 0o777))
		for parent := p.Dir; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
			require.NoError(t, os.Chmod(parent, 0o777))
		}
	}
	p.run("initdb", "--no-sync", "--auth=trust", "--username=clickedge", "--pgdata="+p.data())
	t.Cleanup(func() { _ = p.command("pg_ctl", "--pgdata="+p.data(), "--mode=immediate", "stop").Run() })
	p.Start()
	return p
}

func isRoot() bool {
	u, err := user.Current()
	return err == nil && u.Uid == "0"
}

func (p *Postgres) data() string { return filepath.Join(p.Dir, "data") }

// Start starts the server.
func (p *Postgres) Start() {
	p.run("pg_ctl", "--pgdata="+p.data(), "--wait", "--log="+filepath.Join(p.Dir, "log"), "--options=-c listen_addresses='' -c unix_socket_directories="+p.Dir+" -c fsync=off", "start")
}

// Kill ends the server as a loss of its machine would.
func (p *Postgres) Kill() {
	p.run("pg_ctl", "--pgdata="+p.data(), "--mode=immediate", "--wait", "stop")
}

func (p *Postgres) run(program string, args ...string) {
	p.t.Helper()
	out, err := p.command(program, args...).CombinedOutput()
	require.NoError(p.t, err, "%s: %s", program, out)
}

// command is a program of the server's; it refuses to run as root.
func (p *Postgres) command(program string, args ...string) *exec.Cmd {
	path := filepath.Join(p.bin, program)
	if isRoot() {
		path, args = Need(p.t, "runuser"), append([]string{"-u", "postgres", "--", path}, args...)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = p.Dir
	return cmd
}

// URL names a database of the server.
func (p *Postgres) URL(database string) string {
	return "postgres:///" + database + "?host=" + p.Dir + "&user=clickedge"
}
