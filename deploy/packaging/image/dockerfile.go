package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// options say what is built.
type options struct {
	context string // folder
	arch    string
	name    string
	date    time.Time
}

// builder carries out the steps of one stage.
type builder struct {
	options
	img     v1.Image
	config  v1.Config
	folders map[string]bool // that are there
}

// image carries out a Dockerfile. It knows the instructions that ours has, and
// refuses every other: what it makes must be what "docker build" makes.
func (o options) image(text []byte) (v1.Image, error) {
	ast, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	stages, args, err := instructions.Parse(ast.AST, nil)
	if err != nil {
		return nil, err
	}
	if len(stages) != 1 || len(args) > 0 || stages[0].BaseName != "scratch" || stages[0].Platform != "" {
		return nil, errors.New("Dockerfile: one stage, FROM scratch, is all that can be built here")
	}
	b := &builder{options: o, img: mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1), folders: map[string]bool{"/": true}}
	for _, c := range stages[0].Commands {
		if err := b.step(c); err != nil {
			return nil, fmt.Errorf("Dockerfile:%d: %s: %w", c.Location()[0].Start.Line, c.Name(), err)
		}
	}
	return b.configured()
}

var errUnknown = errors.New("this instruction, or this form of it, cannot be built here")

func (b *builder) step(c instructions.Command) error {
	switch c := c.(type) {
	case *instructions.AddCommand:
		return b.add(c)
	case *instructions.CopyCommand:
		return b.copy(c)
	case *instructions.UserCommand:
		b.config.User = c.User
	case *instructions.ExposeCommand:
		b.config.ExposedPorts = map[string]struct{}{}
		for _, port := range c.Ports {
			b.config.ExposedPorts[port+"/tcp"] = struct{}{}
		}
	case *instructions.StopSignalCommand:
		b.config.StopSignal = c.Signal
	case *instructions.HealthCheckCommand:
		h := c.Health
		if len(h.Test) > 0 && h.Test[0] == "CMD-SHELL" {
			return noShell(true)
		}
		b.config.Healthcheck = &v1.HealthConfig{Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod, Retries: h.Retries}
	case *instructions.EntrypointCommand:
		b.config.Entrypoint = c.CmdLine
		return noShell(c.PrependShell)
	case *instructions.CmdCommand:
		b.config.Cmd = c.CmdLine
		return noShell(c.PrependShell)
	default:
		return errUnknown
	}
	return nil
}

// noShell refuses a command line that a shell would read: there is none.
func noShell(shell bool) error {
	if shell {
		return errors.New(`it needs a shell; write it as ["…"]`)
	}
	return nil
}

// add unpacks a tar file of the context at the root.
func (b *builder) add(c *instructions.AddCommand) error {
	if len(c.SourcePaths) != 1 || c.DestPath != "/" || c.Chown != "" || c.Chmod != "" || path.Ext(c.SourcePaths[0]) != ".tar" {
		return errUnknown
	}
	text, err := os.ReadFile(filepath.Join(b.context, c.SourcePaths[0]))
	if err != nil {
		return err
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for r := tar.NewReader(bytes.NewReader(text)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeDir {
			b.folders["/"+strings.Trim(h.Name, "/")] = true
		}
		h.ModTime = b.date
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return b.append(c.String(), layer.Bytes())
}

// copy puts files of the context into the image, with root as their owner. Their
// mode must be said: that of the context depends on who unpacked it.
func (b *builder) copy(c *instructions.CopyCommand) error {
	into := strings.HasSuffix(c.DestPath, "/")
	if c.From != "" || c.Chown != "" || c.Link || c.Parents || len(c.ExcludePatterns) > 0 || len(c.SourceContents) > 0 || !path.IsAbs(c.DestPath) || !into && len(c.SourcePaths) != 1 {
		return errUnknown
	}
	mode, err := strconv.ParseInt(c.Chmod, 8, 16)
	if err != nil || mode < 0 || mode > 0o777 {
		return errors.New("say a mode, as --chmod=0644")
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, from := range c.SourcePaths {
		to := path.Clean(c.DestPath)
		if into {
			to = path.Join(to, path.Base(from))
		}
		if err := errors.Join(b.parents(w, path.Dir(to)), b.file(w, from, to, mode)); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return b.append(c.String(), layer.Bytes())
}

// parents makes the folders that are not there yet.
func (b *builder) parents(w *tar.Writer, dir string) error {
	if b.folders[dir] {
		return nil
	}
	b.folders[dir] = true
	return errors.Join(
		b.parents(w, path.Dir(dir)),
		w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir[1:] + "/", Mode: 0o755, ModTime: b.date}),
	)
}

// file copies a file of the context.
func (b *builder) file(w *tar.Writer, from, to string, mode int64) error {
	name := filepath.Join(b.context, from)
	stat, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if !stat.Mode().IsRegular() {
		return fmt.Errorf("%s: only files can be copied here", from)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: to[1:], Mode: mode, Size: int64(len(text)), ModTime: b.date}); err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// append adds a layer.
func (b *builder) append(by string, text []byte) error {
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(gzip.BestCompression), tarball.WithCompressedCaching)
	if err != nil {
		return err
	}
	b.img, err = mutate.Append(b.img, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: b.date}, CreatedBy: by}})
	return err
}

// configured puts the configuration into the image.
func (b *builder) configured() (v1.Image, error) {
	file, err := b.img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", b.arch
	file.Created = v1.Time{Time: b.date}
	file.Config = b.config
	return mutate.ConfigFile(b.img, file)
}
