package fastlytest

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"io"
	"mime"
	"mime/multipart"

	"github.com/clickedge/clickedge/deploy/pack"
)

// uploaded is a package that a version has.
type uploaded struct {
	id    string
	data  []byte
	files []pack.File
}

func (a *API) routePackage() {
	const path = "/service/{service}/version/{version}/package"
	a.handle("GET "+path, a.inVersion(func(c *call, s *service, v *version) {
		if v.pkg == nil {
			c.notFound("Package")
			return
		}
		c.answer(s.packageJSON(v))
	}))
	a.handle("PUT "+path, a.editVersion(func(c *call, s *service, v *version) {
		data, ok := formFile(c)
		files, err := pack.ReadArchive(bytes.NewReader(data))
		if !ok || err != nil {
			c.refuse(400, "Bad request", "Failed to extract metadata from package")
			return
		}
		v.pkg = &uploaded{id: a.id("package"), data: data, files: files}
		c.answer(s.packageJSON(v))
	}))
}

func (s *service) packageJSON(v *version) map[string]any {
	sum := sha512.Sum512(v.pkg.data)
	return map[string]any{"id": v.pkg.id, "service_id": s.id, "version": v.number, "created_at": created, "updated_at": created, "deleted_at": nil,
		"metadata": map[string]any{"name": "clickedge", "description": "", "authors": []string{}, "language": "other", "size": len(v.pkg.data),
			"hashsum": hex.EncodeToString(sum[:]), "files_hash": pack.Hash(v.pkg.files)}}
}

// formFile reads the field "package" of a multipart form.
func formFile(c *call) ([]byte, bool) {
	_, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil {
		return nil, false
	}
	parts := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, false
		}
		if part.FormName() == "package" {
			data, err := io.ReadAll(part)
			return data, err == nil
		}
	}
}

// Package is the archive whose module answers for a host; nil for none.
func (a *API) Package(host string) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.servedBy(host)
	if s == nil || s.active() == nil || s.active().pkg == nil {
		return nil
	}
	return s.active().pkg.data
}
