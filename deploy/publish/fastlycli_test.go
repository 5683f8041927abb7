package publish_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/fastly/go-fastly/v16/fastly"
	"github.com/stretchr/testify/require"
)

// fastlyCLI is the real Fastly CLI, called in a folder with the wanted package.
type fastlyCLI struct {
	r    *rig
	path string
	dir  string
	// accounts stands in for Fastly's accounts API, which the CLI calls before
	// any command.
	accounts string
}

// newCLI skips the test if no Fastly CLI is given. .ci/fastly gets it from npm.
func newCLI(t *testing.T, r *rig) *fastlyCLI {
	path := os.Getenv("CLICKEDGE_FASTLY_CLI")
	if path == "" {
		t.Skip("CLICKEDGE_FASTLY_CLI is not set: sh .ci/fastly runs this")
	}
	manifest, err := os.ReadFile("../../fastly.toml")
	require.NoError(t, err)
	c := &fastlyCLI{r: r, path: path, dir: t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "fastly.toml"), manifest, 0o600))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	t.Cleanup(srv.Close)
	c.accounts = srv.URL
	return c
}

func (c *fastlyCLI) run(args ...string) string {
	c.r.t.Helper()
	require.NoError(c.r.t, os.WriteFile(filepath.Join(c.dir, "p.tar.gz"), c.r.w.Package, 0o600))
	ctx, cancel := context.WithTimeout(c.r.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.path, append(args, "--non-interactive")...)
	cmd.Dir = c.dir
	cmd.Env = []string{"HOME=" + c.dir, "PATH=" + os.Getenv("PATH"), "FASTLY_API_TOKEN=" + token, "FASTLY_API_ENDPOINT=" + c.r.url, "FASTLY_ACCOUNT_ENDPOINT=" + c.accounts}
	out, err := cmd.CombinedOutput()
	require.NoError(c.r.t, err, string(out))
	return string(out)
}

// publish adopts a service that "fastly compute deploy" made. The CLI may then
// upload further packages: what publish made stays.
func TestAServiceMadeByTheFastlyCLIIsAdopted(t *testing.T) {
	r := newRig(t)
	c := newCLI(t, r)
	c.run("compute", "deploy", "--package", "p.tar.gz", "--service-name", "clickedge", "--domain", "link.example.com", "--status-check-off")
	list, err := r.f.ListServices(t.Context(), &fastly.ListServicesInput{})
	require.NoError(t, err)
	require.Len(t, list, 1)
	t.Log(lines(r.plan()))
	id := r.publish().ServiceID
	require.Equal(t, *list[0].ServiceID, id)
	require.Subset(t, r.api.Served(), []string{"link.example.com", "ses.example.com"})
	require.True(t, r.plan().Empty())

	r.sites(one, two, `"third.example.com": {"esp": "sendgrid"}`)
	c.run("compute", "deploy", "--package", "p.tar.gz", "--service-id", id, "--status-check-off")
	p := r.plan()
	require.Contains(t, lines(p), `+ backend "sendgrid"`, "the CLI makes no backends")
	require.NotContains(t, lines(p), "package")
	r.publish()
	require.True(t, r.plan().Empty())
	require.Empty(t, r.api.Off())
}
