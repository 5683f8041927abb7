package applytest

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha512"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

type service struct {
	id, name, comment string
	versions          []*version
	active, staged    int
}

// version has parts of each kind, "backend", "logging/https", by name.
type version struct {
	number  int
	locked  bool
	comment string
	parts   map[string]map[string]object
	hash    string // of the package
}

func (s *service) version(n int) *version {
	if n < 1 || n > len(s.versions) {
		return nil
	}
	return s.versions[n-1]
}

func (s *service) show(v *version) any {
	if v == nil {
		return nil
	}
	return object{"service_id": s.id, "number": v.number, "locked": v.locked, "active": v.number == s.active, "staging": v.number == s.staged, "comment": v.comment}
}

func (s *service) details() object {
	var versions []any
	for _, v := range s.versions {
		versions = append(versions, s.show(v))
	}
	environments := []object{}
	if s.staged != 0 {
		environments = append(environments, object{"name": "staging", "active_version": s.staged, "service_id": s.id})
	}
	return object{"id": s.id, "name": s.name, "comment": s.comment, "type": "wasm", "versions": versions, "environments": environments,
		"active_version": s.show(s.version(s.active)), "version": s.show(s.version(len(s.versions)))}
}

// brief is the answer to a change; its "version" is a number.
func (s *service) brief() object {
	all := s.details()
	return object{"id": s.id, "name": s.name, "comment": s.comment, "type": "wasm", "version": len(s.versions), "versions": all["versions"]}
}

func (f *fastly) handleServices(mux *http.ServeMux) {
	handle(mux, "POST /service", func(r *http.Request) (any, *refusal) {
		for _, s := range f.services {
			if s.name == r.PostFormValue("name") {
				return nil, &refusal{http.StatusConflict, "Name has already been taken"}
			}
		}
		s := &service{id: f.id("service"), name: r.PostFormValue("name"), comment: r.PostFormValue("comment")}
		s.versions = []*version{{number: 1, parts: map[string]map[string]object{}}}
		f.services[s.id] = s
		return s.brief(), nil
	})
	f.ofService(mux, "GET /service/{service}/details", func(s *service, _ *http.Request) (any, *refusal) { return s.details(), nil })
	f.ofService(mux, "PUT /service/{service}", func(s *service, r *http.Request) (any, *refusal) {
		s.name, s.comment = r.PostFormValue("name"), r.PostFormValue("comment")
		return s.brief(), nil
	})
	f.ofService(mux, "DELETE /service/{service}", func(s *service, _ *http.Request) (any, *refusal) {
		if s.active != 0 {
			return nil, &refusal{http.StatusUnprocessableEntity, "the service is active"}
		}
		delete(f.services, s.id)
		return object{"status": "ok"}, nil
	})
	f.handleVersions(mux)
	f.handleParts(mux)
	f.handlePackages(mux)
	// Products that the account does not have.
	handle(mux, "GET /enabled-products/v1/{product}/services/{service}", func(*http.Request) (any, *refusal) { return nil, missing("product") })
}

func (f *fastly) ofService(mux *http.ServeMux, pattern string, answer func(*service, *http.Request) (any, *refusal)) {
	handle(mux, pattern, func(r *http.Request) (any, *refusal) {
		if s := f.services[r.PathValue("service")]; s != nil {
			return answer(s, r)
		}
		return nil, missing("service")
	})
}

func (f *fastly) ofVersion(mux *http.ServeMux, method, rest string, answer func(*service, *version, *http.Request) (any, *refusal)) {
	f.ofService(mux, method+" /service/{service}/version/{version}"+rest, func(s *service, r *http.Request) (any, *refusal) {
		n, _ := strconv.Atoi(r.PathValue("version"))
		v := s.version(n)
		switch {
		case v == nil:
			return nil, missing("version")
		case v.locked && rest != "" && rest != "/clone" && rest != "/deactivate" && method != http.MethodGet && rest != "/activate" && rest != "/activate/staging":
			return nil, &refusal{http.StatusUnprocessableEntity, "Version is locked"}
		}
		return answer(s, v, r)
	})
}

func (f *fastly) handleVersions(mux *http.ServeMux) {
	f.ofVersion(mux, "GET", "", func(s *service, v *version, _ *http.Request) (any, *refusal) { return s.show(v), nil })
	f.ofVersion(mux, "PUT", "", func(s *service, v *version, r *http.Request) (any, *refusal) {
		v.comment = r.PostFormValue("comment")
		return s.show(v), nil
	})
	f.ofVersion(mux, "PUT", "/clone", func(s *service, v *version, _ *http.Request) (any, *refusal) {
		c := &version{number: len(s.versions) + 1, comment: v.comment, hash: v.hash, parts: map[string]map[string]object{}}
		for kind, parts := range v.parts {
			c.parts[kind] = map[string]object{}
			for name, part := range parts {
				c.parts[kind][name] = maps.Clone(part)
			}
		}
		s.versions = append(s.versions, c)
		return s.show(c), nil
	})
	f.ofVersion(mux, "GET", "/validate", func(_ *service, v *version, _ *http.Request) (any, *refusal) {
		if v.hash == "" {
			return object{"status": "error", "msg": "the version has no package"}, nil
		}
		return object{"status": "ok"}, nil
	})
	f.ofVersion(mux, "PUT", "/activate", func(s *service, v *version, _ *http.Request) (any, *refusal) {
		if v.hash == "" {
			return nil, &refusal{http.StatusUnprocessableEntity, "the version has no package"}
		}
		s.active, v.locked = v.number, true
		f.noteDomains(v)
		return s.show(v), nil
	})
	f.ofVersion(mux, "PUT", "/activate/staging", func(s *service, v *version, _ *http.Request) (any, *refusal) {
		s.staged, v.locked = v.number, true
		return s.show(v), nil
	})
	f.ofVersion(mux, "PUT", "/deactivate", func(s *service, v *version, _ *http.Request) (any, *refusal) {
		s.active = 0
		return s.show(v), nil
	})
}

// handleParts: parts that have names of their own, and links to stores, whose name
// may not be that in the path.
func (f *fastly) handleParts(mux *http.ServeMux) {
	for _, kind := range []string{"backend", "domain", "resource", "logging/https", "logging/s3", "logging/gcs", "logging/bigquery", "logging/kafka"} {
		f.ofVersion(mux, "GET", "/"+kind, func(_ *service, v *version, _ *http.Request) (any, *refusal) {
			list := []object{}
			for _, name := range slices.Sorted(maps.Keys(v.parts[kind])) {
				list = append(list, v.parts[kind][name])
			}
			return list, nil
		})
		f.ofVersion(mux, "POST", "/"+kind, func(s *service, v *version, r *http.Request) (any, *refusal) {
			return f.addPart(s, v, kind, r)
		})
		f.ofVersion(mux, "PUT", "/"+kind+"/{name}", func(_ *service, v *version, r *http.Request) (any, *refusal) {
			part := v.parts[kind][r.PathValue("name")]
			if part == nil {
				return nil, missing(kind)
			}
			fill(part, r)
			return part, nil
		})
		f.ofVersion(mux, "DELETE", "/"+kind+"/{name}", func(_ *service, v *version, r *http.Request) (any, *refusal) {
			if v.parts[kind][r.PathValue("name")] == nil {
				return nil, missing(kind)
			}
			delete(v.parts[kind], r.PathValue("name"))
			return object{"status": "ok"}, nil
		})
	}
}

func (f *fastly) addPart(s *service, v *version, kind string, r *http.Request) (any, *refusal) {
	part := object{"service_id": s.id, "version": v.number}
	fill(part, r)
	name, _ := part["name"].(string)
	if kind == "resource" {
		if f.stores[r.PostFormValue("resource_id")] == nil {
			return nil, missing("store")
		}
		name = f.id("link")
		part["id"] = name
	}
	if name == "" || v.parts[kind][name] != nil {
		return nil, &refusal{http.StatusConflict, "Duplicate record, or a part without a name"}
	}
	if v.parts[kind] == nil {
		v.parts[kind] = map[string]object{}
	}
	v.parts[kind][name] = part
	return part, nil
}

// fill takes over what a form says, as texts: the client reads them as numbers
// where it wants such.
func fill(part object, r *http.Request) {
	_ = r.ParseForm()
	for name := range r.PostForm {
		part[name] = r.PostFormValue(name)
	}
}

func (f *fastly) handlePackages(mux *http.ServeMux) {
	show := func(s *service, v *version) any {
		return object{"id": "package", "service_id": s.id, "version": v.number, "metadata": object{"files_hash": v.hash}}
	}
	f.ofVersion(mux, "GET", "/package", func(s *service, v *version, _ *http.Request) (any, *refusal) {
		if v.hash == "" {
			return nil, missing("package")
		}
		return show(s, v), nil
	})
	f.ofVersion(mux, "PUT", "/package", func(s *service, v *version, r *http.Request) (any, *refusal) {
		file, _, err := r.FormFile("package")
		if err != nil {
			return nil, &refusal{http.StatusBadRequest, err.Error()}
		}
		if v.hash, err = filesHash(file); err != nil {
			return nil, &refusal{http.StatusBadRequest, err.Error()}
		}
		return show(s, v), nil
	})
}

// filesHash is what Fastly says of a package: a hash over the contents of its
// files, in the order of their names.
func filesHash(r io.Reader) (string, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return "", err
	}
	files := map[string][]byte{}
	for archive := tar.NewReader(z); ; {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
		if h.Typeflag == tar.TypeReg {
			if files[h.Name], err = io.ReadAll(archive); err != nil {
				return "", err
			}
		}
	}
	sum := sha512.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sum.Write(files[name])
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
