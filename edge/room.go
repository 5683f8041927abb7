//go:build wasip1

package main

import "unsafe"

// exportSitesRoom allocates the room for the table of sites. Prewarm calls it
// once, after warm_up, and removes the export. The room is empty and lies after
// all other memory, so that its zeros take no space in the module.
//
//lint:ignore U1000 prewarm calls it
//go:wasmexport sites_room
func exportSitesRoom(size uint32) unsafe.Pointer {
	room := make([]byte, size)
	hot.table.room = room
	hot.table.opened.WriteFirst(room[roomHead:])
	return unsafe.Pointer(&room[0])
}

// exportSitesSign says where the build puts the beginning of what is in the
// room once more. Prewarm calls it once, and removes the export.
//
//lint:ignore U1000 prewarm calls it
//go:wasmexport sites_sign
func exportSitesSign() unsafe.Pointer { return unsafe.Pointer(&hot.table.sign) }
