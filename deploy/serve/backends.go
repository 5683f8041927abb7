package serve

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

// backendPlan says what each backend is connected to.
type backendPlan struct {
	want   []*core.Origin
	names  []string          // of those
	real   bool              // the ESPs themselves, unless in urls
	urls   map[string]string // backend: URL
	faults map[string]origins.Fault
}

// planBackends reads --origins and --fault.
func (s *server) planBackends(sites *core.Sites) (*backendPlan, error) {
	p := &backendPlan{want: sites.Origins(), urls: map[string]string{}, faults: map[string]origins.Fault{}}
	for _, o := range p.want {
		p.names = append(p.names, o.Backend)
	}
	for _, o := range s.Origins {
		if err := p.add(o); err != nil {
			return nil, err
		}
	}
	for _, f := range s.Faults {
		if err := p.addFault(f); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *backendPlan) add(text string) error {
	backend, to, ok := strings.Cut(text, "=")
	switch {
	case text == "stand-in" || text == "real":
		p.real = text == "real"
		return nil
	case !ok:
		return failure.Usage(fmt.Errorf("--origins %q is not stand-in, real or BACKEND=URL", text), p.backendsHint())
	case !slices.Contains(p.names, backend):
		return failure.Usage(fmt.Errorf("--origins: no backend %q", backend), p.backendsHint())
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
		return failure.Usage(fmt.Errorf("--origins %s: %q is not the URL of a server", backend, to), "as in "+backend+"=http://127.0.0.1:9000")
	}
	p.urls[backend] = to
	return nil
}

func (p *backendPlan) addFault(text string) error {
	backend, name, ok := strings.Cut(text, "=")
	switch {
	case !ok:
		return failure.Usage(fmt.Errorf("--fault %q is not BACKEND=FAULT", text), "a fault is one of "+FaultNames)
	case !slices.Contains(p.names, backend):
		return failure.Usage(fmt.Errorf("--fault: no backend %q", backend), p.backendsHint())
	case !p.standsIn(backend):
		return failure.Usage(fmt.Errorf("--fault %s: only a stand-in can be made to fail", backend), "leave --origins out for it")
	}
	fault, err := origins.ParseFault(name)
	if err != nil {
		return failure.Usage(fmt.Errorf("--fault %s: %w", backend, err), "a fault is one of "+FaultNames)
	}
	p.faults[backend] = fault
	return nil
}

func (p *backendPlan) backendsHint() string {
	if len(p.names) == 0 {
		return "no site has an ESP, so there are no backends"
	}
	return "the backends of these sites are " + strings.Join(p.names, ", ")
}

// standsIn reports whether a backend is connected to a stand-in.
func (p *backendPlan) standsIn(backend string) bool {
	return !p.real && p.urls[backend] == "" && slices.Contains(p.names, backend)
}

// start starts the stand-ins; nil if the ESPs themselves answer.
func (p *backendPlan) start(sites *core.Sites) (*origins.Fleet, error) {
	if p.real {
		return nil, nil
	}
	fleet, err := origins.Start(p.want, origins.Options{
		Branded: sites.Hosts(), AcceptAnySignature: true, Unsubscribes: origins.UnsubscribeBackends(sites),
	})
	if err != nil {
		return nil, err
	}
	for backend, fault := range p.faults {
		if err := fleet.SetFault(backend, fault); err != nil {
			return nil, errors.Join(err, fleet.Close())
		}
	}
	return fleet, nil
}

// backends connects the backends. A stand-in has a local address, but the ESP's
// name, so that Host, SNI and certificate are those of the ESP.
func (p *backendPlan) backends(fleet *origins.Fleet) map[string]hostsim.Backend {
	list := map[string]hostsim.Backend{}
	for _, o := range p.want {
		switch elsewhere := p.urls[o.Backend]; {
		case elsewhere != "":
			list[o.Backend] = hostsim.Backend{URL: elsewhere}
		case fleet == nil:
			list[o.Backend] = hostsim.Backend{URL: check.OriginURL(o)}
		case o.TLS:
			list[o.Backend] = hostsim.Backend{URL: "https://" + fleet.Addr(o.Backend), CertHost: o.Address, SNI: o.Address, CA: fleet.CA()}
		default:
			list[o.Backend] = hostsim.Backend{URL: "http://" + fleet.Addr(o.Backend)}
		}
	}
	return list
}
