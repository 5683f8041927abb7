package packaging

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// limitless is the name under which this program stands for runc. Containers get
// limits of open files and processes from Podman, which only a machine with
// CAP_SYS_RESOURCE may set: they are left out, and all else is runc's.
const limitless = "runc-without-limits"

// asRuntime takes the limits out of a container's configuration and becomes runc.
func asRuntime(args []string) error {
	for i, arg := range args[:len(args)-1] {
		if arg != "--bundle" {
			continue
		}
		name := filepath.Join(args[i+1], "config.json")
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var config map[string]any
		if err := json.Unmarshal(text, &config); err != nil {
			return err
		}
		delete(config["process"].(map[string]any), "rlimits")
		if text, err = json.Marshal(config); err != nil {
			return err
		}
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return err
		}
	}
	return syscall.Exec(filepath.Join(filepath.Dir(args[0]), "runc"), append([]string{"runc"}, args[1:]...), os.Environ())
}

// podman makes Podman keep all that it has in a folder of the test.
func podman(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	runtime := filepath.Join(dir, limitless)
	require.NoError(t, os.Symlink(self, runtime))
	require.NoError(t, os.Symlink(need(t, "runc"), filepath.Join(dir, "runc"))) // Podman may call with another PATH
	for variable, text := range map[string]string{
		"CONTAINERS_CONF": fmt.Sprintf("[containers]\nlog_driver=\"k8s-file\"\n[engine]\ncgroup_manager=\"cgroupfs\"\nevents_logger=\"file\"\nruntime=\"test\"\n"+
			"volume_path=%q\n[engine.runtimes]\ntest=[%q]\n[network]\nnetwork_config_dir=%q\n", dir+"/volumes", runtime, dir+"/networks"),
		"CONTAINERS_STORAGE_CONF": fmt.Sprintf("[storage]\ndriver=\"vfs\"\ngraphroot=%q\nrunroot=%q\n", dir+"/root", dir+"/run"),
	} {
		name := filepath.Join(dir, variable)
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		t.Setenv(variable, name)
	}
	t.Setenv("BUILDAH_ISOLATION", "chroot")
	t.Setenv("BUILDAH_FORMAT", "docker") // else there is no health check
}

// The compose file as the documentation uses it, by podman-compose: the image is
// built in the release's folder, the server answers a click and a signed link
// with the secret beside it, writes both to the container's log, sees a file of
// sites that an editor has replaced, and stops by itself. Only the ports are
// others, since a test may not take 80 and 443.
func TestComposeRuns(t *testing.T) {
	if os.Geteuid() != 0 {
		lack(t, "only root can run containers everywhere")
	}
	for _, program := range []string{"podman", "podman-compose"} {
		need(t, program)
	}
	dir := imageContext(t, t.TempDir())
	podman(t)
	do(t, "podman", "build", "--quiet", "--tag=probe", dir)
	permitted(t, "podman", "run", "--rm", "--publish=127.0.0.1::8080", "probe", "version")

	file := strings.NewReplacer(`"80:`, `"127.0.0.1::`, `"443:`, `"127.0.0.1::`).Replace(read(t, "image/compose.yaml"))
	require.Equal(t, 2, strings.Count(file, "127.0.0.1::"))
	keys, sitesFile := filepath.Join(dir, "keys"), filepath.Join(dir, "etc", "sites.json")
	require.NoError(t, os.Mkdir(keys, 0o755))
	require.NoError(t, os.Mkdir(filepath.Dir(sitesFile), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(file), 0o600))
	keyed := strings.Replace(sites, `"clicks"`, `"keys": ["k1"], "clicks"`, 1)
	require.NoError(t, os.WriteFile(sitesFile, []byte(keyed), 0o644))
	key := filepath.Join(keys, "clickedge.keys")
	do(t, clickedge, "keys", "new", "--kid", "k1", "-o", key)
	require.NoError(t, os.Chown(key, 65532, 65532))
	link, err := exec.CommandContext(t.Context(), clickedge, "sign", "--sites", sitesFile, "--key-file", key, "https://shop.example.com/a").Output()
	require.NoError(t, err)

	c := &composed{dir: dir}
	t.Cleanup(func() { _, _ = c.run("down", "--volumes") })
	c.do(t, "up", "--detach")
	container := strings.TrimSpace(do(t, "podman", "ps", "--quiet"))
	c.base = "http://" + strings.TrimSpace(do(t, "podman", "port", container, "8080"))
	c.eventually(t, func() bool { return c.status("/.well-known/clickedge") == http.StatusOK })
	require.Equal(t, "https://shop.example.com/a?b=1", c.location(t, click))
	require.Equal(t, "https://shop.example.com/a", c.location(t, strings.TrimSpace(strings.TrimPrefix(string(link), "https://link.example.com"))))
	require.Equal(t, http.StatusForbidden, c.status("/to/k1.uaHR0cHM6Ly9ldmlsLmV4YW1wbGU.AAAAAAAAAAAAAAAAAAAAAA"))

	replaced := sitesFile + ".new"
	require.NoError(t, os.WriteFile(replaced, []byte(strings.Replace(keyed, "shop", "other", 1)), 0o644))
	require.NoError(t, os.Rename(replaced, sitesFile))
	c.eventually(t, func() bool { return c.status(click) != http.StatusFound })

	do(t, "podman", "stop", container)
	require.Equal(t, "0", strings.TrimSpace(do(t, "podman", "inspect", "--format={{.State.ExitCode}}", container)))
	log := do(t, "podman", "logs", container)
	require.Contains(t, log, `"reading":"certain"`)
	require.Contains(t, log, `"kid":"k1"`)
	require.Contains(t, log, `"code":"bad_tag"`)
}

// composed is a project that podman-compose has started.
type composed struct{ dir, base string }

func (c *composed) run(args ...string) ([]byte, error) {
	cmd := exec.Command("podman-compose", args...)
	cmd.Dir = c.dir
	return cmd.CombinedOutput()
}

func (c *composed) do(t *testing.T, args ...string) {
	t.Helper()
	out, err := c.run(args...)
	require.NoError(t, err, "podman-compose %q: %s", args, out)
}

// eventually waits for what the server does in its own time.
func (c *composed) eventually(t *testing.T, true func() bool) {
	t.Helper()
	require.Eventually(t, true, time.Minute, 50*time.Millisecond)
}

// get asks for a link, without following where it leads.
func (c *composed) get(path string) (*http.Response, error) {
	q, err := http.NewRequest(http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, err
	}
	q.Host = "link.example.com"
	r, err := http.DefaultTransport.RoundTrip(q)
	if err == nil {
		r.Body.Close()
	}
	return r, err
}

// status is 0 while nothing answers.
func (c *composed) status(path string) int {
	r, err := c.get(path)
	if err != nil {
		return 0
	}
	return r.StatusCode
}

func (c *composed) location(t *testing.T, path string) string {
	t.Helper()
	r, err := c.get(path)
	require.NoError(t, err)
	require.Equal(t, http.StatusFound, r.StatusCode)
	return r.Header.Get("Location")
}
