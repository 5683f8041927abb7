package cli

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/module"
)

func names(t *testing.T, dir string) (list []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// TestInterruptedBuild checks that Ctrl-C in mid-build leaves what was there.
func TestInterruptedBuild(t *testing.T) {
	for _, name := range []string{"main.wasm", "clickedge.tar.gz"} {
		t.Run(name, func(t *testing.T) { requireUntouched(t, name) })
	}
}

func requireUntouched(t *testing.T, name string) {
	dir := t.TempDir()
	out, sites := filepath.Join(dir, name), filepath.Join(dir, "sites.json")
	require.NoError(t, os.WriteFile(out, []byte("old"), 0o644))
	require.NoError(t, os.WriteFile(sites, []byte(`{"sites": {"link.example.com": {"esp": "sendgrid"}}}`), 0o644))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	env := &Env{In: new(bytes.Buffer), Out: &stdout, Err: &stderr, Now: time.Now, LookupEnv: os.LookupEnv}
	require.Equal(t, failure.ExitInterrupted, env.Run(ctx, []string{"build", "--sites", sites, "-o", out}))
	require.Equal(t, "clickedge: interrupted; nothing was written\n", stderr.String())
	require.Empty(t, stdout.String())
	got, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, "old", string(got))
	require.Equal(t, []string{name, "sites.json"}, names(t, dir))
}

// process is a run of the real command.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr bytes.Buffer
}

// startProcess starts the command with a pipe as its standard input. It is
// killed at the end of the test, should it still be there.
func startProcess(t *testing.T, dir string, env []string, args ...string) *process {
	command, err := exec.LookPath("clickedge")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	p := &process{t: t, cmd: exec.CommandContext(ctx, command, args...)}
	p.cmd.Dir, p.cmd.Env = dir, append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = io.Discard, &p.stderr
	p.cmd.WaitDelay = time.Second
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	return p
}

// feed writes more than a pipe holds, and so returns while the command reads.
func (p *process) feed() {
	_, err := p.stdin.Write(bytes.Repeat([]byte(" "), 200<<10))
	require.NoError(p.t, err)
	_, err = p.stdin.Write([]byte("\n"))
	require.NoError(p.t, err)
}

// interrupt sends a signal and returns the exit code.
func (p *process) interrupt(sig os.Signal) int {
	require.NoError(p.t, p.cmd.Process.Signal(sig))
	_ = p.cmd.Wait()
	require.True(p.t, p.cmd.ProcessState.Exited(), "%v: it did not end by itself: %v\n%s", p.cmd.Args, p.cmd.ProcessState, p.stderr.String())
	return p.cmd.ProcessState.ExitCode()
}

// endOf is how an interrupted command ends: for serve, Ctrl-C is the usual way.
func endOf(args []string) (exit int, says string) {
	if args[0] == "serve" {
		return failure.ExitOK, "stopped before it listened"
	}
	return failure.ExitInterrupted, "clickedge: interrupted"
}

func interruptFolder(t *testing.T) string {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"sites.json": `{"sites": {"link.example.com": {"esp": "sendgrid", "keys": ["k1"], "signed_links": "anywhere"}}}`,
		"k1.key":     secretA,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// Whatever a command waits for, Ctrl-C ends it: here for somebody to type.
func TestCtrlCWhileReading(t *testing.T) {
	for _, args := range [][]string{
		{"check", "-"},
		{"explain", "--sites", "-", "https://link.example.com/"},
		{"verify", "--sites", "-", "https://link.example.com/to/k1.u"},
		{"serve", "--sites", "-"},
		{"build", "--sites", "-"},
		{"build", "--module", "-"},
		{"dns", "-"},
		{"dns", "--terraform", "-"},
		{"terraform", "-"},
		{"hash", "-"},
		{"missed"},
		{"missed", "-"},
		{"keys", "status", "-"},
		{"sign", "--host", "link.example.com", "--key-file", "k1.key", "-"},
		{"migrate"},
		{"migrate", "-"},
		{"testmail", "--sites", "-", "--html", "-"},
		{"doctor", "--sites", "-", "link.example.com"},
		{"doctor", "--ca", "-", "link.example.com"},
		{"follow", "--ca", "-", "https://link.example.com/"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			dir := interruptFolder(t)
			p := startProcess(t, dir, []string{"FASTLY_API_TOKEN=x", "FASTLY_API_ENDPOINT=http://127.0.0.1:1"}, args...)
			p.feed()
			exit, says := endOf(args)
			require.Equal(t, exit, p.interrupt(os.Interrupt), p.stderr.String())
			require.Contains(t, p.stderr.String(), says)
			require.NotContains(t, p.stderr.String(), "panic")
			require.Equal(t, []string{"k1.key", "sites.json"}, names(t, dir))
		})
	}
}

// A server that takes connections and says nothing.
func silentServer(t *testing.T) (addr string, connected <-chan struct{}) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	ch := make(chan struct{}, 100)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			ch <- struct{}{}
		}
	}()
	return ln.Addr().String(), ch
}

func TestCtrlCWhileAsking(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"follow":       {[]string{"follow", "--via", "ADDR", "http://link.example.com/"}, "clickedge: interrupted"},
		"follow https": {[]string{"follow", "--via", "ADDR", "https://link.example.com/"}, "clickedge: interrupted"},
		"testmail":     {[]string{"testmail", "--target", "https://www.example.com/", "--from", "a@example.com", "--to", "b@example.com", "--smtp", "ADDR"}, "clickedge: interrupted; whether the server took the mail is not known"},
		"keys push":    {[]string{"keys", "push", "k1", "--key-file", "k1.key"}, "clickedge: interrupted"},
		"keys status":  {[]string{"keys", "status"}, "clickedge: interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, connected := silentServer(t)
			args := slices.Clone(c.args)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "ADDR", addr)
			}
			p := startProcess(t, interruptFolder(t), []string{"FASTLY_API_TOKEN=x", "FASTLY_API_ENDPOINT=http://" + addr}, args...)
			<-connected
			require.Equal(t, 128+int(syscall.SIGTERM), p.interrupt(syscall.SIGTERM), p.stderr.String())
			require.Contains(t, p.stderr.String(), c.says)
		})
	}
}

// A compiler that does not come to an end is left to itself, and its folder
// goes.
func TestCtrlCWhileBuilding(t *testing.T) {
	for _, args := range [][]string{{"build"}, {"build", "-o", "pkg/clickedge.tar.gz"}, {"serve", "--addr", "127.0.0.1:0"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			root, err := module.Root(".")
			require.NoError(t, err)
			dir, bin, tmp := interruptFolder(t), t.TempDir(), t.TempDir()
			started := filepath.Join(bin, "started")
			require.NoError(t, syscall.Mkfifo(started, 0o600))
			fake := "#!/bin/sh\necho >" + started + "\nsleep 60 &\nwait\n"
			require.NoError(t, os.WriteFile(filepath.Join(bin, "go"), []byte(fake), 0o700))
			p := startProcess(t, root, []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "TMPDIR=" + tmp},
				append(args, "--sites", filepath.Join(dir, "sites.json"))...)
			_, err = os.ReadFile(started)
			require.NoError(t, err)
			exit, says := endOf(args)
			require.Equal(t, exit, p.interrupt(os.Interrupt), p.stderr.String())
			require.Contains(t, p.stderr.String(), says)
			require.Empty(t, names(t, tmp))
		})
	}
}
