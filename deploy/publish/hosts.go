package publish

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// hosts puts every host of the sites on the service.
func (p *Plan) hosts() {
	for _, host := range p.w.Sites.Hosts() {
		classic, inVersion := p.f.objects[kindDomain][host]
		apart, known := p.f.domains[host]
		switch {
		case inVersion:
			p.adoptClassic(host, classic)
		case known && apart.service != "" && apart.service != p.f.ServiceID:
			p.refuseOther(host, apart.service)
		case known:
			p.takeDomain(host, apart)
		case p.f.elsewhere[host] != "":
			p.refuseOther(host, p.f.elsewhere[host])
		case p.w.Classic:
			p.version(Change{Sign: "+", What: what(kindDomain, host), Details: []string{"part of the version"}, do: func(ctx context.Context, r *run) error {
				return r.create(ctx, kindDomain, map[string][]string{"name": {host}, "comment": {p.w.mark()}})
			}})
		default:
			p.after(Change{Sign: "+", What: what(kindDomain, host), do: func(ctx context.Context, r *run) error { return r.makeDomain(ctx, host) }})
		}
	}
}

func (p *Plan) refuseOther(host, service string) {
	p.refused.add(fmt.Sprintf("%s is on another service of the account, %s", host, service),
		"take it off there when nothing depends on it any more, or publish to that service with --service-id "+service)
}

// after adds a change that follows the activation. If a version is only staged,
// it waits.
func (p *Plan) after(c Change) {
	if p.w.Stage {
		p.note("%s %s: waits for a publish without --stage", c.Sign, c.What)
		return
	}
	p.After = append(p.After, c)
}

// adoptClassic marks a domain of a version as a link domain, unless it has
// another comment.
func (p *Plan) adoptClassic(host string, have found) {
	if have["comment"] != "" {
		return
	}
	p.version(Change{Sign: "~", What: what(kindDomain, host), Details: []string{"comment: marked as a link domain, so that a later publish does not drop it unasked"}, do: func(ctx context.Context, r *run) error {
		return r.update(ctx, kindDomain, host, map[string][]string{"comment": {p.w.mark()}})
	}})
}

// takeDomain puts a domain of the account on the service, and marks it.
func (p *Plan) takeDomain(host string, d domain) {
	description := cmp.Or(d.description, p.w.mark())
	if d.service == p.f.ServiceID && d.service != "" && d.description == description {
		return
	}
	details := "marked as a link domain"
	if d.service == "" {
		details = "put on the service; it was on none"
	}
	p.after(Change{Sign: "~", What: what(kindDomain, host), Details: []string{details}, do: func(ctx context.Context, r *run) error {
		return r.putDomain(ctx, d.id, &r.service, description)
	}})
}

// removals handles hosts to remove. Sent mail has links to a link domain that
// was published, so it is not removed unasked.
func (p *Plan) removals() {
	for _, host := range p.w.RemoveHosts {
		switch {
		case p.w.Sites.Has(host):
			p.refused.add(host+" is in sites.json and cannot be taken off the service", "take it out of sites.json first, or leave --remove-host out")
		case p.f.objects[kindDomain][host] == nil && !p.onService(host):
			p.note("%s is not on the service: there is nothing to take off", host)
		}
	}
	for _, host := range p.extraHosts() {
		comment := cmp.Or(p.f.objects[kindDomain][host]["comment"], p.f.domains[host].description)
		switch {
		case slices.Contains(p.w.RemoveHosts, host):
			p.removeHost(host)
		case marked(comment):
			p.refused.add(host+" is a link domain of the service and no longer in sites.json: every link of it in mail that is out would be dead",
				"put it back into sites.json; or, when its mail has aged out, --remove-host "+host)
		case fastlyNames(host):
		default:
			p.note("domain %s is on the service but not in sites.json: it stays, and the module answers it with an error page; --remove-host %s takes it off", host, host)
		}
	}
}

func (p *Plan) onService(host string) bool {
	return p.f.ServiceID != "" && p.f.domains[host].service == p.f.ServiceID
}

// extraHosts are the service's hosts that no site has.
func (p *Plan) extraHosts() []string {
	extra := slices.Collect(maps.Keys(p.f.objects[kindDomain]))
	for host := range p.f.domains {
		if p.onService(host) {
			extra = append(extra, host)
		}
	}
	slices.Sort(extra)
	return slices.DeleteFunc(slices.Compact(extra), p.w.Sites.Has)
}

// removeHost removes a host from the service. The domain and its certificate
// stay in the account.
func (p *Plan) removeHost(host string) {
	if p.f.objects[kindDomain][host] != nil {
		p.remove(kindDomain, host)
	}
	if !p.onService(host) {
		return
	}
	d := p.f.domains[host]
	description := d.description
	if marked(description) {
		description = "" // not a link domain any more
	}
	p.after(Change{Sign: "-", What: what(kindDomain, host), Details: []string{"off the service; the domain and its certificate stay in the account"}, do: func(ctx context.Context, r *run) error {
		return r.putDomain(ctx, d.id, nil, description)
	}})
}

// tls orders a separate certificate for each host, so that no host waits for
// the DNS of another.
func (p *Plan) tls() {
	if p.w.TLS == nil {
		return
	}
	for _, host := range p.w.Sites.Hosts() {
		c := p.f.certificate(host)
		switch {
		case c.ID == "":
			p.after(Change{Sign: "+", What: fmt.Sprintf("certificate for %s", host), Details: []string{"from " + p.w.TLS.Authority}, do: func(ctx context.Context, r *run) error { return r.order(ctx, host) }})
		case c.State == "failed":
			p.note("the certificate for %s could not be issued: look at its subscription %s, and whether the record of the proof is set", host, c.ID)
		case c.Authority != p.w.TLS.Authority:
			p.note("the certificate for %s is from %s and stays so, though %s is asked for", host, strings.TrimSpace(c.Authority), p.w.TLS.Authority)
		}
	}
}
