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
	// sign is the beginning of the room once more, its length and the table's
	// header: it stands with what every click touches, so that a click reads one
	// page of the room, that of its site.
	sign [roomHead + sitetable.HeaderLength]byte
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
	header, data := view(t.sign[roomHead:]), inRoom()
	if data == "" {
		data = t.atInit
		header = data[:min(len(data), sitetable.HeaderLength)]
	}
	if t.opened.OpenBy(header, data) == nil {
		t.sites = &t.opened
	}
	return t.sites
}

// tableData returns the table and what follows it; "" for none.
func tableData() string {
	if data := inRoom(); data != "" {
		return data
	}
	return hot.table.atInit
}

// inRoom returns what is in the room.
func inRoom() string {
	room := hot.table.room
	if n := int(binary.LittleEndian.Uint32(hot.table.sign[:])); n > 0 && n <= len(room)-roomHead {
		return view(room[roomHead : roomHead+n])
	}
	return ""
}

// findSite returns the site of a Host header for a target, nil for none. The
// next call overwrites what it returns.
func findSite(host, target string) *core.Site {
	return openSites().Lookup(host, target, &hot.site)
}
