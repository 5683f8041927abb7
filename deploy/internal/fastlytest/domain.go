package fastlytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// domain is a domain that does not belong to a version of a service.
type domain struct {
	entry
	fqdn, description, service string // service is "" for none
}

func (d *domain) json() map[string]any {
	j := map[string]any{"id": d.id, "fqdn": d.fqdn, "description": d.description, "service_id": nil, "activated": d.service != "", "verified": false,
		"created_at": created, "updated_at": created}
	if d.service != "" {
		j["service_id"] = d.service
	}
	return j
}

func (a *API) routeDomains() {
	const root = "/domain-management/v1/domains"
	a.handle("GET "+root, func(c *call) {
		q := c.r.URL.Query()
		list := slices.DeleteFunc(slices.Clone(a.domains), func(d *domain) bool {
			// A part of the name is enough, as the reference says.
			return !strings.Contains(d.fqdn, q.Get("fqdn")) || q.Get("service_id") != "" && d.service != q.Get("service_id")
		})
		a.page(c, len(list), func(i int) any { return list[i].json() })
	})
	a.handle("POST "+root, func(c *call) { a.createDomain(c) })
	a.handle("GET "+root+"/{domain}", a.inDomain(func(c *call, d *domain) { c.answer(d.json()) }))
	a.handle("PATCH "+root+"/{domain}", a.inDomain(a.updateDomain))
	a.handle("DELETE "+root+"/{domain}", a.inDomain(func(c *call, d *domain) {
		a.domains = slices.DeleteFunc(a.domains, func(o *domain) bool { return o == d })
		c.w.WriteHeader(204)
	}))
}

func (a *API) createDomain(c *call) {
	var in struct {
		FQDN, Description string
		ServiceID         *string `json:"service_id"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		c.invalid("Invalid body", err.Error())
		return
	}
	switch {
	case !strings.Contains(in.FQDN, ".") || in.FQDN != strings.ToLower(in.FQDN):
		c.invalid("Invalid value for fqdn", "fqdn is not a domain name")
	case slices.ContainsFunc(a.domains, func(d *domain) bool { return d.fqdn == in.FQDN }):
		c.invalid("Invalid value for fqdn", "fqdn has already been taken")
	case in.ServiceID != nil && a.service(*in.ServiceID) == nil:
		c.invalid("Invalid value for service_id", "service_id does not exist")
	default:
		d := &domain{entry: entry{a.id("domain")}, fqdn: in.FQDN, description: in.Description}
		if in.ServiceID != nil {
			d.service = *in.ServiceID
		}
		a.domains = append(a.domains, d)
		c.send("application/json", 201, d.json())
	}
}

// updateDomain empties fields that are sent as null, and keeps fields that are
// not sent.
func (a *API) updateDomain(c *call, d *domain) {
	var in map[string]*string
	if err := json.Unmarshal(c.body, &in); err != nil {
		c.invalid("Invalid body", err.Error())
		return
	}
	if id, sent := in["service_id"]; sent {
		if id != nil && a.service(*id) == nil {
			c.invalid("Invalid value for service_id", "service_id does not exist")
			return
		}
		d.service = text(id)
	}
	if description, sent := in["description"]; sent {
		d.description = text(description)
	}
	c.answer(d.json())
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (a *API) inDomain(do func(*call, *domain)) func(*call) {
	return in(&a.domains, "domain", do, func(c *call, id string) { c.refuse(404, "Not found", fmt.Sprintf("no domain '%s'", id)) })
}

// watch records when a host stops being served.
type watch struct {
	served map[string]bool
	off    []string
}

// Off lists the hosts that stopped being served, as "HOST after METHOD /path".
func (a *API) Off() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.watch.off)
}

// Served lists the hosts that an active version answers for, sorted.
func (a *API) Served() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.hosts()))
}

func (w *watch) look(a *API, r Request) {
	now := a.hosts()
	for host := range w.served {
		if !now[host] {
			w.off = append(w.off, host+" after "+r.String())
		}
	}
	w.served = now
}

// hosts are those that an active version answers for.
func (a *API) hosts() map[string]bool {
	hosts := map[string]bool{}
	for _, s := range a.services {
		if v := s.active(); v != nil {
			for _, d := range v.objects["domain"] {
				hosts[d["name"].(string)] = true
			}
		}
	}
	for _, d := range a.domains {
		if s := a.service(d.service); s != nil && s.active() != nil {
			hosts[d.fqdn] = true
		}
	}
	return hosts
}

// servedBy is the service whose active version answers for a host, nil for
// none.
func (a *API) servedBy(host string) *service {
	for _, s := range a.services {
		v := s.active()
		if v != nil && slices.ContainsFunc(v.objects["domain"], func(d object) bool { return d["name"] == host }) {
			return s
		}
	}
	for _, d := range a.domains {
		if d.fqdn == host {
			return a.service(d.service)
		}
	}
	return nil
}
