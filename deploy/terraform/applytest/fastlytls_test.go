package applytest

import (
	"encoding/json"
	"net/http"
	"slices"
)

// subscription is a certificate that Fastly manages.
type subscription struct {
	id, authority, host, configuration string
	issued                             bool // its domain has TLS
}

const tlsConfiguration = "configuration1"

// handleTLS speaks JSON:API.
func (f *fastly) handleTLS(mux *http.ServeMux) {
	handle(mux, "GET /tls/configurations", func(r *http.Request) (any, *refusal) {
		if r.URL.Query().Get("page[number]") != "1" {
			return object{"data": []object{}}, nil
		}
		return object{"data": []object{showConfiguration()}, "included": dnsRecords}, nil
	})
	handle(mux, "GET /tls/domains", func(*http.Request) (any, *refusal) { return object{"data": []object{}}, nil })
	handle(mux, "POST /tls/subscriptions", f.order)
	f.ofSubscription(mux, "GET", func(s *subscription, _ *http.Request) (any, *refusal) { return s.show(), nil })
	f.ofSubscription(mux, "DELETE", func(s *subscription, r *http.Request) (any, *refusal) {
		if s.issued && r.URL.Query().Get("force") != "true" {
			return nil, &refusal{http.StatusBadRequest, "the subscription has active domains"}
		}
		delete(f.certs, s.id)
		return nil, nil
	})
}

func (f *fastly) ofSubscription(mux *http.ServeMux, method string, answer func(*subscription, *http.Request) (any, *refusal)) {
	handle(mux, method+" /tls/subscriptions/{id}", func(r *http.Request) (any, *refusal) {
		if s := f.certs[r.PathValue("id")]; s != nil {
			return answer(s, r)
		}
		return nil, missing("subscription")
	})
}

// order makes a subscription for a domain that is on a service.
func (f *fastly) order(r *http.Request) (any, *refusal) {
	var in struct {
		Data struct {
			Attributes struct {
				Authority string `json:"certificate_authority"`
			}
			Relationships struct {
				Domains struct{ Data []struct{ ID string } } `json:"tls_domain"`
			}
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, &refusal{http.StatusBadRequest, err.Error()}
	}
	hosts := in.Data.Relationships.Domains.Data
	if len(hosts) != 1 || !slices.Contains(f.served(), hosts[0].ID) {
		return nil, &refusal{http.StatusBadRequest, "one domain is wanted that is on a service"}
	}
	for _, s := range f.certs {
		if s.host == hosts[0].ID {
			return nil, &refusal{http.StatusConflict, "the domain has a subscription"}
		}
	}
	s := &subscription{id: f.id("subscription"), authority: in.Data.Attributes.Authority, host: hosts[0].ID, configuration: tlsConfiguration}
	f.certs[s.id] = s
	return s.show(), nil
}

// issue gives every host its certificate.
func (f *fastly) issue() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.certs {
		s.issued = true
	}
}

func (s *subscription) show() object {
	state, certificates := "pending", []object{}
	if s.issued {
		state, certificates = "issued", []object{{"type": "tls_certificate", "id": "certificate-" + s.id}}
	}
	challenge := object{"type": "managed-dns", "record_type": "CNAME", "record_name": "_acme-challenge." + s.host, "values": []string{s.id + ".fastly-validations.com"}}
	return object{
		"data": object{"type": "tls_subscription", "id": s.id,
			"attributes": object{"certificate_authority": s.authority, "state": state, "created_at": then, "updated_at": then},
			"relationships": object{
				"tls_authorizations": object{"data": []object{{"type": "tls_authorization", "id": "authorization-" + s.id}}},
				"tls_certificates":   object{"data": certificates},
				"common_name":        object{"data": object{"type": "tls_domain", "id": s.host}},
				"tls_configuration":  object{"data": object{"type": "tls_configuration", "id": s.configuration}},
				"tls_domains":        object{"data": []object{{"type": "tls_domain", "id": s.host}}},
			}},
		"included": []object{{"type": "tls_authorization", "id": "authorization-" + s.id, "attributes": object{"challenges": []object{challenge}, "state": state}}},
	}
}

var dnsRecords = []object{{"type": "dns_record", "id": "x.sni.global.fastly.net", "attributes": object{"record_type": "CNAME", "region": "global"}}}

func showConfiguration() object {
	return object{"type": "tls_configuration", "id": tlsConfiguration,
		"attributes":    object{"bulk": false, "default": true, "name": "TLS v1.3", "http_protocols": []string{"http/2"}, "tls_protocols": []string{"1.3"}, "created_at": then, "updated_at": then},
		"relationships": object{"dns_records": object{"data": []object{{"type": "dns_record", "id": "x.sni.global.fastly.net"}}}}}
}
