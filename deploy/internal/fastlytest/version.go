package fastlytest

import (
	"fmt"
	"strconv"
)

func (a *API) routeVersions(r *router) {
	const one = "/service/{service}/version/{version}"
	r.handle("GET /service/{service}/version", a.inService(func(c *call, s *service) {
		list := []any{}
		for _, v := range s.versions {
			list = append(list, s.versionJSON(v))
		}
		c.answer(list)
	}))
	r.handle("POST /service/{service}/version", a.inService(func(c *call, s *service) {
		v := &version{number: len(s.versions) + 1, comment: c.form().Get("comment"), objects: map[string][]object{}}
		s.versions = append(s.versions, v)
		c.answer(s.versionJSON(v))
	}))
	r.handle("GET "+one, a.inVersion(func(c *call, s *service, v *version) { c.answer(s.versionJSON(v)) }))
	// The comment is not locked: the Terraform provider changes that of an
	// active version.
	r.handle("PUT "+one, a.inVersion(func(c *call, s *service, v *version) {
		if form := c.form(); form.Has("comment") {
			v.comment = form.Get("comment")
		}
		c.answer(s.versionJSON(v))
	}))
	r.handle("PUT "+one+"/clone", a.inVersion(func(c *call, s *service, v *version) {
		cloned := v.clone(len(s.versions) + 1)
		s.versions = append(s.versions, cloned)
		c.answer(s.versionJSON(cloned))
	}))
	r.handle("PUT "+one+"/lock", a.inVersion(func(c *call, s *service, v *version) {
		v.locked = true
		c.answer(s.versionJSON(v))
	}))
	r.handle("GET "+one+"/validate", a.inVersion(func(c *call, s *service, v *version) {
		if msg := a.invalid(s, v); msg != "" {
			c.answer(map[string]any{"status": "error", "msg": msg})
			return
		}
		c.answer(map[string]any{"status": "ok", "msg": nil})
	}))
	r.handle("PUT "+one+"/activate", a.inVersion(a.activate))
	r.handle("PUT "+one+"/activate/staging", a.inVersion(a.stage))
	r.handle("PUT "+one+"/deactivate", a.inVersion(a.deactivate))
	r.handle("PUT "+one+"/deactivate/staging", a.inVersion(a.deactivate))
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
	for _, other := range s.versions {
		other.active = false
	}
	v.active, v.locked, v.deployed = true, true, true
	c.answer(s.versionJSON(v))
}

func (a *API) stage(c *call, s *service, v *version) {
	if msg := a.invalid(s, v); msg != "" {
		c.refuse(400, "Bad request", msg)
		return
	}
	for _, other := range s.versions {
		other.staging = false
	}
	v.staging, v.locked = true, true
	c.answer(s.versionJSON(v))
}

func (a *API) deactivate(c *call, s *service, v *version) {
	if c.r.URL.Path[len(c.r.URL.Path)-1] == 'g' { // …/staging
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
