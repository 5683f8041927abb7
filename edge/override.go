package main

import (
	"os"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// locate finds the site of the request. A valid entry of the config store
// overrides sites.json. An invalid one is ignored, and the log says so: a
// mistake in it must not break links that have been sent.
func (x *exchange) locate() {
	x.site = findSite(x.record.Host, x.request.Target)
	x.request.NoSites = hot.table.sites == nil
	var host string
	if x.site != nil {
		host = x.site.Host
	} else if host = core.CanonicalHost(x.record.Host); host == "" {
		return
	}
	if entry, st := hostcall.Config(&x.buf, contract.ConfigStore, host); st == hostcall.OK {
		x.override(host, entry)
	}
}

// override replaces the site by that of a config store's entry, if the entry is
// valid and the service has backends for its origins.
func (x *exchange) override(host, entry string) {
	site, why := sitesjson.ReadOverride(host, []byte(entry), hot.table.sites)
	if site != nil {
		if why = missingBackend(site.Origins()); why == "" {
			x.site, x.record.Override = site, "used"
			return
		}
	}
	x.record.Override = "invalid"
	_, _ = os.Stderr.WriteString("warning: the entry " + host + " of config store " + contract.ConfigStore + " is ignored: " + why +
		"; request " + x.record.RequestID + "\n")
}

// missingBackend says which of these origins the service has no backend for; ""
// for none. An entry may name an ESP that no site of sites.json has, and then
// each of its clicks would fail. If the host cannot tell, the backends are
// taken to exist.
func missingBackend(origins []*core.Origin) string {
	for _, o := range origins {
		if exists, st := hostcall.BackendExists(o.Backend); st == hostcall.OK && !exists {
			return "the service has no backend " + o.Backend
		}
	}
	return ""
}
