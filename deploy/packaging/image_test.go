package packaging

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// imageContext lays what the Dockerfile copies into a folder, as a release's archive
// has it.
func imageContext(t *testing.T, dir string) string {
	t.Helper()
	for from, to := range map[string]string{
		"image/Dockerfile": "Dockerfile", "image/compose.yaml": "compose.yaml", root + "/sites.json": "sites.json",
		root + "/LICENSE": "LICENSE", root + "/NOTICE": "NOTICE",
		root + "/go.sum": "THIRD_PARTY_LICENSES", // any text: the release's own takes long to gather
		clickedge:        "clickedge",
	} {
		text, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, to), text, 0o600))
	}
	require.NoError(t, os.Chmod(filepath.Join(dir, "clickedge"), 0o700))
	do(t, imager, "root", filepath.Join(dir, "root.tar"))
	return dir
}

// built is an image archive, and what is in it.
type built struct {
	file   string // the archive
	config config
	layers [][]byte
}

// config is what an image says of its containers.
type config struct {
	User            string
	Entrypoint, Cmd []string
	ExposedPorts    map[string]struct{}
	StopSignal      string
	WorkingDir      string
	Shell           []string
	Healthcheck     struct {
		Test                           []string
		Interval, Timeout, StartPeriod int64
		Retries                        int
	}
}

func buildImage(t *testing.T, context string) *built {
	t.Helper()
	b := &built{file: filepath.Join(t.TempDir(), "image.tar")}
	do(t, imager, "build", "-context", context, "-arch", "amd64", "-name", "clickedge:0.0.1", "-date", "2026-01-02T03:04:05Z", b.file)
	files := map[string][]byte{}
	require.NoError(t, eachFile([]byte(read(t, b.file)), func(h *tar.Header, text []byte) { files[h.Name] = text }))
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	require.NoError(t, json.Unmarshal(files["manifest.json"], &manifest))
	require.Equal(t, []string{"clickedge:0.0.1"}, manifest[0].RepoTags)
	config := struct{ Config any }{&b.config}
	require.NoError(t, json.Unmarshal(files[manifest[0].Config], &config))
	for _, name := range manifest[0].Layers {
		r, err := gzip.NewReader(bytes.NewReader(files[name]))
		require.NoError(t, err)
		layer, err := io.ReadAll(r)
		require.NoError(t, err)
		b.layers = append(b.layers, layer)
	}
	require.Len(t, b.layers, 3)
	return b
}

// eachFile calls back for each file of a tar.
func eachFile(text []byte, found func(*tar.Header, []byte)) error {
	for r := tar.NewReader(bytes.NewReader(text)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		found(h, text)
	}
}

// What is in the image: one program, which needs nothing else; roots by which
// Let's Encrypt and the ESPs are trusted; nothing that the program's user may
// change but its state.
func TestImage(t *testing.T) {
	b := buildImage(t, imageContext(t, t.TempDir()))
	require.Equal(t, "65532:65532", b.config.User)
	require.Equal(t, []string{"/usr/bin/clickedge"}, b.config.Entrypoint)
	require.Equal(t, []string{"CMD", "/usr/bin/clickedge", "server", "health"}, b.config.Healthcheck.Test)
	require.Equal(t, "SIGTERM", b.config.StopSignal)
	do(t, clickedge, append(slices.Clone(b.config.Cmd), "--help")...)

	var programs, writable []string
	for _, layer := range b.layers {
		require.NoError(t, eachFile(layer, func(h *tar.Header, text []byte) {
			require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), h.ModTime.UTC(), h.Name)
			if h.Uid != 0 || h.Mode&0o022 != 0 {
				writable = append(writable, h.Name)
			}
			if h.Typeflag == tar.TypeReg && h.Mode&0o111 != 0 {
				programs = append(programs, h.Name)
				requireStatic(t, text)
			}
			if h.Name == "etc/ssl/certs/ca-certificates.crt" {
				requireRoots(t, text)
			}
		}))
	}
	require.Equal(t, []string{"usr/bin/clickedge"}, programs)
	require.Equal(t, []string{"var/lib/clickedge/"}, writable)
	stat, err := os.Stat(b.file)
	require.NoError(t, err)
	require.Less(t, stat.Size(), int64(16<<20))
}

// requireStatic holds that a program asks for no loader and no library.
func requireStatic(t *testing.T, text []byte) {
	t.Helper()
	program, err := elf.NewFile(bytes.NewReader(text))
	require.NoError(t, err)
	for _, p := range program.Progs {
		require.NotEqual(t, elf.PT_INTERP, p.Type)
		require.NotEqual(t, elf.PT_DYNAMIC, p.Type)
	}
}

// requireRoots holds that the roots are many, and those of Let's Encrypt, Amazon
// and Google among them.
func requireRoots(t *testing.T, text []byte) {
	t.Helper()
	var names []string
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		names = append(names, c.Subject.CommonName)
	}
	require.Greater(t, len(names), 100)
	require.Subset(t, names, []string{"ISRG Root X1", "ISRG Root X2", "Amazon Root CA 1", "GTS Root R1"})
}

// The same files give the same bytes, whoever unpacked them when and where.
func TestImageIsReproducible(t *testing.T) {
	one, two := imageContext(t, t.TempDir()), imageContext(t, t.TempDir())
	require.NoError(t, filepath.WalkDir(two, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		info, err := d.Info()
		return errors.Join(err, os.Chtimes(path, old, old), os.Chmod(path, info.Mode()|info.Mode()>>3&0o055))
	}))
	require.True(t, read(t, buildImage(t, one).file) == read(t, buildImage(t, two).file))
}

// What cannot be built as Docker would build it is refused, with its line.
func TestImageRefuses(t *testing.T) {
	dir := imageContext(t, t.TempDir())
	for line, want := range map[string]string{
		"RUN true":                        "cannot be built here",
		"WORKDIR /x":                      "cannot be built here",
		"ENV A=b":                         "cannot be built here",
		"CMD clickedge server":            "needs a shell",
		"COPY --chown=1 LICENSE /x":       "cannot be built here",
		"COPY LICENSE /x":                 "say a mode",
		"COPY --chmod=a+x LICENSE /x":     "say a mode",
		"COPY --chmod=4755 LICENSE /x":    "say a mode",
		"COPY --chmod=0644 missing /x":    "missing",
		"COPY --chmod=0644 . /x/":         "only files",
		"ADD https://example.com/x.tar /": "no such file",
		"ADD --chown=1 root.tar /":        "cannot be built here",
		"HEALTHCHECK CMD curl localhost":  "needs a shell",
		"FROM scratch":                    "one stage",
		"NONSENSE":                        "NONSENSE",
	} {
		text := "FROM scratch\n" + line + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text), 0o600))
		err := tried(t, imager, "build", "-context", dir, "-arch", "amd64", "-name", "a:b", "-date", "2026-01-02T03:04:05Z", filepath.Join(dir, "out.tar"))
		require.ErrorContains(t, err, want, line)
		require.NoFileExists(t, filepath.Join(dir, "out.tar"))
	}
}

// unpack lays an image's root file system, with its owners.
func (b *built) unpack(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	for i, layer := range b.layers {
		name := filepath.Join(t.TempDir(), "layer.tar")
		require.NoError(t, os.WriteFile(name, layer, 0o600), i)
		do(t, "tar", "--extract", "--numeric-owner", "--same-owner", "--preserve-permissions", "--directory", dir, "--file", name)
	}
	return dir
}

const click = "/CL0/https:%2F%2Fshop.example.com%2Fa%3Fb=1/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"

const sites = `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "count": false, "destinations": ["shop.example.com"]}}}`

// The image's own command answers a click, in the image's root file system, as
// its user, without capabilities, on the image's ports in a network of its own.
func TestImageRuns(t *testing.T) {
	if os.Geteuid() != 0 {
		lack(t, "only root can go into another root file system")
	}
	nsenter, curl := need(t, "nsenter"), need(t, "curl")
	need(t, "ip")
	permitted(t, need(t, "unshare"), "--net", "sh", "-ec", "ip link set lo up")
	b := buildImage(t, imageContext(t, t.TempDir()))
	dir := b.unpack(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "etc/clickedge/sites.json"), []byte(sites), 0o644))
	inside := []string{"chroot", "--userspec=" + b.config.User, dir}
	call := slices.Concat([]string{"--net", "sh", "-ec", `ip link set lo up; exec "$@"`, "sh"}, inside, b.config.Entrypoint, b.config.Cmd)
	server := exec.CommandContext(t.Context(), need(t, "unshare"), call...)
	var out, said bytes.Buffer
	server.Stdout, server.Stderr, server.Env = &out, &said, []string{"PATH=" + os.Getenv("PATH")}
	require.NoError(t, server.Start())
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() { _ = server.Process.Kill() })

	within := append([]string{"--net=/proc/" + strconv.Itoa(server.Process.Pid) + "/ns/net"}, inside...)
	health := append(within, b.config.Healthcheck.Test[1:]...)
	require.Eventually(t, func() bool { return tried(t, nsenter, health...) == nil }, time.Minute, 50*time.Millisecond)
	status := read(t, "/proc", strconv.Itoa(server.Process.Pid), "status")
	require.Contains(t, status, "\nUid:\t65532\t65532\t65532\t65532\n")
	require.Contains(t, status, "\nCapEff:\t0000000000000000\n")

	answer := do(t, nsenter, within[0], curl, "-si", "--max-time", "30", "-H", "Host: link.example.com", "http://127.0.0.1:8080"+click)
	require.Contains(t, answer, "HTTP/1.1 302 ")
	require.Contains(t, answer, "\r\nlocation: https://shop.example.com/a?b=1\r\n")
	require.NoError(t, server.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-ended, "%s", &said)
	require.Equal(t, 1, strings.Count(out.String(), "\n"), "%s", &out)
	require.DirExists(t, filepath.Join(dir, "var/lib/clickedge/certificates"))
	require.FileExists(t, filepath.Join(dir, "var/lib/clickedge/links"))
}
