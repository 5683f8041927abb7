package publish

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
)

// Linked is what the active version of a service has, as far as an override
// depends on it.
type Linked struct {
	ServiceID, Name string
	Version         int
	// Sites are the first hex digits, 12 at least, of the SHA-256 of the
	// sites.json that the version was published with; "" where its comment does not say.
	Sites string
	// ConfigStore is the id of the store that the service has as
	// [contract.ConfigStore]; "" for none.
	ConfigStore string
	Backends    []string
}

// PublishedWith reports whether the version was published with this sites.json;
// true where it does not say.
func (l *Linked) PublishedWith(sites []byte) bool {
	return l.Sites == "" || len(l.Sites) >= 12 && strings.HasPrefix(Comment(sites), sitesComment+l.Sites)
}

// FindLinked reads the active version of the service with this id, or else of
// this name. It changes nothing.
func FindLinked(ctx context.Context, c *fastlyapi.Client, id, name string) (*Linked, error) {
	d := &finder{c: c, f: c.Fastly(), w: &Wanted{ServiceID: id, Name: name}, Found: &Found{objects: map[string]map[string]found{}}}
	if err := d.service(ctx); err != nil {
		return nil, err
	}
	if d.ServiceID == "" {
		return nil, refuse(fmt.Sprintf("there is no service %q", name), "clickedge publish makes it; --service-id or FASTLY_SERVICE_ID names another")
	}
	if err := d.versions(ctx); err != nil {
		return nil, err
	}
	if d.Active == 0 {
		return nil, refuse(fmt.Sprintf("no version of service %s is active", d.ServiceID), "clickedge publish activates one")
	}
	l := &Linked{ServiceID: d.ServiceID, Name: d.Name, Version: d.Active}
	links, err := listObjects(ctx, d.f, d.ServiceID, d.Active, kindLink)
	if err != nil {
		return nil, err
	}
	backends, err := listObjects(ctx, d.f, d.ServiceID, d.Active, kindBackend)
	if err != nil {
		return nil, err
	}
	l.ConfigStore = links[contract.ConfigStore]["resource_id"]
	l.Backends = slices.AppendSeq([]string{}, maps.Keys(backends)) // not nil: they are known
	slices.Sort(l.Backends)
	if text, ok := strings.CutPrefix(d.activeComment, sitesComment); ok {
		l.Sites, _, _ = strings.Cut(text, ",")
	}
	return l, nil
}
