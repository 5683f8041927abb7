package main

import (
	"encoding/binary"
	"os"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitetable"
)

// room is where the build writes the table of sites, after the snapshot: its
// length in four bytes, little-endian, the table, and the archive of learned
// links, if there is one. So the sites of a module can be changed without
// initialising it again. The guest only reads it, and only when it answers a
// request.
var room []byte

// tableAtInit is the table from a file, for a guest without a room; "" for
// none.
var tableAtInit = readTable()

func readTable() string {
	data, err := os.ReadFile("/" + contract.SitesTable)
	if err != nil { // no such file, or no file system at all
		return ""
	}
	return string(data)
}

// sites is nil until openSites has found some.
var (
	sites     *sitetable.Table
	sitesRoom sitetable.Table
	siteSpace = sitetable.Space{More: &moreOfSite}
	// moreOfSite stands alone, since most clicks do not touch it.
	moreOfSite sitetable.More
)

// openSites opens the table, which only checks its header. A table of another
// version counts as none: no site is better than a wrong one.
func openSites() {
	data := tableData()
	if data == "" {
		return
	}
	var err error
	if sitesRoom, err = sitetable.Open(data); err == nil {
		sites = &sitesRoom
	}
}

// tableData returns the table and what follows it; "" for none.
func tableData() string {
	if len(room) > 4 {
		if n := int(binary.LittleEndian.Uint32(room)); n > 0 && n <= len(room)-4 {
			return view(room[4 : 4+n])
		}
	}
	return tableAtInit
}

// findSite returns the site of a Host header, nil for none. The next call
// overwrites what it returns.
func findSite(host string) *core.Site {
	openSites()
	return sites.Lookup(host, &siteSpace)
}
