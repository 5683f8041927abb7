package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/inspector"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/module/prebuilt"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

func (env *Env) inspectorCommand() *cobra.Command {
	var sites, out string
	cmd := &cobra.Command{
		Use:   "inspector -o FILE",
		Short: "Make a page that explains links, for support people",
		Long: `Writes a page into which a link is pasted, and which then says what "clickedge explain"
says: where it leads, what the site does with it and why, what is personal in it. The
code that decides on the edge runs in the browser. The page is one file that works
offline. It sends nothing anywhere, and its content security policy lets it send nothing.

The page holds the text of sites.json as it is now: who has the page can read it. It has
no secrets of signed links, so it does not check their tags.`,
		Example: `  clickedge inspector -o inspector.html`,
		Args:    args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return failure.Usage(errors.New("inspector: no file to write is named"), "say one with -o inspector.html, or - for standard output")
			}
			return env.inspector(cmd.Context(), sites, out)
		},
	}
	sitesFlag(cmd, &sites)
	cmd.Flags().StringVarP(&out, "output", "o", "", "write the page to this `file`, or to standard output for -")
	_ = cmd.MarkFlagFilename("output", "html")
	return cmd
}

func (env *Env) inspector(ctx context.Context, name, out string) error {
	_, text, err := sitesfile.Load(env.in, name)
	if err != nil {
		return err
	}
	shell := prebuilt.Inspector()
	if shell == nil {
		if shell, err = compiledInspector(ctx); err != nil {
			return err
		}
	}
	page, err := inspector.Page(shell, sitesfile.Shown(name), text)
	if err != nil {
		return err
	}
	return env.writeFile(out, page, "name another file with -o")
}

// compiledInspector makes the page from the clone around the current folder.
func compiledInspector(ctx context.Context) ([]byte, error) {
	root, err := module.Root(".")
	if err != nil {
		return nil, failure.Usage(err, "take a released clickedge, which has the page inside, or run this inside a clone of the repository and name the sites with --sites")
	}
	shell, err := inspector.Shell(ctx, root)
	if errors.Is(err, module.ErrNoGo) {
		return nil, failure.Usage(err, "install Go (https://go.dev/dl/), or take a released clickedge, which has the page inside")
	}
	if err != nil {
		return nil, fmt.Errorf("the page cannot be made: %w", err)
	}
	return shell, nil
}
