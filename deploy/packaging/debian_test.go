package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// files makes what .ci/release-files makes, but for the licences, which take
// long to gather.
func files(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	do(t, clickedge, "man", "-o", filepath.Join(dir, "man"))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "completions"), 0o700))
	for shell, name := range map[string]string{"bash": "clickedge.bash", "zsh": "_clickedge", "fish": "clickedge.fish"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "completions", name), []byte(do(t, clickedge, "completion", shell)), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "THIRD_PARTY_LICENSES"), []byte("see the release\n"), 0o600))
	do(t, imager, "root", filepath.Join(dir, "root.tar"))
	return dir
}

// packages runs .ci/packages and returns the paths of the Debian package and of
// the image archive.
func packages(t *testing.T, files, version string, environment ...string) (deb, image string) {
	t.Helper()
	out := t.TempDir()
	make := exec.CommandContext(t.Context(), "sh", root+"/.ci/packages", "amd64", clickedge, version, files, out)
	make.Env = slices.Concat(os.Environ(), []string{"SOURCE_DATE_EPOCH=1767323045"}, environment)
	said, err := make.CombinedOutput()
	require.NoError(t, err, "%s", said)
	name := filepath.Join(out, "clickedge_"+version+"_linux_amd64")
	return name + ".deb", name + "_image.tar"
}

// The same arguments give the same bytes, whatever the machine is set to.
func TestPackagesAreReproducible(t *testing.T) {
	files := files(t)
	deb1, image1 := packages(t, files, "0.0.1")
	do(t, "find", files, "-type", "f", "-exec", "touch", "-t", "202001020304", "{}", "+")
	deb2, image2 := packages(t, files, "0.0.1", "TZ=Asia/Tokyo", "LC_ALL=C", "GOOS=windows", "NFPM_PASSPHRASE=x")
	require.True(t, read(t, deb1) == read(t, deb2), "the Debian packages differ")
	require.True(t, read(t, image1) == read(t, image2), "the images differ")
}

// lintian finds no error and nothing to warn of that the overrides do not name
// with a reason.
func TestDebianLint(t *testing.T) {
	lintian := need(t, "lintian")
	deb, _ := packages(t, files(t), "0.0.1-next")
	do(t, lintian, "--allow-root", "--fail-on", "error,warning", deb)
}

// dpkgRoot is a file system for dpkg to install into, with stand-ins for what
// its scripts call.
type dpkgRoot struct {
	t    *testing.T
	dir  string
	bin  string // the stand-ins
	said string // of the last call
}

func newRoot(t *testing.T) *dpkgRoot {
	t.Helper()
	if os.Geteuid() != 0 {
		lack(t, "only root can install a package")
	}
	need(t, "dpkg")
	r := &dpkgRoot{t: t, dir: t.TempDir(), bin: t.TempDir()}
	for name, text := range map[string]string{
		"var/lib/dpkg/updates/x": "", "var/lib/dpkg/info/x": "", "var/lib/dpkg/triggers/x": "",
		"var/lib/dpkg/status": "Package: ca-certificates\nStatus: install ok installed\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n",
	} {
		r.write(name, text)
		if strings.HasSuffix(name, "/x") {
			require.NoError(t, os.Remove(r.path(name)))
		}
	}
	for _, name := range []string{"systemctl", "deb-systemd-invoke"} {
		text := "#!/bin/sh\necho " + name + ` "$*" >>"` + r.path("called") + "\"\n"
		require.NoError(t, os.WriteFile(filepath.Join(r.bin, name), []byte(text), 0o755))
	}
	return r
}

func (r *dpkgRoot) path(name string) string { return filepath.Join(r.dir, name) }

func (r *dpkgRoot) write(name, text string) {
	r.t.Helper()
	require.NoError(r.t, os.MkdirAll(filepath.Dir(r.path(name)), 0o755))
	require.NoError(r.t, os.WriteFile(r.path(name), []byte(text), 0o600))
}

// dpkg runs dpkg and returns what its scripts have called.
func (r *dpkgRoot) dpkg(args ...string) (called string) {
	r.t.Helper()
	_ = os.Remove(r.path("called"))
	all := append([]string{"--root=" + r.dir, "--force-script-chrootless", "--no-triggers"}, args...)
	dpkg := exec.CommandContext(r.t.Context(), "dpkg", all...)
	dpkg.Env = append(os.Environ(), "PATH="+r.bin+":"+os.Getenv("PATH")) // the last one counts
	said, err := dpkg.CombinedOutput()
	require.NoError(r.t, err, "%s", said)
	r.said = string(said)
	text, err := os.ReadFile(r.path("called"))
	if !os.IsNotExist(err) {
		require.NoError(r.t, err)
	}
	return string(text)
}

// keeps holds that the operator's own files are as they were.
func (r *dpkgRoot) keeps() {
	r.t.Helper()
	require.Equal(r.t, sites, read(r.t, r.path("etc/clickedge/sites.json")))
	require.Equal(r.t, "k1=secret\n", read(r.t, r.path("etc/clickedge/keys")))
	require.Equal(r.t, "key", read(r.t, r.path("var/lib/private/clickedge/certificates/link.example.com.key")))
}

// A package is installed, run, upgraded, removed and purged, and nothing that
// the operator or the server has written is lost on the way.
func TestDebianInstall(t *testing.T) {
	r := newRoot(t)
	files := files(t)
	one, _ := packages(t, files, "0.0.1")
	two, _ := packages(t, files, "0.0.2-next")
	last, _ := packages(t, files, "0.0.2")

	require.Empty(t, r.dpkg("--install", one), "systemd does not run there")
	require.Contains(t, r.said, "write /etc/clickedge/sites.json, then: systemctl enable --now clickedge")
	require.NoFileExists(t, r.path("etc/clickedge/sites.json"))
	require.NoDirExists(t, r.path("etc/systemd"), "something was enabled")
	do(t, r.path("usr/bin/clickedge"), "version")
	for _, name := range []string{"usr/lib/systemd/system/clickedge.service", "usr/lib/systemd/system/clickedge-https.socket", "usr/share/man/man1/clickedge-server.1.gz", "usr/share/doc/clickedge/copyright"} {
		require.FileExists(t, r.path(name))
	}

	r.write("etc/clickedge/sites.json", sites)
	r.write("etc/clickedge/keys", "k1=secret\n")
	r.write("var/lib/private/clickedge/certificates/link.example.com.key", "key")
	r.write("etc/clickedge/log", "Bearer secret\n")
	r.write("var/lib/private/clickedge-collect/log/lock", "")
	r.write("etc/default/clickedge", "OPTIONS=\"--log-gzip\"\n")
	require.NoError(t, os.MkdirAll(r.path("run/systemd/system"), 0o755))
	const reload, restart = "systemctl --system daemon-reload\n", "deb-systemd-invoke try-restart clickedge.service\ndeb-systemd-invoke try-restart clickedge-collect.service\n"
	for _, newer := range []string{two, last} {
		require.Equal(t, reload+restart, r.dpkg("--install", newer))
		require.NotContains(t, r.said, "write /etc/clickedge/sites.json")
		require.Equal(t, "OPTIONS=\"--log-gzip\"\n", read(t, r.path("etc/default/clickedge")))
		r.keeps()
	}

	wants := r.enable()
	require.Equal(t, "deb-systemd-invoke stop clickedge-http.socket clickedge-https.socket clickedge.service clickedge-collect.service\n"+reload, r.dpkg("--remove", "clickedge"))
	require.NoFileExists(t, r.path("usr/bin/clickedge"))
	require.FileExists(t, r.path("etc/default/clickedge"))
	r.keeps()
	require.Equal(t, reload+restart, r.dpkg("--install", last), "dpkg calls it an upgrade, since configuration was left")
	r.keeps()
	require.Contains(t, r.dpkg("--purge", "clickedge"), reload)
	for _, left := range []string{"/etc/clickedge/sites.json", "/etc/clickedge/keys", "/etc/clickedge/log", "/var/lib/private/clickedge", "/var/lib/private/clickedge-collect"} {
		require.Contains(t, r.said, "clickedge: "+left+" was left as it is")
	}
	require.NoFileExists(t, r.path("etc/default/clickedge"))
	for _, name := range wants {
		_, err := os.Lstat(name)
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	r.keeps()
}

// enable lets the real systemctl enable the services, and returns the links that
// it made.
func (r *dpkgRoot) enable() (links []string) {
	r.t.Helper()
	do(r.t, need(r.t, "systemctl"), "--root="+r.dir, "enable", "clickedge.service", "clickedge-collect.service")
	links, err := filepath.Glob(r.path("etc/systemd/system/*/clickedge*"))
	require.NoError(r.t, err)
	require.Len(r.t, links, 4)
	return links
}

// logrotate takes the file of the package, and moves the click log away.
func TestLogrotate(t *testing.T) {
	logrotate, dir := need(t, "logrotate"), t.TempDir()
	config := strings.ReplaceAll(read(t, "debian/logrotate"), "/var/log/clickedge", dir)
	require.Contains(t, config, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "clicks.ndjson"), []byte("{}\n"), 0o600))
	require.NotContains(t, do(t, logrotate, "--force", "--state", filepath.Join(dir, "state"), filepath.Join(dir, "config")), "error")
	require.NoFileExists(t, filepath.Join(dir, "clicks.ndjson"))
	moved, err := filepath.Glob(filepath.Join(dir, "clicks.ndjson-*"))
	require.NoError(t, err)
	require.Len(t, moved, 1)
	require.Equal(t, "{}\n", read(t, moved[0]))
}
