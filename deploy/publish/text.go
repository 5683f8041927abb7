package publish

import (
	"fmt"
	"io"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/dnsplan"
)

// Text writes the service and the difference to out, and notes to talk.
func (p *Plan) Text(out, talk io.Writer) {
	fmt.Fprintln(out, p.f.line())
	for _, c := range p.Changes() {
		fmt.Fprintf(out, "  %s %s\n", c.Sign, clean.Text(c.What))
		for _, d := range c.Details {
			fmt.Fprintf(out, "      %s\n", clean.Text(d))
		}
	}
	if p.Empty() {
		fmt.Fprintln(out, "  nothing to change")
	}
	for _, n := range p.Notes {
		fmt.Fprintf(talk, "note: %s\n", clean.Text(n))
	}
}

// line says which service was found.
func (f *Found) line() string {
	switch {
	case f.ServiceID == "":
		return "no service of this name yet"
	case f.Active == 0:
		return clean.Text(fmt.Sprintf("service %q (%s), no version is active", f.Name, f.ServiceID))
	}
	return clean.Text(fmt.Sprintf("service %q (%s), version %d is active", f.Name, f.ServiceID, f.Active))
}

// DNS writes the records of hosts that have no certificate yet, where
// certificates are ordered. What the API says of them must be fit for DNS.
func (p *Plan) DNS(out io.Writer, list []Status) error {
	o := dnsplan.Options{Issuer: dnsplan.Authorities[p.w.TLS.Authority], Proofs: map[string][]dnsplan.Record{}}
	if len(p.f.targets) > 0 && dnsplan.CheckTarget(p.f.targets[0]) == nil {
		o.Target = p.f.targets[0]
	}
	var open []*core.Site
	for _, s := range list {
		if s.Certificate.Issued() {
			continue
		}
		for _, c := range s.Certificate.Challenges {
			if c.Type == "CNAME" && dnsplan.IsName(c.Value) {
				o.Proofs[s.Host] = append(o.Proofs[s.Host], dnsplan.Proof(s.Host, c.Value))
			}
		}
		open = append(open, p.w.Sites.Lookup(s.Host))
	}
	if len(open) == 0 {
		return nil
	}
	hosts := "1 host has"
	if len(open) > 1 {
		hosts = fmt.Sprintf("%d hosts have", len(open))
	}
	fmt.Fprintf(out, "\n%s no certificate yet. What DNS needs, as clickedge dns has it:\n\n", hosts)
	return dnsplan.Make(open, o).Text(out)
}
