package main

import (
	"errors"
	"os"
	"syscall"

	"github.com/clickedge/clickedge/core"
	"github.com/fastly/compute-sdk-go/configstore"
)

const (
	// sitesFile is where prewarm puts sites.json while the module is initialised.
	sitesFile = "/sites.json"
	// overrideStore is the config store whose entries, one site object under its
	// host, stand in for those of sites.json without a publish.
	overrideStore = "clickedge"
)

// sites is part of the snapshot. It stays nil where there was no file: such a
// module answers that it has no sites.
var sites = loadSites()

func loadSites() *core.Sites {
	data, err := os.ReadFile(sitesFile)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.EBADF) { // EBADF: no file system at all, as on Fastly
		return nil
	}
	if err == nil {
		var s *core.Sites
		if s, err = core.ParseSites("sites.json", data); err == nil {
			return s
		}
	}
	_, _ = os.Stderr.WriteString(err.Error() + "\n")
	os.Exit(1)
	return nil
}

// locate finds the site of the request. An entry of the config store comes
// first; one that is not valid is left aside and said so in the log, since a
// slip of an operator's hand must not kill links that are in the mail.
func (x *exchange) locate() {
	x.site = sites.Lookup(x.host)
	host := core.CanonicalHost(x.host)
	store, err := configstore.Open(overrideStore)
	if err != nil || host == "" {
		return
	}
	data, err := store.GetBytes(host)
	if err != nil {
		return
	}
	site, err := core.ParseSite(host, data)
	if err != nil || leadsBack(site.Origin) || leadsBack(site.SecondOrigin) {
		x.record.Override = "invalid"
		return
	}
	x.site, x.record.Override = site, "used"
}

// leadsBack tells whether an origin is one of the link domains of sites.json,
// which an entry of the config store cannot know.
func leadsBack(o *core.Origin) bool { return o != nil && sites.Has(o.Address) }
