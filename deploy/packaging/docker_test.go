package packaging

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

// hadolint finds nothing to say against the Dockerfile, and something against a
// worse one.
func TestDockerfileLint(t *testing.T) {
	hadolint := need(t, "hadolint")
	require.Empty(t, do(t, hadolint, "image/Dockerfile"))
	worse := filepath.Join(t.TempDir(), "Dockerfile")
	require.NoError(t, os.WriteFile(worse, []byte("FROM debian\nCMD clickedge server\n"), 0o600))
	require.Error(t, tried(t, hadolint, worse))
}

// buildah, which knows nothing of ours, makes the same image of the Dockerfile:
// the same files with the same owners, modes and contents, and the same
// configuration. It can read our archive, too.
func TestBuildahAgrees(t *testing.T) {
	if os.Geteuid() != 0 {
		lack(t, "only root can build with buildah everywhere")
	}
	permitted(t, need(t, "unshare"), "--mount", "true")
	path, dir := need(t, "buildah"), imageContext(t, t.TempDir())
	store := t.TempDir()
	buildah := func(args ...string) string {
		t.Helper()
		all := append([]string{"--storage-driver=vfs", "--root=" + store + "/root", "--runroot=" + store + "/run"}, args...)
		return strings.TrimSpace(do(t, path, all...))
	}
	buildah("build", "--quiet", "--isolation=chroot", "--format=docker", "--tag=theirs", "--file", filepath.Join(dir, "Dockerfile"), dir)
	buildah("from", "--pull-never", "--name=theirs", "localhost/theirs")
	ours := buildImage(t, dir)
	for _, kind := range []string{"oci-archive", "docker-archive"} {
		buildah("from", "--name="+kind, kind+":"+ours.file)
		require.Equal(t, tree(t, buildah("mount", "theirs")), tree(t, buildah("mount", kind)), kind)
	}
	var theirs struct {
		Docker struct {
			Config json.RawMessage `json:"config"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(buildah("inspect", "--type=image", "theirs")), &theirs))
	var want config
	require.NoError(t, json.Unmarshal(theirs.Docker.Config, &want))
	require.Equal(t, want, ours.config)
}

// tree describes each file below a folder, but for times.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		mode, sum := info.Mode(), ""
		if mode.IsRegular() {
			text := read(t, path)
			sum = fmt.Sprintf(" %x", sha256.Sum256([]byte(text)))
		}
		files[strings.TrimPrefix(path, dir)] = fmt.Sprintf("%s %d:%d%s", mode, owner.Uid, owner.Gid, sum)
		return nil
	}))
	require.Contains(t, files, "/usr/bin/clickedge")
	return files
}

// compose reads the file as Docker Compose does: by its schema, and strictly.
func compose(t *testing.T) types.ServiceConfig {
	t.Helper()
	o, err := cli.NewProjectOptions([]string{"image/compose.yaml"}, cli.WithInterpolation(true), cli.WithResolvedPaths(true))
	require.NoError(t, err)
	project, err := o.LoadProject(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"server"}, project.ServiceNames())
	return project.Services["server"]
}

// The compose file publishes the ports of links at those of the image, mounts
// over folders that the image has, and gives the container no right that it does
// not need.
func TestCompose(t *testing.T) {
	s, image := compose(t), buildImage(t, imageContext(t, t.TempDir()))
	published := map[string]uint32{}
	for _, p := range s.Ports {
		published[p.Published] = p.Target
		require.Contains(t, image.config.ExposedPorts, strconv.Itoa(int(p.Target))+"/tcp")
	}
	require.Equal(t, map[string]uint32{"80": 8080, "443": 8443}, published)

	folders := map[string]int{}
	for _, layer := range image.layers {
		require.NoError(t, eachFile(layer, func(h *tar.Header, _ []byte) {
			if h.Typeflag == tar.TypeDir {
				folders["/"+strings.Trim(h.Name, "/")] = h.Uid
			}
		}))
	}
	for _, v := range s.Volumes {
		require.Contains(t, folders, v.Target)
		require.Equal(t, v.Type == "bind", v.ReadOnly, v.Target)
		if v.Type == "volume" {
			require.Equal(t, 65532, folders[v.Target], "a new volume gets the owner that the image has there")
		}
	}
	require.Equal(t, "/run/credentials", *s.Environment["CREDENTIALS_DIRECTORY"])
	require.Equal(t, "build", s.PullPolicy)
	require.True(t, s.ReadOnly)
	require.Equal(t, []string{"ALL"}, s.CapDrop)
	require.Empty(t, s.CapAdd)
	require.Empty(t, s.Command, "the image's own")
	require.Nil(t, s.HealthCheck, "the image's own")
}
