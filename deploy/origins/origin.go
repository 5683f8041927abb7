package origins

import (
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/clickedge/clickedge/core"
)

// origin is one ESP's origin on one port, or on two.
type origin struct {
	spec   core.Origin
	family *family
	fleet  *Fleet
	port   *port
	plain  *port // for http beside TLS, or nil
	fault  faultState
	taken  atomic.Int64 // unsubscribes
}

func newOrigin(f *Fleet, spec core.Origin) (*origin, error) {
	o := &origin{spec: spec, family: families[spec.Family], fleet: f}
	if slices.Contains(f.opt.Unsubscribes, spec.Backend) {
		o.family = preferenceCentre
	}
	o.fault.changed = make(chan struct{})
	config, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	if o.port, err = openPort(o, config); err != nil || config == nil || !f.opt.PlainToo {
		return o, err
	}
	if o.plain, err = openPort(o, nil); err != nil {
		o.port.close()
	}
	return o, err
}

// each calls do for each of the origin's ports.
func (o *origin) each(do func(*port)) {
	do(o.port)
	if o.plain != nil {
		do(o.plain)
	}
}

// reached is the port on which a request came.
func (o *origin) reached(r *http.Request) *port {
	if r.TLS == nil && o.plain != nil {
		return o.plain
	}
	return o.port
}

func (o *origin) tlsConfig() (*tls.Config, error) {
	if !o.spec.TLS {
		return nil, nil
	}
	cert, err := o.fleet.authority.Issue(o.spec.Address)
	if err != nil {
		return nil, err
	}
	return serverConfig(func(sni string) *tls.Certificate {
		if o.family.needsSNI && !strings.EqualFold(sni, o.spec.Address) {
			return nil
		}
		return &cert
	}), nil
}

// ServeHTTP records the request, fails if it is to fail, and answers as the
// ESP.
func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen, err := newSeen(o.spec.Backend, r)
	o.fleet.record.add(seen)
	if err != nil {
		text(w, http.StatusBadRequest, err.Error())
		return
	}
	if o.applyFault(w, r) {
		o.family.serve(w, newRequest(o, seen))
	}
}
