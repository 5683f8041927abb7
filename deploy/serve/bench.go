package serve

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/explain"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/probe"
	"github.com/clickedge/clickedge/deploy/serve/page"
	"github.com/clickedge/clickedge/deploy/serve/switches"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// bench is the service as the page sees and changes it. What is switched
// outlives a generation: the next one gets it too.
type bench struct {
	s   *server
	svc *service

	mu       sync.Mutex // of those who switch, and of a new generation
	switches *switches.Set
	faults   map[string]origins.Fault // those that the page has set
}

var _ page.Bench = (*bench)(nil)

func newBench(s *server, svc *service) *bench {
	return &bench{s: s, svc: svc, switches: switches.New(), faults: map[string]origins.Fault{}}
}

// State implements page.Bench.
func (b *bench) State() *page.State {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.svc.current()
	state := &page.State{File: b.s.Sites, Base: "http://" + dialable(b.svc.ln.Addr()), Now: b.s.Now(), Sites: g.switchable(b.s.Sites), Switches: b.switches.Clone(),
		Overrides: *g.overrides.Load(), Keys: g.ring}
	if len(g.learned) > 0 {
		state.Learned = explain.Sources{{Kind: explain.InModule, Name: cmp.Or(b.s.Module, "the module"), Items: g.learned}}
	}
	for _, o := range g.plan.want {
		state.Backends = append(state.Backends, b.backend(g, o))
	}
	return state
}

func (b *bench) backend(g *generation, o *core.Origin) page.Backend {
	to := page.Backend{Name: o.Backend, Origin: check.OriginURL(o), StandIn: g.plan.standsIn(o.Backend)}
	if elsewhere := g.plan.urls[o.Backend]; elsewhere != "" {
		to.Origin = elsewhere
	}
	if fault := b.fault(g, o.Backend); fault != origins.Up {
		to.Fault = fault.String()
	}
	return to
}

// fault is the fault in force: the page's, or that of --fault.
func (b *bench) fault(g *generation, backend string) origins.Fault {
	if fault, set := b.faults[backend]; set {
		return fault
	}
	return g.plan.faults[backend]
}

// Links implements page.Bench.
func (b *bench) Links(state *page.State, site *core.Site) []page.Link {
	return b.s.siteLinks(b.svc.current(), state.Base, site)
}

// Change implements page.Bench.
func (b *bench) Change(change func(*switches.Set, *switches.Sites) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.svc.current()
	if err := change(b.switches, g.switchable(b.s.Sites)); err != nil {
		return err
	}
	return b.apply(g)
}

// apply puts what is switched into a generation's config store.
func (b *bench) apply(g *generation) error {
	sites, before, now := g.switchable(b.s.Sites), *g.overrides.Load(), map[string]*core.Site{}
	for _, host := range b.switches.Hosts() {
		o, err := b.switches.Override(sites, host)
		if err != nil {
			return err
		}
		now[host] = o.Site
		g.host.SetConfig(contract.ConfigStore, host, o.Object.Text())
	}
	for host := range before {
		if now[host] == nil {
			g.host.DeleteConfig(contract.ConfigStore, host)
		}
	}
	g.overrides.Store(&now)
	return nil
}

// SetFault implements page.Bench.
func (b *bench) SetFault(backend, name string) error {
	fault, err := origins.ParseFault(name)
	if err != nil {
		return failure.Usage(err, "")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.svc.current()
	if !g.plan.standsIn(backend) {
		return failure.Usage(fmt.Errorf("no stand-in of a backend %q: only these can be made to fail", backend), g.plan.backendsHint())
	}
	if err := g.fleet.SetFault(backend, fault); err != nil {
		return failure.Bad(err, "")
	}
	b.faults[backend] = fault
	return nil
}

// Reset implements page.Bench.
func (b *bench) Reset() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.svc.current()
	b.switches.Clear()
	if err := b.apply(g); err != nil {
		return err
	}
	for backend := range b.faults {
		if g.plan.standsIn(backend) {
			if err := g.fleet.SetFault(backend, g.plan.faults[backend]); err != nil {
				return failure.Bad(err, "")
			}
		}
		delete(b.faults, backend)
	}
	return nil
}

// adopt makes a generation the current one, with what is switched. It returns
// what does not fit its sites, and is gone.
func (b *bench) adopt(g *generation) (dropped []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	dropped = b.switches.Adopt(g.switchable(b.s.Sites))
	if err := b.apply(g); err != nil {
		dropped = append(dropped, err.Error())
	}
	for backend, fault := range b.faults {
		if !g.plan.standsIn(backend) {
			delete(b.faults, backend)
			dropped = append(dropped, fmt.Sprintf("there is no stand-in %s any more: its fault, %s, is gone", backend, fault))
		} else if err := g.fleet.SetFault(backend, fault); err != nil {
			dropped = append(dropped, err.Error())
		}
	}
	b.svc.replace(g)
	return dropped
}

// mostReply is how much of the body of an answer is read for the page.
const mostReply = 4 << 10

// Send implements page.Bench. The request goes over the network, as any other.
func (b *bench) Send(ctx context.Context, r *page.Sending) (*probe.Answer, error) {
	if !isMethod(r.Method) || strings.ContainsAny(r.Target, "\r\n\x00") || !wire.ValidValue(r.ContentType) || !wire.ValidValue(r.UserAgent) {
		return nil, fmt.Errorf("%q cannot be sent", r.Method+" "+r.Target)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", dialable(b.svc.ln.Addr()))
	if err != nil {
		return nil, err
	}
	header := wire.NewHeader("Host", r.Host, "User-Agent", r.UserAgent, "Accept", "text/html,*/*;q=0.8", "Connection", "close")
	req := &wire.Request{Method: r.Method, Target: r.Target}
	if r.Body != "" {
		header = append(header, wire.NewHeader("Content-Type", r.ContentType, "Content-Length", strconv.Itoa(len(r.Body)))...)
		req.Body = strings.NewReader(r.Body)
	}
	req.Header = header
	defer conn.Close()
	return probe.Exchange(ctx, conn, req, mostReply)
}

func isMethod(method string) bool { return slices.Contains([]string{"GET", "HEAD", "POST"}, method) }
