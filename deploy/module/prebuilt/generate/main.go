// Command generate compiles the guest of the current source tree and writes it
// to the named file, for embedding in a release's commands.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/module"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate FILE")
		os.Exit(2)
	}
	if err := generate(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(ctx context.Context, name string) error {
	root, err := module.Root(".")
	if err != nil {
		return err
	}
	guest, err := module.Reactor(ctx, root)
	if err != nil {
		return err
	}
	return files.Replace(name, guest, 0o644)
}
