//go:build wasip1

// Entry has func main only; its export serve comes from prewarm/guest/command.
package main

import (
	"fmt"
	"os"

	"github.com/clickedge/clickedge/edge/prewarm/guest"
	_ "github.com/clickedge/clickedge/edge/prewarm/guest/command"
)

var early = os.Getenv("MODE")

func main() {
	fmt.Printf("at initialisation %q, os %q, guest %q\n", early, os.Getenv("MODE"), guest.Getenv("MODE"))
	_, ok := os.LookupEnv("BUILD_ONLY")
	fmt.Println(ok, len(guest.Environ()) == len(os.Environ()), os.Args, guest.Args())
	fmt.Println(guest.Rand().Uint64())
}
