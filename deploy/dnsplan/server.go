package dnsplan

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
)

// A server of one's own has addresses where a CDN has a name. It fetches its
// certificate once they lead there, so there is no proof to set before.

// addresses are the records that move readers to the server.
func (o *Options) addresses(s *core.Site, all senders) (list []Record) {
	for _, a := range o.Server {
		kind := "A"
		if a.Is6() {
			kind = "AAAA"
		}
		list = append(list, Record{Name: s.Host, Type: kind, Value: a.String(), Note: inPlaceOf(all) + ", once the server answers on port 80; no address of this name but these may stay",
			Step: StepCutOver, Live: o.CutOver})
	}
	return list
}

// serverCAA stands at the host itself: beside an address it can.
func (o *Options) serverCAA(host string) Record {
	return Record{Name: host, Type: "CAA", Value: `0 issue "` + o.Issuer + `"`, Maybe: true, Step: StepProof,
		Note: "only where " + host + " or a name above it has CAA records, and none of them lets " + o.Issuer + " issue"}
}

// serverNotes hold for every host.
func serverNotes() []string {
	return []string{
		"the certificate is fetched once DNS leads to the server; readers over https wait for it, for some seconds. With --cert and --key it is there before",
		"the doctor asks from outside, once DNS has changed: clickedge doctor HOST",
		wildcard, shortTTL,
	}
}

// look is the command that looks at the server before readers do.
func (p *Plan) look(host string) string {
	address := p.Server[0].String()
	if p.Server[0].Is6() {
		address = "'[" + address + "]'"
	}
	return "curl -sS --fail --resolve " + host + ":80:" + address + " http://" + host + core.HealthPath
}

// servers reads the addresses of --server.
func (o *Order) servers() (list []netip.Addr, err error) {
	if len(o.Servers) == 0 {
		return nil, nil
	}
	if o.Target != "" || o.CA != "" || o.Terraform != "" || len(o.Challenges) > 0 {
		return nil, failure.Usage(errors.New("--server is for a server of your own, and --target, --ca, --challenge and --terraform are for a CDN"), "leave one of them out")
	}
	for _, text := range o.Servers {
		a, err := ServerAddress(text)
		if err == nil && (a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast()) {
			err = fmt.Errorf("%s is no address that readers can reach", clean.Quote(text, 80))
		}
		if err != nil {
			return nil, failure.Usage(fmt.Errorf("--server %w", err), "as in --server 203.0.113.5; again for IPv6")
		}
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list, nil
}

// ServerAddress reads the address of a server, for a record. It is not a name.
func ServerAddress(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil || a.Zone() != "" {
		return a, fmt.Errorf("%s is not an address", clean.Quote(text, 80))
	}
	return a.Unmap(), nil
}
