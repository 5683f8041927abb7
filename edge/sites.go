package main

import (
	"encoding/binary"
	"os"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitetable"
)

// table is where the sites are.
type table struct {
	// room is where the build writes the table of sites, after the snapshot:
	// its length in four bytes, little-endian, the table, and the archive of
	// learned links, if there is one. So the sites of a module can be changed
	// without initialising it again. The guest only reads it, and only when it
	// answers a request.
	room []byte
	// atInit is the table from a file, for a guest without a room; "" for none.
	atInit string
	// sites is what openSites has opened; nil if there are none.
	sites  *sitetable.Table
	opened sitetable.Table
}

// roomHead is the length in front of what is in the room.
const roomHead = 4

func init() { hot.table.atInit = readTable() }

func readTable() string {
	data, err := os.ReadFile("/" + contract.SitesTable)
	if err != nil { // no such file, or no file system at all
		return ""
	}
	return string(data)
}

// openSites opens the table, which only checks its header. A table of another
// version counts as none: no site is better than a wrong one.
func openSites() *sitetable.Table {
	t := &hot.table
	data := tableData()
	if data == "" {
		return nil
	}
	var err error
	if t.opened, err = sitetable.Open(data); err == nil {
		t.opened.WriteFirst(t.room[min(len(t.room), roomHead):])
		t.sites = &t.opened
	}
	return t.sites
}

// tableData returns the table and what follows it; "" for none.
func tableData() string {
	if room := hot.table.room; len(room) > roomHead {
		if n := int(binary.LittleEndian.Uint32(room)); n > 0 && n <= len(room)-roomHead {
			return view(room[roomHead : roomHead+n])
		}
	}
	return hot.table.atInit
}

// findSite returns the site of a Host header for a target, nil for none. The
// next call overwrites what it returns.
func findSite(host, target string) *core.Site {
	return openSites().Lookup(host, target, &hot.site)
}
