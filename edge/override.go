package main

import (
	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// overrideStore is the config store whose entries, one site object under its
// host, stand in for those of sites.json without a publish.
const overrideStore = "clickedge"

// locate finds the site of the request. An entry of the config store comes
// first; one that is not valid is left aside and said so in the log, since a
// slip of an operator's hand must not kill links that are in the mail.
func (x *exchange) locate() {
	x.site = findSite(x.host)
	var host string
	if x.site != nil {
		host = x.site.Host
	} else if host = core.CanonicalHost(x.host); host == "" {
		return
	}
	if entry, st := hostcall.Config(&x.buf, overrideStore, host); st == hostcall.OK {
		x.override(host, entry)
	}
}

// override puts the site of an entry in the place of that of sites.json.
func (x *exchange) override(host, entry string) {
	site, err := core.ParseSite(host, []byte(entry))
	if err != nil || leadsBack(site.Origin) || leadsBack(site.SecondOrigin) {
		x.record.Override = "invalid"
		return
	}
	x.site, x.record.Override = site, "used"
}

// leadsBack tells whether an origin is one of the link domains of sites.json,
// which an entry of the config store cannot know.
func leadsBack(o *core.Origin) bool { return o != nil && sites.Has(o.Address) }
