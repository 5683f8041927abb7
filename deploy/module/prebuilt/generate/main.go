// Command generate compiles the guest and the inspector of the current source
// tree and writes them to the named files, for embedding in a release's commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/inspector"
	"github.com/clickedge/clickedge/deploy/module"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: generate GUEST INSPECTOR")
		os.Exit(2)
	}
	if err := generate(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(ctx context.Context, guestFile, inspectorFile string) error {
	root, err := module.Root(".")
	if err != nil {
		return err
	}
	guest, err := module.Reactor(ctx, root)
	if err != nil {
		return err
	}
	page, err := inspector.Shell(ctx, root)
	if err != nil {
		return err
	}
	return errors.Join(files.Replace(guestFile, guest, 0o644), files.Replace(inspectorFile, page, 0o644))
}
