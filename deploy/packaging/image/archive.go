package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"path"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// archive writes an image as Docker has done since version 25: an OCI layout,
// with the manifest.json that older readers want.
func archive(w io.Writer, img v1.Image, o options) error {
	t := tar.NewWriter(w)
	a := &archiver{tar: t, date: o.date}
	a.dir("blobs/")
	a.dir("blobs/sha256/")
	config, err := img.RawConfigFile()
	configName, err2 := img.ConfigName()
	layers, err3 := img.Layers()
	manifest, err4 := img.RawManifest()
	digest, err5 := img.Digest()
	if err := errors.Join(err, err2, err3, err4, err5); err != nil {
		return err
	}
	a.blob(configName, config)
	var names []string
	for _, layer := range layers {
		names = append(names, a.layer(layer))
	}
	a.blob(digest, manifest)
	a.json("index.json", index(digest, int64(len(manifest)), o))
	a.json("oci-layout", map[string]string{"imageLayoutVersion": "1.0.0"})
	a.json("manifest.json", []any{map[string]any{"Config": blobName(configName), "RepoTags": []string{o.name}, "Layers": names}})
	return errors.Join(a.err, t.Close())
}

// index names the one image of the archive.
func index(digest v1.Hash, size int64, o options) v1.IndexManifest {
	_, tag, _ := strings.Cut(o.name, ":")
	return v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{{
		MediaType: types.OCIManifestSchema1, Digest: digest, Size: size,
		Platform: &v1.Platform{OS: "linux", Architecture: o.arch},
		Annotations: map[string]string{
			"io.containerd.image.name":          "docker.io/library/" + o.name,
			"org.opencontainers.image.ref.name": tag,
		},
	}}}
}

// archiver writes files until one fails.
type archiver struct {
	tar  *tar.Writer
	date time.Time
	err  error
}

func (a *archiver) dir(name string) {
	if a.err == nil {
		a.err = a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755, ModTime: a.date})
	}
}

func (a *archiver) file(name string, text []byte) {
	if a.err != nil {
		return
	}
	a.err = a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(text)), ModTime: a.date})
	if a.err == nil {
		_, a.err = a.tar.Write(text)
	}
}

func (a *archiver) json(name string, v any) {
	text, err := json.Marshal(v)
	a.err = errors.Join(a.err, err)
	a.file(name, text)
}

func (a *archiver) blob(h v1.Hash, text []byte) { a.file(blobName(h), text) }

// layer writes a layer and returns its name.
func (a *archiver) layer(l v1.Layer) string {
	digest, err := l.Digest()
	r, err2 := l.Compressed()
	if a.err = errors.Join(a.err, err, err2); a.err != nil {
		return ""
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	a.err = errors.Join(a.err, err)
	a.blob(digest, text)
	return blobName(digest)
}

func blobName(h v1.Hash) string { return path.Join("blobs", h.Algorithm, h.Hex) }
