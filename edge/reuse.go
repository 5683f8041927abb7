package main

import (
	"os"
	"strconv"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// reuseVariable is the variable of the build's environment that switches the reuse
// of sandboxes on. It is read while the module is initialised, so that it is part
// of the snapshot: a module without it makes no host call for its sake.
const reuseVariable = "CLICKEDGE_REUSE"

// further is how many requests a sandbox takes after its first, if the platform has
// them; 0 as a rule.
var further = readReuse(os.Getenv(reuseVariable))

// Limits of a sandbox that is used again, whatever the platform's own are.
const (
	mostFurther = 100
	nextMillis  = 5_000          // for which a sandbox waits for a request
	lifetime    = 60_000_000_000 // nanoseconds from its first request on
	mostHeapMiB = 96             // of the platform's 128: a click's garbage is not collected
)

// readReuse reads a number from 0 to mostFurther; anything else is 0.
func readReuse(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > mostFurther {
		return 0
	}
	return n
}

// serveFurther handles requests for as long as there are any, and the sandbox is
// neither old nor large. Each begins with an exchange and a buffer that are zero:
// nothing of the reader before is left that could be answered or logged.
func serveFurther() {
	first := current.start
	for range further {
		if age := now() - first; age < 0 || age > lifetime || hostcall.HeapMiB() > mostHeapMiB {
			return
		}
		req, body, st := hostcall.NextRequest(nextMillis)
		if st != hostcall.OK {
			return
		}
		reset()
		current.req, current.body, current.follows = req, body, true
		handle()
	}
}

// reset forgets a request: what was read of it, what was decided, and its text.
func reset() {
	current.exchange = exchange{}
	clear(current.room[:])
	siteSpace = core.SiteSpace{}
}
