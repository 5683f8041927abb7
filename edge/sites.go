package main

import (
	"encoding/binary"
	"os"

	"github.com/clickedge/clickedge/core"
	"github.com/fastly/compute-sdk-go/configstore"
)

const (
	// tableFile is where a module that is not prewarmed, or by other means than
	// ours, finds its sites while it is initialised.
	tableFile = "/sites.table"
	// overrideStore is the config store whose entries, one site object under its
	// host, stand in for those of sites.json without a publish.
	overrideStore = "clickedge"
)

// room is where the build puts the table of sites when the snapshot has been taken:
// its length in four bytes, little-endian, and the table. So the sites of a module
// can be changed without initialising it again. Nothing is written there, and
// nothing is read before the first request.
var room []byte

// tableAtInit is the table where a file system has it, "" on Fastly, as a rule.
var tableAtInit = readTable()

func readTable() string {
	data, err := os.ReadFile(tableFile)
	if err != nil { // no such file, or no file system at all
		return ""
	}
	return string(data)
}

// sites is nil until openSites has found some.
var (
	sites     *core.Table
	sitesRoom core.Table
	siteSpace core.SiteSpace
)

// openSites looks at the header of the table, which is all that it costs. What is
// no table of this version is as good as none: no site is better than a wrong one.
func openSites() {
	data := tableAtInit
	if len(room) > 4 {
		if n := int(binary.LittleEndian.Uint32(room)); n > 0 && n <= len(room)-4 {
			data = view(room[4 : 4+n])
		}
	}
	if data == "" {
		return
	}
	var err error
	if sitesRoom, err = core.OpenTable(data); err == nil {
		sites = &sitesRoom
	}
}

// findSite returns the site of a Host header, nil where no site has it. What it
// returns holds until it is called again.
func findSite(host string) *core.Site {
	openSites()
	return sites.Lookup(host, &siteSpace)
}

// locate finds the site of the request. An entry of the config store comes
// first; one that is not valid is left aside and said so in the log, since a
// slip of an operator's hand must not kill links that are in the mail.
func (x *exchange) locate() {
	x.site = findSite(x.host)
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
