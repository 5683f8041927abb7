package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fastly/go-fastly/v16/fastly"

	"github.com/clickedge/clickedge/deploy/fastlyapi"
)

// tls finds the certificates and the targets of CNAMEs.
func (d *finder) tls(ctx context.Context) (err error) {
	if d.w.TLS == nil {
		return nil
	}
	if d.certificates, err = certificates(ctx, d.f); err != nil {
		return err
	}
	list, err := d.f.ListCustomTLSConfigurations(ctx, &fastly.ListCustomTLSConfigurationsInput{Include: "dns_records", PageSize: 100})
	if err != nil {
		return fastlyapi.Cause(err)
	}
	known := false
	for _, t := range list {
		if t.ID != d.w.TLS.Configuration && (d.w.TLS.Configuration != "" || !t.Default) {
			continue
		}
		known = true
		for _, r := range t.DNSRecords {
			if r.RecordType == "CNAME" {
				d.targets = append(d.targets, r.ID)
			}
		}
	}
	if id := d.w.TLS.Configuration; id != "" && !known {
		return refuse(fmt.Sprintf("the account has no TLS configuration %q", id), "its console lists them; without --tls-configuration the account's default is taken")
	}
	return nil
}

// certificates lists all subscriptions, by host. Of several for a host the
// issued one counts.
func certificates(ctx context.Context, f *fastly.Client) (map[string]Certificate, error) {
	byHost := map[string]Certificate{}
	for page := 1; page <= 1000; page++ {
		list, err := f.ListTLSSubscriptions(ctx, &fastly.ListTLSSubscriptionsInput{Include: "tls_authorizations", PageNumber: page, PageSize: 100})
		if err != nil {
			return nil, fastlyapi.Cause(err)
		}
		if len(list) == 0 {
			return byHost, nil
		}
		for _, s := range list {
			c := certificateOf(s)
			for _, host := range s.Domains {
				if !byHost[host.ID].Issued() {
					byHost[host.ID] = c
				}
			}
		}
	}
	return nil, errors.New("the API's list of TLS subscriptions does not end")
}

func certificateOf(s *fastly.TLSSubscription) Certificate {
	c := Certificate{ID: s.ID, Authority: s.CertificateAuthority, State: s.State}
	for _, a := range s.Authorizations {
		for _, challenge := range a.Challenges {
			if challenge.Type != "managed-dns" {
				continue
			}
			for _, v := range challenge.Values {
				c.Challenges = append(c.Challenges, Challenge{challenge.RecordName, challenge.RecordType, v})
			}
		}
	}
	return c
}

// certificate is the certificate of a host: its own, or a wildcard's; zero for
// none.
func (f *Found) certificate(host string) Certificate {
	if c, ok := f.certificates[host]; ok {
		return c
	}
	_, above, _ := strings.Cut(host, ".")
	return f.certificates["*."+above]
}
