//go:build wasip1

package main

import "unsafe"

// exportSitesRoom makes the room for the sites. It is called once, after warm_up, so
// that the zeros of an empty room are behind the image and no part of it,
// and then removed.
//
//lint:ignore U1000 prewarm calls it
//go:wasmexport sites_room
func exportSitesRoom(size uint32) unsafe.Pointer {
	room = make([]byte, size)
	return unsafe.Pointer(&room[0])
}
