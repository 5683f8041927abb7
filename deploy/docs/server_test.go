package docs

import (
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/cli"
	"github.com/clickedge/clickedge/deploy/failure"
)

// unitFiles are the units that the page has.
var unitFiles = []string{"clickedge-http.socket", "clickedge-https.socket", "clickedge.service"}

// The units of the page: what the service is started with is a call that the
// command takes, each socket has a flag that takes it, and systemd finds nothing
// wrong with them, where it is there to be asked.
func TestUnits(t *testing.T) {
	dir := t.TempDir()
	units := map[string]string{}
	for _, s := range readGuide(t, "server.md") {
		if s.kind == "ini" {
			units[s.file] = s.text
			text := strings.ReplaceAll(s.text, "/usr/bin/clickedge ", os.Args[0]+" ") // it must exist
			require.NoError(t, os.WriteFile(filepath.Join(dir, s.file), []byte(text), 0o600))
		}
	}
	require.Equal(t, unitFiles, slices.Sorted(maps.Keys(units)))
	service := units["clickedge.service"]
	start := regexp.MustCompile(`(?m)^ExecStart=/usr/bin/clickedge (.*)$`).FindStringSubmatch(service)
	require.NotNil(t, start)
	var said strings.Builder
	env := cli.Env{In: strings.NewReader(""), Out: io.Discard, Err: &said, LookupEnv: func(string) (string, bool) { return "", false }}
	require.Equal(t, failure.ExitOK, env.Run(t.Context(), append(strings.Fields(start[1]), "--help")), said.String())
	for name, text := range units {
		if kind, ok := strings.CutSuffix(name, ".socket"); ok {
			fd := regexp.MustCompile(`(?m)^FileDescriptorName=(\w+)$`).FindStringSubmatch(text)
			require.NotNil(t, fd, name)
			require.Equal(t, "clickedge-"+fd[1], kind)
			require.Contains(t, start[1], " --"+fd[1]+" systemd ")
			require.Contains(t, text, "\nService=clickedge.service\n")
			require.Contains(t, service, name)
		}
	}
	systemd, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd-analyze is not there")
		return
	}
	for name := range units {
		out, err := exec.CommandContext(t.Context(), systemd, "verify", filepath.Join(dir, name)).CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.NotContains(t, string(out), dir, "a warning is one too many")
	}
}
