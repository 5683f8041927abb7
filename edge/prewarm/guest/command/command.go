//go:build wasip1

// Package command gives a program for WASI the entry that prewarm looks for.
// Import it for its side effect, and leave func main as it is:
//
//	import _ "github.com/clickedge/clickedge/edge/prewarm/guest/command"
//
// Its export serve refreshes environment and arguments ([guest.Refresh]) and
// calls main. A program that has an export serve of its own does not need it.
// Built as a command, the program is as it was.
package command

import (
	_ "unsafe" // for go:linkname

	"github.com/clickedge/clickedge/edge/prewarm/guest"
)

//go:linkname programMain main.main
func programMain()

//lint:ignore U1000 the host calls it
//go:wasmexport serve
func serve() {
	guest.Refresh()
	programMain()
}
