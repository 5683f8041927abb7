package fastlytest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const (
	// tlsConfiguration is the account's only one.
	tlsConfiguration = "tlsconfig0001"
	// CNAMETarget is where a host's CNAME must lead.
	CNAMETarget = "t.sni.global.fastly.net"
)

// subscription orders a certificate.
type subscription struct {
	entry
	authority, state string
	domains          []string
}

// Challenge is the target of the record that proves a host.
func Challenge(host string) string {
	return strings.ReplaceAll(host, ".", "-") + ".fastly-validations.com"
}

// Issue issues the certificate of a host, as if its records had been found.
func (a *API) Issue(host string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.subscribed {
		if slices.Contains(s.domains, host) {
			s.state = "issued"
		}
	}
}

func (a *API) routeTLS() {
	a.handle("GET /tls/configurations", func(c *call) {
		if number := c.r.URL.Query().Get("page[number]"); number != "" && number != "1" {
			c.jsonAPI(200, map[string]any{"data": []any{}})
			return
		}
		c.jsonAPI(200, map[string]any{"data": []any{configurationData()}, "included": dnsRecords(), "meta": map[string]int{"per_page": 100, "current_page": 1, "record_count": 1, "total_pages": 1}})
	})
	a.handle("GET /tls/configurations/{id}", func(c *call) {
		if c.r.PathValue("id") != tlsConfiguration {
			c.notFound("TlsConfiguration")
			return
		}
		c.jsonAPI(200, map[string]any{"data": configurationData(), "included": dnsRecords()})
	})
	// Domains of uploaded certificates: there are none.
	a.handle("GET /tls/domains", func(c *call) { c.jsonAPI(200, map[string]any{"data": []any{}}) })
	a.handle("GET /tls/subscriptions", a.listSubscriptions)
	a.handle("POST /tls/subscriptions", a.subscribe)
	a.handle("GET /tls/subscriptions/{id}", a.inSubscription(func(c *call, s *subscription) {
		c.jsonAPI(200, map[string]any{"data": s.data(), "included": s.authorizations()})
	}))
	a.handle("DELETE /tls/subscriptions/{id}", a.inSubscription(func(c *call, s *subscription) {
		if s.state == "issued" && c.r.URL.Query().Get("force") != "true" {
			c.invalid("Subscription is active", "its domains have TLS enabled; force is needed")
			return
		}
		a.subscribed = slices.DeleteFunc(a.subscribed, func(o *subscription) bool { return o == s })
		c.w.WriteHeader(204)
	}))
}

func (c *call) jsonAPI(status int, v any) {
	c.send("application/vnd.api+json", status, v)
}

func configurationData() any {
	return map[string]any{"id": tlsConfiguration, "type": "tls_configuration",
		"attributes": map[string]any{"bulk": false, "default": true, "name": "HTTP/3 & TLS v1.3", "http_protocols": []string{"http/1.1", "http/2", "http/3"},
			"tls_protocols": []string{"1.2", "1.3"}, "created_at": created, "updated_at": created},
		"relationships": map[string]any{"dns_records": map[string]any{"data": []any{map[string]string{"id": CNAMETarget, "type": "dns_record"}}}}}
}

func dnsRecords() []any {
	return []any{map[string]any{"id": CNAMETarget, "type": "dns_record", "attributes": map[string]string{"record_type": "CNAME", "region": "custom"}}}
}

// listSubscriptions answers numbered pages.
func (a *API) listSubscriptions(c *call) {
	q := c.r.URL.Query()
	data, included := []any{}, []any{}
	for _, s := range a.subscribed {
		if host := q.Get("filter[tls_domains.id]"); host != "" && !slices.Contains(s.domains, host) {
			continue
		}
		data = append(data, s.data())
		included = append(included, s.authorizations()...)
	}
	size, number := 100, 1
	_, _ = fmt.Sscan(q.Get("page[size]"), &size)
	_, _ = fmt.Sscan(q.Get("page[number]"), &number)
	from := min(max(number-1, 0)*size, len(data))
	page := data[from:min(from+size, len(data))]
	c.jsonAPI(200, map[string]any{"data": page, "included": included,
		"meta": map[string]int{"per_page": size, "current_page": number, "record_count": len(data), "total_pages": (len(data) + size - 1) / size}})
}

// subscribe requires hosts that the account has and that have no subscription
// yet. The API's wording of the refusals is not known.
func (a *API) subscribe(c *call) {
	var in struct {
		Data struct {
			Attributes struct {
				Authority string `json:"certificate_authority"`
			}
			Relationships struct {
				Domain, Domains struct{ Data []struct{ ID string } }
			}
		}
	}
	// The reference names the relation tls_domains, and go-fastly sends
	// tls_domain.
	body := strings.NewReplacer(`"tls_domains"`, `"domains"`, `"tls_domain":`, `"domain":`).Replace(string(c.body))
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		c.invalid("Invalid body", err.Error())
		return
	}
	s := &subscription{authority: cmp.Or(in.Data.Attributes.Authority, "certainly"), state: "pending"}
	for _, d := range append(in.Data.Relationships.Domain.Data, in.Data.Relationships.Domains.Data...) {
		if detail := a.unfit(d.ID); detail != "" {
			c.invalid("Invalid value for tls_domains", detail)
			return
		}
		s.domains = append(s.domains, d.ID)
	}
	if len(s.domains) == 0 {
		c.invalid("Invalid value for tls_domains", "at least one is needed")
		return
	}
	s.id = a.id("subscription")
	a.subscribed = append(a.subscribed, s)
	c.jsonAPI(201, map[string]any{"data": s.data(), "included": s.authorizations()})
}

func (a *API) unfit(host string) string {
	for _, s := range a.subscribed {
		if slices.Contains(s.domains, host) {
			return host + " has a subscription already"
		}
	}
	if slices.ContainsFunc(a.domains, func(d *domain) bool { return d.fqdn == host }) {
		return ""
	}
	for _, s := range a.services {
		for _, v := range s.versions {
			if slices.ContainsFunc(v.objects["domain"], func(d object) bool { return d["name"] == host }) {
				return ""
			}
		}
	}
	return host + " is on no service of this account"
}

func (s *subscription) data() map[string]any {
	refs := func(kind string, ids ...string) map[string]any {
		list := []any{}
		for _, id := range ids {
			list = append(list, map[string]string{"id": id, "type": kind})
		}
		return map[string]any{"data": list}
	}
	var authorizations []string
	for _, host := range s.domains {
		authorizations = append(authorizations, s.id+"-"+host)
	}
	var certificates []string
	if s.state == "issued" {
		certificates = append(certificates, s.id+"-certificate")
	}
	return map[string]any{"id": s.id, "type": "tls_subscription",
		"attributes": map[string]any{"certificate_authority": s.authority, "state": s.state, "has_active_order": s.state != "issued", "created_at": created, "updated_at": created},
		"relationships": map[string]any{
			"tls_authorizations": refs("tls_authorization", authorizations...),
			"tls_certificates":   refs("tls_certificate", certificates...),
			"tls_domains":        refs("tls_domain", s.domains...),
			"common_name":        map[string]any{"data": map[string]string{"id": s.domains[0], "type": "tls_domain"}},
			"tls_configuration":  map[string]any{"data": map[string]string{"id": tlsConfiguration, "type": "tls_configuration"}},
		}}
}

func (s *subscription) authorizations() (list []any) {
	for _, host := range s.domains {
		list = append(list, map[string]any{"id": s.id + "-" + host, "type": "tls_authorization", "attributes": map[string]any{
			"state": s.state, "created_at": created, "updated_at": created, "warnings": nil,
			"challenges": []any{
				map[string]any{"type": "managed-dns", "record_type": "CNAME", "record_name": "_acme-challenge." + host, "values": []string{Challenge(host)}},
				map[string]any{"type": "managed-http-cname", "record_type": "CNAME", "record_name": host, "values": []string{CNAMETarget}},
			}}})
	}
	return list
}

func (a *API) inSubscription(do func(*call, *subscription)) func(*call) {
	return in(&a.subscribed, "id", do, func(c *call, id string) { c.notFound("TlsSubscription '" + id + "'") })
}
