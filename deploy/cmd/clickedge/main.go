// Command clickedge checks, builds, tries out and explains a set-up of branded
// link domains on Fastly Compute. "clickedge help" lists what it can do.
package main

import (
	"os"

	"github.com/clickedge/clickedge/deploy/cli"
)

func main() { os.Exit(cli.Main()) }
