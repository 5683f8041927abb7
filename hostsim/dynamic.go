package hostsim

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/hostsim/internal/origin"
	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Dynamic is what becomes of the backends that guests register themselves,
// shields included. The zero value connects to them, as Viceroy does. As soon
// as anything in it answers, requests to all others fail with [ErrNotMocked]:
// a test that has forgotten one does not ask the internet.
type Dynamic struct {
	// Handlers answer for a backend's name, for its host and port, or for its
	// host alone; the first of these that is there counts. Case matters in
	// names only.
	Handlers map[string]http.Handler
	// Handler answers for those that are not in Handlers; it may return nil.
	// It is called from the guest's goroutine, when the guest registers one.
	Handler func(DynamicBackend) http.Handler
	// Network: what nothing here answers for is connected to. Loopback: that,
	// but only if it is on this machine.
	Network, Loopback bool
}

// DynamicBackend is a backend as a guest has registered it.
type DynamicBackend struct {
	Name     string
	Host     string // of its address, in lower case and without the port
	Port     uint16
	TLS      bool
	Override string // what replaces the Host field; empty: nothing
	SNI      string // empty: none is sent
	CertHost string // the name that the certificate must have
}

func (d *Dynamic) check() error {
	for name, handler := range d.Handlers {
		if handler == nil {
			return fmt.Errorf("config: dynamic backend %q: handler is nil", name)
		}
		if err := checkMocks(handler); err != nil {
			return fmt.Errorf("config: dynamic backend %q: %w", name, err)
		}
	}
	return nil
}

// resolver puts handlers into backends when they are registered; nil when all
// are connected to.
func (d *Dynamic) resolver() func(name string, b *origin.Backend) {
	if d.Handlers == nil && d.Handler == nil && !d.Loopback {
		return nil
	}
	hosts := map[string]http.Handler{}
	for _, key := range slices.Sorted(maps.Keys(d.Handlers)) {
		if lower := strings.ToLower(key); hosts[lower] == nil {
			hosts[lower] = d.Handlers[key]
		}
	}
	return func(name string, b *origin.Backend) {
		if b.Handler = d.find(hosts, name, b); b.Handler == nil && !d.Network && !(d.Loopback && b.Loopback()) {
			b.Handler = notMocked{fmt.Sprintf("dynamic backend %q (%s)", name, b.Addr)}
		}
	}
}

func (d *Dynamic) find(hosts map[string]http.Handler, name string, b *origin.Backend) http.Handler {
	if handler := d.Handlers[name]; handler != nil {
		return handler
	}
	for _, key := range []string{b.Addr, b.Name} {
		if handler := hosts[strings.ToLower(key)]; handler != nil {
			return handler
		}
	}
	if d.Handler == nil {
		return nil
	}
	return d.Handler(DynamicBackend{Name: name, Host: strings.ToLower(b.Name), Port: b.Port, TLS: b.Scheme == "https", Override: b.Host, SNI: b.SNI, CertHost: b.CertHost})
}

// notMocked is a backend that answers nothing, so that a request is not sent to
// an address by mistake.
type notMocked struct{ what string }

var _ origin.Refuser = notMocked{}

// Refuse fails every request.
func (n notMocked) Refuse(context.Context, *wire.Request) *senderror.Error {
	return &senderror.Error{Tag: senderror.TagDestinationNotFound, Err: fmt.Errorf("%w: %s", ErrNotMocked, n.what)}
}

// ServeHTTP is never called: Refuse comes first.
func (n notMocked) ServeHTTP(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
