package docs

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/interp"
)

// shipped are the files of the release that the changelog speaks of, by the
// names that they get.
func (p *page) shipped() map[string]bool {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(p.root, name))
		require.NoError(p.t, err)
		return string(text)
	}
	version := regexp.MustCompile(`(?m)^## (\S+) - `).FindStringSubmatch(read("CHANGELOG.md"))
	require.NotNil(p.t, version)
	script := read(".ci/packages")
	require.Contains(p.t, script, "name=clickedge_${VERSION}_linux_$ARCH\n")
	require.Contains(p.t, script, `"$out/$name.deb"`)
	require.Contains(p.t, script, `"$out/${name}_image.tar"`)
	require.Contains(p.t, script, `-name "clickedge:$VERSION"`)
	require.Contains(p.t, read(".goreleaser.yaml"), `name_template: "clickedge_{{ .Version }}_{{ .Os }}_{{ .Arch }}"`)
	name := "clickedge_" + version[1] + "_linux_amd64"
	return map[string]bool{name + ".deb": true, name + "_image.tar": true, name + ".tar.gz": true, name: true, "clickedge:" + version[1]: true}
}

var shippedName = regexp.MustCompile(`clickedge[_:]\d\S*`)

// install holds a command that installs the server to the files that it names:
// packages, units, folders, ports. What they do is tried in deploy/packaging.
func (p *page) install(ctx context.Context, args []string) error {
	shipped, line := p.shipped(), strings.Join(args, " ")
	for _, name := range shippedName.FindAllString(line, -1) {
		require.True(p.t, shipped[name], "%s: no release has %s", line, name)
	}
	packaging := filepath.Join(p.root, "deploy", "packaging")
	switch {
	case args[0] == "sudo" && args[1] == "install":
		service, err := os.ReadFile(filepath.Join(packaging, "systemd", "clickedge.service"))
		require.NoError(p.t, err)
		require.Contains(p.t, string(service), " --sites "+args[len(args)-1]+" ")
		require.FileExists(p.t, filepath.Join(interp.HandlerCtx(ctx).Dir, args[len(args)-2]))
	case args[0] == "sudo" && args[1] == "systemctl":
		require.FileExists(p.t, filepath.Join(packaging, "systemd", args[len(args)-1]))
	case strings.HasPrefix(line, "docker run "):
		p.dockerRun(args)
	case line == "docker compose up --detach --wait":
		text, err := os.ReadFile(filepath.Join(packaging, "image", "compose.yaml"))
		require.NoError(p.t, err)
		for _, m := range regexp.MustCompile(`- \./(\w+):`).FindAllStringSubmatch(string(text), -1) {
			require.DirExists(p.t, filepath.Join(interp.HandlerCtx(ctx).Dir, m[1]))
		}
	default:
		require.Regexp(p.t, `^(sudo apt-get install \./clickedge_\S+|docker load --input clickedge_\S+)$`, line)
	}
	return nil
}

// dockerRun holds a container's ports and folders to those of the compose file,
// which a test holds to the image.
func (p *page) dockerRun(args []string) {
	text, err := os.ReadFile(filepath.Join(p.root, "deploy/packaging/image/compose.yaml"))
	require.NoError(p.t, err)
	checked := 0
	for i, arg := range args {
		switch arg {
		case "--publish":
			require.Contains(p.t, string(text), `- "`+args[i+1]+`"`)
			checked++
		case "--volume":
			_, at, _ := strings.Cut(args[i+1], ":")
			require.Contains(p.t, string(text), ":"+at+"\n")
			checked++
		}
	}
	require.Equal(p.t, 4, checked)
}

// unpack makes what an archive for Linux has in its folder, as far as a page
// names it.
func (p *page) unpack(ctx context.Context, args []string) error {
	require.Equal(p.t, []string{"tar", "xzf"}, args[:2])
	folder := strings.TrimSuffix(args[2], ".tar.gz")
	require.True(p.t, p.shipped()[args[2]], args[2])
	dir := filepath.Join(interp.HandlerCtx(ctx).Dir, folder)
	require.NoError(p.t, os.Mkdir(dir, 0o755))
	config, err := os.ReadFile(filepath.Join(p.root, ".goreleaser.yaml"))
	require.NoError(p.t, err)
	require.Contains(p.t, string(config), "sites.json}")
	text, err := os.ReadFile(filepath.Join(p.root, "sites.json"))
	require.NoError(p.t, err)
	return os.WriteFile(filepath.Join(dir, "sites.json"), text, 0o600)
}

// mkdir and cp are what a page does to its own folder.
func (p *page) mkdir(ctx context.Context, args []string) error {
	for _, name := range args[1:] {
		if err := os.Mkdir(filepath.Join(interp.HandlerCtx(ctx).Dir, name), 0o755); err != nil {
			return err
		}
	}
	return nil
}

func (p *page) cp(ctx context.Context, args []string) error {
	require.Len(p.t, args, 3)
	dir := interp.HandlerCtx(ctx).Dir
	text, err := os.ReadFile(filepath.Join(dir, args[1]))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, args[2]), text, 0o600)
}

// A release has what the guide installs, and the workflow publishes it.
func TestReleaseHasPackages(t *testing.T) {
	root, _ := documents(t)
	for name, wants := range map[string][]string{
		".github/workflows/release.yml": {"dist/*.deb\n", "dist/*_image.tar\n", " ./*.deb ./*_image.tar "},
		".goreleaser.yaml":              {"glob: dist/*.deb\n", "glob: dist/*_image.tar\n", "deploy/packaging/image/Dockerfile", "deploy/packaging/image/compose.yaml", "bin/release/root.tar", "deploy/packaging/systemd/*"},
	} {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		for _, want := range wants {
			require.Contains(t, string(text), want, name)
		}
	}
}
