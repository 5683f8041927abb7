//go:build wasip1

// Package compute gives a program for Fastly Compute the entry that prewarm
// looks for. Import it for its side effect, and leave func main as it is:
//
//	import _ "github.com/clickedge/clickedge/edge/prewarm/guest/compute"
//
// Its export serve shakes hands with the platform, which Fastly's SDK did
// during initialisation against nobody, refreshes the environment
// ([guest.Refresh]), and calls main. A program that has an export serve of its
// own does not need it. Built as a command, the program is as it was.
package compute

import (
	_ "unsafe" // for go:linkname

	"github.com/clickedge/clickedge/edge/prewarm/guest"
)

//go:linkname programMain main.main
func programMain()

//go:wasmimport fastly_abi init
//go:noescape
func abiInit(version uint64) uint32

const abiVersion = 1

//lint:ignore U1000 the host calls it
//go:wasmexport serve
func serve() {
	if status := abiInit(abiVersion); status != 0 {
		panic("the platform does not know version 1 of Compute's interface")
	}
	guest.Refresh()
	programMain()
}
