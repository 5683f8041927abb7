package handler

import (
	"errors"

	"github.com/fastly/compute-sdk-go/configstore"
	"github.com/fastly/compute-sdk-go/fsthttp"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitesjson"
)

// locate finds the site of the request. A valid entry of the config store
// overrides sites.json. An invalid one is ignored, and the log says so: a mistake
// in it must not break links that have been sent.
func (x *exchange) locate() {
	x.site = x.h.sites.Lookup(x.record.Host)
	host := core.CanonicalHost(x.record.Host)
	if host == "" {
		return
	}
	store, err := configstore.Open(contract.ConfigStore)
	if err != nil {
		return
	}
	if entry, err := store.GetBytes(host); err == nil {
		x.override(host, entry)
	}
}

// override replaces the site by that of a config store's entry, if the entry is
// valid and the service has backends for its origins.
func (x *exchange) override(host string, entry []byte) {
	site, why := sitesjson.ReadOverride(host, entry, x.h.sites)
	if site != nil {
		if why = missingBackend(site.Origins()); why == "" {
			x.site, x.record.Override = site, "used"
			return
		}
	}
	x.record.Override = "invalid"
	x.warn("warning: the entry " + host + " of config store " + contract.ConfigStore + " is ignored: " + why)
}

// missingBackend says which of these origins the service has no backend for; ""
// for none. If the host cannot tell, the backends are taken to exist.
func missingBackend(origins []*core.Origin) string {
	for _, o := range origins {
		if _, err := fsthttp.BackendFromName(o.Backend); errors.Is(err, fsthttp.ErrBackendNotFound) {
			return "the service has no backend " + o.Backend
		}
	}
	return ""
}
