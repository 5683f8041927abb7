package main

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func top(t *testing.T, path string) string {
	t.Helper()
	cmd := exec.Command("go", "tool", "pprof", "-top", "-nodefraction=0", path)
	cmd.Env = append(os.Environ(), "PPROF_TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

func TestProfileOfARun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pb.gz")
	var stdout, stderr bytes.Buffer
	require.Equal(t, 7, command(context.Background(), []string{"run", "--profile", path, guest(t, "one"), "7"}, &stdout, &stderr), stderr.String())
	require.Contains(t, top(t, path), "fastly_http_resp.send_downstream")
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1)
}

// A profile is there while the module is served, and in a file afterwards.
func TestProfileOfAServer(t *testing.T) {
	folder := t.TempDir()
	t.Run("served", func(t *testing.T) {
		url, stderr := served(t, "--addr", "127.0.0.1:0", "--debug-addr", "127.0.0.1:0", "--profile=guest,"+folder, guest(t, "one"))
		body, _ := get(t, http.DefaultClient, url+"/a")
		require.Equal(t, "version one", body)
		debug := regexp.MustCompile(`http://\S+/debug/pprof/`).FindString(stderr.String())
		require.NotEmpty(t, debug, stderr.String())
		path := filepath.Join(t.TempDir(), "live.pb.gz")
		require.Eventually(t, func() bool { // the reader has the answer before the call is over
			profile, _ := get(t, http.DefaultClient, debug+"guest")
			require.NoError(t, os.WriteFile(path, []byte(profile), 0o600))
			return strings.Contains(top(t, path), "fastly_http_resp.send_downstream")
		}, time.Minute, 10*time.Millisecond)
		index, _ := get(t, http.DefaultClient, debug)
		require.Contains(t, index, "goroutine")
		req, err := http.NewRequest(http.MethodGet, debug, nil)
		require.NoError(t, err)
		req.Host = "rebound.example"
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusForbidden, resp.StatusCode)
	})
	require.Contains(t, top(t, filepath.Join(folder, profileName)), "fastly_http_resp.send_downstream")
}

// The page's address is printed, and a request is on it.
func TestUI(t *testing.T) {
	url, stderr := served(t, "--addr", "127.0.0.1:0", "--ui=127.0.0.1:0", guest(t, "one"))
	page := regexp.MustCompile(`shown on (http://\S+/)`).FindStringSubmatch(stderr.String())
	require.NotEmpty(t, page, stderr.String())
	body, _ := get(t, http.DefaultClient, page[1])
	require.Contains(t, body, "ui.js")
	resp, err := http.Get(page[1] + "events")
	require.NoError(t, err)
	defer resp.Body.Close()
	get(t, http.DefaultClient, url+"/seen")
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
	}
	require.Contains(t, lines.Text(), `"target":"/seen"`)
	require.Contains(t, lines.Text(), `"name":"fastly_http_resp.send_downstream"`)
}
