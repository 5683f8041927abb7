package publish

import (
	"context"
	"errors"

	"github.com/fastly/go-fastly/v16/fastly"
	"github.com/fastly/go-fastly/v16/fastly/domainmanagement/v1/domains"

	"github.com/clickedge/clickedge/deploy/fastlyapi"
)

// findDomains finds the domains of the service, and the services of the hosts.
func (d *finder) findDomains(ctx context.Context) error {
	d.domains, d.elsewhere = map[string]domain{}, map[string]string{}
	if d.ServiceID != "" {
		if err := d.listDomains(ctx, &domains.ListInput{ServiceID: &d.ServiceID}); err != nil {
			return err
		}
	}
	for _, host := range d.w.Sites.Hosts() {
		if _, ok := d.domains[host]; ok || d.objects[kindDomain][host] != nil {
			continue
		}
		if err := d.listDomains(ctx, &domains.ListInput{FQDN: &host}); err != nil {
			return err
		}
		if _, ok := d.domains[host]; !ok {
			d.elsewhere[host] = ""
		}
	}
	return d.searchOtherServices(ctx)
}

// searchOtherServices searches the versions of other services for new hosts:
// the API reports such a conflict only at activation or later.
func (d *finder) searchOtherServices(ctx context.Context) error {
	if len(d.elsewhere) == 0 {
		return nil
	}
	for p := d.f.GetServices(ctx, &fastly.GetServicesInput{PerPage: fastly.ToPointer(100)}); p.HasNext(); {
		services, err := p.GetNext()
		if err != nil {
			return fastlyapi.Cause(err)
		}
		for _, s := range services {
			id := fastly.ToValue(s.ServiceID)
			if id == d.ServiceID {
				continue
			}
			list, err := d.f.ListServiceDomains(ctx, &fastly.ListServiceDomainInput{ServiceID: id})
			if err = fastlyapi.Cause(err); err != nil && !fastlyapi.IsNotFound(err) {
				return err
			}
			for _, one := range list {
				if _, wanted := d.elsewhere[fastly.ToValue(one.Name)]; wanted {
					d.elsewhere[fastly.ToValue(one.Name)] = id
				}
			}
		}
	}
	return nil
}

// listDomains reads all pages. The API also returns names that contain a host's
// name: those are left out, unless they are on the service.
func (d *finder) listDomains(ctx context.Context, in *domains.ListInput) error {
	in.Limit = fastly.ToPointer(100)
	for range 1000 {
		page, err := domains.List(ctx, d.f, in)
		if err != nil {
			return fastlyapi.Cause(err)
		}
		for _, one := range page.Data {
			if in.FQDN == nil || *in.FQDN == one.FQDN {
				d.domains[one.FQDN] = domain{one.DomainID, fastly.ToValue(one.ServiceID), one.Description}
			}
		}
		if page.Meta.NextCursor == "" {
			return nil
		}
		in.Cursor = &page.Meta.NextCursor
	}
	return errors.New("the API's list of domains does not end")
}
