package fastlytest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// service is a Compute service and all its versions.
type service struct {
	entry
	name, comment, kind string
	versions            []*version
}

// version is one version of a service. Number 1 is versions[0].
type version struct {
	number                            int
	active, locked, staging, deployed bool
	comment                           string
	objects                           map[string][]object // by kind, as "backend"
	pkg                               *uploaded
}

func (v *version) clone(number int) *version {
	c := &version{number: number, comment: v.comment, pkg: v.pkg, objects: map[string][]object{}}
	for kind, list := range v.objects {
		for _, o := range list {
			c.objects[kind] = append(c.objects[kind], maps.Clone(o))
		}
	}
	return c
}

func (s *service) active() *version {
	for _, v := range s.versions {
		if v.active {
			return v
		}
	}
	return nil
}

func (s *service) versionJSON(v *version) map[string]any {
	return map[string]any{"number": v.number, "active": v.active, "locked": v.locked, "staging": v.staging, "deployed": v.deployed, "testing": false,
		"comment": v.comment, "service_id": s.id, "created_at": created, "updated_at": created, "deleted_at": nil, "environments": s.environments(v)}
}

// environments are those in which one of the versions is active.
func (s *service) environments(versions ...*version) []any {
	list := []any{}
	for _, v := range versions {
		if v.staging {
			list = append(list, map[string]any{"name": "staging", "active_version": v.number, "service_id": s.id})
		}
	}
	return list
}

func (s *service) json() map[string]any {
	current := s.versions[len(s.versions)-1].number
	if v := s.active(); v != nil {
		current = v.number
	}
	return map[string]any{"id": s.id, "name": s.name, "comment": s.comment, "type": s.kind, "customer_id": "customer0001", "paused": false,
		"version": current, "versions": each(s.versions, s.versionJSON), "created_at": created, "updated_at": created, "deleted_at": nil}
}

// details has the last version and the active one in full.
func (s *service) details() map[string]any {
	d := s.json()
	d["version"] = s.versionDetails(s.versions[len(s.versions)-1])
	d["active_version"] = nil
	if v := s.active(); v != nil {
		d["version"], d["active_version"] = s.versionDetails(v), s.versionDetails(v)
	}
	d["environments"] = s.environments(s.versions...)
	return d
}

func (s *service) versionDetails(v *version) map[string]any {
	d := s.versionJSON(v)
	d["backends"], d["domains"] = s.list(v, "backend"), s.list(v, "domain")
	return d
}

func (a *API) routeServices() {
	a.handle("GET /service", a.listServices)
	a.handle("POST /service", func(c *call) {
		if s := a.createService(c); s != nil {
			c.answer(s.json())
		}
	})
	a.handle("GET /service/search", func(c *call) {
		name := c.r.URL.Query().Get("name")
		for _, s := range a.services {
			if s.name == name {
				c.answer(s.json())
				return
			}
		}
		c.notFound(fmt.Sprintf("Service '%s'", name))
	})
	a.handle("GET /service/{service}", a.inService(func(c *call, s *service) { c.answer(s.json()) }))
	a.handle("GET /service/{service}/details", a.inService(func(c *call, s *service) { c.answer(s.details()) }))
	a.handle("PUT /service/{service}", a.inService(func(c *call, s *service) {
		form := c.form()
		if form.Has("name") {
			s.name = form.Get("name")
		}
		if form.Has("comment") {
			s.comment = form.Get("comment")
		}
		c.answer(s.json())
	}))
	a.handle("DELETE /service/{service}", a.inService(a.deleteService))
	a.handle("GET /service/{service}/domain", a.inService(func(c *call, s *service) {
		if v := s.active(); v != nil {
			c.answer(s.list(v, "domain"))
			return
		}
		c.answer([]any{})
	}))
}

// listServices answers pages of the classic kind: numbered, and the last one
// named by a Link header.
func (a *API) listServices(c *call) {
	size := a.pageSize()
	last := max(1, (len(a.services)+size-1)/size)
	number, err := strconv.Atoi(c.r.URL.Query().Get("page"))
	if err != nil {
		number = 1
	}
	list := []any{}
	for i := (number - 1) * size; i >= 0 && i < min(number*size, len(a.services)); i++ {
		list = append(list, a.services[i].json())
	}
	link := func(page int, rel string) string {
		q := c.r.URL.Query()
		q.Set("page", strconv.Itoa(page))
		return fmt.Sprintf("<https://api.fastly.com/service?%s>; rel=%q", q.Encode(), rel)
	}
	c.w.Header().Set("Link", link(last, "last"))
	if number < last {
		c.w.Header().Set("Link", link(number+1, "next")+", "+link(last, "last"))
	}
	c.answer(list)
}

func (a *API) createService(c *call) *service {
	form := c.form()
	name, kind := form.Get("name"), form.Get("type")
	switch {
	case name == "":
		c.refuse(400, "Bad request", "Name can't be blank")
		return nil
	case slices.ContainsFunc(a.services, func(s *service) bool { return s.name == name }):
		c.refuse(409, "Duplicate record", fmt.Sprintf("Name '%s' is already taken", name))
		return nil
	case kind == "":
		kind = "vcl"
	}
	s := &service{entry: entry{a.id("service")}, name: name, comment: form.Get("comment"), kind: kind}
	s.versions = []*version{{number: 1, objects: map[string][]object{}}}
	a.services = append(a.services, s)
	return s
}

// deleteService: an active service is not deleted.
func (a *API) deleteService(c *call, s *service) {
	if s.active() != nil {
		c.refuse(400, "Bad request", "Service is active")
		return
	}
	a.services = slices.DeleteFunc(a.services, func(o *service) bool { return o == s })
	for _, d := range a.domains {
		if d.service == s.id {
			d.service = ""
		}
	}
	c.answer(map[string]string{"status": "ok"})
}

// inService finds the service that the path names. If it does not exist, a
// request for it alone gets a 400, as go-fastly says of GetService.
func (a *API) inService(do func(*call, *service)) func(*call) {
	return in(&a.services, "service", do, func(c *call, id string) {
		c.refuse(400, "Bad request", fmt.Sprintf("Couldn't find Service '%s'", id))
	})
}

func (a *API) service(id string) *service { return of(a.services, id) }
