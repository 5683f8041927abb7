package fastlytest

import (
	"fmt"
	"strconv"
	"strings"
)

func (a *API) routeVersions() {
	const one = "/service/{service}/version/{version}"
	a.handle("GET /service/{service}/version", a.inService(func(c *call, s *service) {
		c.answer(each(s.versions, s.versionJSON))
	}))
	a.handle("POST /service/{service}/version", a.inService(func(c *call, s *service) {
		v := &version{number: len(s.versions) + 1, comment: c.form().Get("comment"), objects: map[string][]object{}}
		s.versions = append(s.versions, v)
		c.answer(s.versionJSON(v))
	}))
	a.handle("GET "+one, a.inVersion(func(c *call, s *service, v *version) { c.answer(s.versionJSON(v)) }))
	// The comment is not locked: the Terraform provider changes that of an
	// active version.
	a.handle("PUT "+one, a.inVersion(func(c *call, s *service, v *version) {
		if form := c.form(); form.Has("comment") {
			v.comment = form.Get("comment")
		}
		c.answer(s.versionJSON(v))
	}))
	a.handle("PUT "+one+"/clone", a.inVersion(func(c *call, s *service, v *version) {
		cloned := v.clone(len(s.versions) + 1)
		s.versions = append(s.versions, cloned)
		c.answer(s.versionJSON(cloned))
	}))
	a.handle("PUT "+one+"/lock", a.inVersion(func(c *call, s *service, v *version) {
		v.locked = true
		c.answer(s.versionJSON(v))
	}))
	a.handle("GET "+one+"/validate", a.inVersion(func(c *call, s *service, v *version) {
		if msg := a.invalid(s, v); msg != "" {
			c.answer(map[string]any{"status": "error", "msg": msg})
			return
		}
		c.answer(map[string]any{"status": "ok", "msg": nil})
	}))
	a.handle("PUT "+one+"/activate", a.inVersion(a.activate))
	a.handle("PUT "+one+"/activate/staging", a.inVersion(a.activate))
	a.handle("PUT "+one+"/deactivate", a.inVersion(a.deactivate))
	a.handle("PUT "+one+"/deactivate/staging", a.inVersion(a.deactivate))
}

// invalid says why a version cannot be activated. That a host can be on one
// service only is known; the API's wording is not.
func (a *API) invalid(s *service, v *version) string {
	if s.kind == "wasm" && v.pkg == nil {
		return "Service has no package"
	}
	for _, d := range v.objects["domain"] {
		name := d["name"].(string)
		if other := a.servedBy(name); other != nil && other != s {
			return fmt.Sprintf("Domain '%s' is on service '%s' already", name, other.id)
		}
	}
	return ""
}

func (a *API) activate(c *call, s *service, v *version) {
	if msg := a.invalid(s, v); msg != "" {
		c.refuse(400, "Bad request", msg)
		return
	}
	v.locked = true
	if inStaging(c) {
		for _, other := range s.versions {
			other.staging = other == v
		}
	} else {
		for _, other := range s.versions {
			other.active = other == v
		}
		v.deployed = true
	}
	c.answer(s.versionJSON(v))
}

func inStaging(c *call) bool { return strings.HasSuffix(c.r.URL.Path, "/staging") }

func (a *API) deactivate(c *call, s *service, v *version) {
	if inStaging(c) {
		v.staging = false
	} else {
		v.active = false
	}
	c.answer(s.versionJSON(v))
}

// inVersion finds the version that the path names.
func (a *API) inVersion(do func(*call, *service, *version)) func(*call) {
	return a.inService(func(c *call, s *service) {
		n, err := strconv.Atoi(c.r.PathValue("version"))
		if err != nil || n < 1 || n > len(s.versions) {
			c.notFound(fmt.Sprintf("Version '%s' of service '%s'", c.r.PathValue("version"), s.id))
			return
		}
		do(c, s, s.versions[n-1])
	})
}

// editVersion refuses a version that is locked.
func (a *API) editVersion(do func(*call, *service, *version)) func(*call) {
	return a.inVersion(func(c *call, s *service, v *version) {
		if v.locked {
			c.refuse(422, "Version locked", fmt.Sprintf("Version '%d' for service '%s' is locked", v.number, s.id))
			return
		}
		do(c, s, v)
	})
}
