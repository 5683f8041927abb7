package applytest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// domain is a versionless domain.
type domain struct {
	id, fqdn, description, service string
}

func (d *domain) show() object {
	var service any
	if d.service != "" {
		service = d.service
	}
	return object{"id": d.id, "fqdn": d.fqdn, "description": d.description, "service_id": service, "created_at": then, "updated_at": then}
}

func (f *fastly) domainOf(fqdn string) *domain {
	for _, d := range f.domains {
		if d.fqdn == fqdn {
			return d
		}
	}
	return nil
}

// noteDomains: a domain of an active version has a record among the versionless
// ones, without a service.
func (f *fastly) noteDomains(v *version) {
	for name := range v.parts["domain"] {
		if f.domainOf(name) == nil {
			d := &domain{id: f.id("domain"), fqdn: name}
			f.domains[d.id] = d
		}
	}
}

func (f *fastly) handleDomains(mux *http.ServeMux) {
	const path = "/domain-management/v1/domains"
	handle(mux, "GET "+path, func(*http.Request) (any, *refusal) {
		list := []object{}
		for _, id := range slices.Sorted(maps.Keys(f.domains)) {
			list = append(list, f.domains[id].show())
		}
		return object{"data": list, "meta": object{"total": len(list), "next_cursor": ""}}, nil
	})
	handle(mux, "POST "+path, func(r *http.Request) (any, *refusal) {
		d := &domain{id: f.id("domain")}
		if no := f.change(d, r); no != nil {
			return nil, no
		}
		if d.fqdn == "" || f.domainOf(d.fqdn) != nil {
			return nil, &refusal{http.StatusConflict, "the domain exists"}
		}
		f.domains[d.id] = d
		return d.show(), nil
	})
	f.ofDomain(mux, "GET "+path, func(d *domain, _ *http.Request) (any, *refusal) { return d.show(), nil })
	f.ofDomain(mux, "PATCH "+path, func(d *domain, r *http.Request) (any, *refusal) {
		if no := f.change(d, r); no != nil {
			return nil, no
		}
		return d.show(), nil
	})
	f.ofDomain(mux, "DELETE "+path, func(d *domain, _ *http.Request) (any, *refusal) {
		delete(f.domains, d.id)
		return nil, nil
	})
}

func (f *fastly) ofDomain(mux *http.ServeMux, pattern string, answer func(*domain, *http.Request) (any, *refusal)) {
	handle(mux, pattern+"/{id}", func(r *http.Request) (any, *refusal) {
		if d := f.domains[r.PathValue("id")]; d != nil {
			return answer(d, r)
		}
		return nil, missing("domain")
	})
}

// change takes over the members that are there: null takes away what was.
func (f *fastly) change(d *domain, r *http.Request) *refusal {
	var in map[string]*string
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return &refusal{http.StatusBadRequest, err.Error()}
	}
	for name, to := range map[string]*string{"fqdn": &d.fqdn, "description": &d.description, "service_id": &d.service} {
		switch value, ok := in[name]; {
		case !ok:
		case value == nil:
			*to = ""
		case name == "service_id" && f.services[*value] == nil:
			return missing("service")
		default:
			*to = *value
		}
	}
	return nil
}
