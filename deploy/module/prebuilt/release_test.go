package prebuilt_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/inspector"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/module/prebuilt"
)

// patience bounds how long a released command may take for a build or a first
// click on a slow and busy machine.
const patience = 2 * time.Minute

func TestACloneHasNothingInside(t *testing.T) {
	require.Nil(t, prebuilt.Guest())
	require.Nil(t, prebuilt.Inspector())
}

// release builds the command as for a release, with the guest embedded, without
// writing into the tree. It returns the command's path, the guest, and the
// tree.
func release(t *testing.T) (command string, guest []byte, root string) {
	t.Helper()
	root, err := module.Root(".")
	require.NoError(t, err)
	guest, err = module.Reactor(t.Context(), root)
	require.NoError(t, err)
	dir := t.TempDir()
	page, err := inspector.Shell(t.Context(), root)
	require.NoError(t, err)
	replace := map[string]string{}
	for name, text := range map[string][]byte{"guest.wasm": guest, "inspector.html": page} {
		replace[filepath.Join(root, "deploy/module/prebuilt", name)] = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	command = filepath.Join(dir, "clickedge")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags=prebuilt", "-overlay", filepath.Join(dir, "overlay.json"), "-o", command, "./deploy/cmd/clickedge")
	build.Dir = root
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	return command, guest, root
}

// alone is the command in a folder with only sites.json, without any other
// program on its path.
func alone(t *testing.T, command, dir string, args ...string) *exec.Cmd {
	c := exec.CommandContext(t.Context(), command, args...)
	c.Dir = dir
	c.Env = []string{"PATH=" + t.TempDir(), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}
	return c
}

// A released command needs no Go and no sources: its module and its package
// equal those of a build from the sources, byte for byte, and its first click
// works.
func TestAReleaseNeedsNoGo(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no Ctrl-C to send")
	}
	command, guest, root := release(t)
	sites, err := os.ReadFile(filepath.Join(root, "sites.json"))
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sites.json"), sites, 0o600))

	t.Run("build", func(t *testing.T) {
		said, err := alone(t, command, dir, "build", "--sites", "sites.json", "-o", "main.wasm").CombinedOutput()
		require.NoError(t, err, string(said))
		require.Contains(t, string(said), "from inside this command")
		require.NotContains(t, string(said), "note:")
		want, rep, err := module.Build(t.Context(), module.Options{Sites: sites, Dir: root})
		require.NoError(t, err)
		require.False(t, rep.Prebuilt)
		require.Equal(t, len(guest), rep.Reactor)
		got, err := os.ReadFile(filepath.Join(dir, "main.wasm"))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "the module is not the one that Go builds")
	})
	t.Run("inspector", func(t *testing.T) {
		said, err := alone(t, command, dir, "inspector", "-o", "page.html").CombinedOutput()
		require.NoError(t, err, string(said))
		shell, err := inspector.Shell(t.Context(), root)
		require.NoError(t, err)
		want, err := inspector.Page(shell, "sites.json", sites)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, "page.html"))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "the page is not the one that Go builds")
	})
	t.Run("room and package", func(t *testing.T) {
		said, err := alone(t, command, dir, "build", "--room", "8MiB", "-o", "clickedge.tar.gz", "--json").CombinedOutput()
		require.NoError(t, err, string(said))
		var report struct {
			Prebuilt bool   `json:"prebuilt"`
			Room     int    `json:"room_bytes"`
			Hash     string `json:"hash"`
		}
		require.NoError(t, json.Unmarshal(said, &report), string(said))
		require.True(t, report.Prebuilt)
		require.Equal(t, 8<<20, report.Room)
		require.Len(t, report.Hash, 128)
	})
	t.Run("in a clone", func(t *testing.T) {
		out := filepath.Join(dir, "cloned.wasm")
		said, err := alone(t, command, root, "build", "-o", out).CombinedOutput()
		require.NoError(t, err, string(said))
		require.Contains(t, string(said), "note: the guest is the one inside this command, not the sources in ")
		// With --source it does not fall back to the embedded guest.
		said, err = alone(t, command, root, "build", "--source", ".", "-o", out).CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(said), "no go command on this machine")
	})
	t.Run("serve", func(t *testing.T) { clickOnce(t, alone(t, command, dir, "serve", "--addr", "127.0.0.1:0")) })
}

var firstLink = regexp.MustCompile(`^ *curl -si -H 'Host: ([^']+)' '?(http://127\.0\.0\.1:\d+[^' ]+)'?$`)

// clickOnce starts a server, sends the first request that it prints, and stops
// it.
func clickOnce(t *testing.T, server *exec.Cmd) {
	talk, err := server.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() { _ = server.Process.Kill() })
	late := time.AfterFunc(patience, func() { _ = server.Process.Kill() })
	defer late.Stop()
	var host, url string
	lines, said := bufio.NewScanner(talk), []string{}
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "listening on ") {
		said = append(said, lines.Text())
		if m := firstLink.FindStringSubmatch(lines.Text()); m != nil && url == "" {
			host, url = m[1], m[2]
		}
	}
	require.NotEmpty(t, url, "no link was printed:\n%s", strings.Join(said, "\n"))
	go func() { _, _ = io.Copy(io.Discard, talk) }()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	request.Host = host
	answer, err := (&http.Transport{}).RoundTrip(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusFound, answer.StatusCode, url)
	require.NotEmpty(t, answer.Header.Get("Location"))
	require.NoError(t, server.Process.Signal(os.Interrupt))
	require.NoError(t, server.Wait(), "it did not end well on Ctrl-C")
}
