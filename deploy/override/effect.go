package override

import (
	"context"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/publish"
)

// InEffect returns, by their hosts, the sites that the config store of a service
// overrides now. An entry that the module ignores overrides nothing, and neither
// does a service without a config store.
func InEffect(ctx context.Context, client *fastlyapi.Client, id, name string, sites *core.Sites, hosts []string) (map[string]*core.Site, error) {
	linked, err := publish.FindLinked(ctx, client, id, name)
	if err != nil {
		return nil, publish.Failure(ctx, err)
	}
	found := map[string]*core.Site{}
	if linked.ConfigStore == "" {
		return found, nil
	}
	s := &Store{linked, client}
	for _, host := range hosts {
		text, err := s.Read(ctx, host)
		if err != nil {
			return nil, err
		}
		if checked, err := CheckEntry(host, host, text, sites, linked.Backends); text != "" && err == nil {
			found[host] = checked.Site
		}
	}
	return found, nil
}
