package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/manpage"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/version"
)

type man struct {
	env    *Env
	folder string
}

func (env *Env) manCommand() *cobra.Command {
	m := &man{env: env}
	cmd := &cobra.Command{
		Use:   "man [-o folder | COMMAND…]",
		Short: "Print the manual page of a command, or write all of them",
		Long: `Prints the manual page of a command, or of the whole program, for man -l or mandoc. With
-o the pages of all commands are written into a folder, each whole or not at all, as
clickedge-build.1 and so on. They say what --help says.`,
		Example: `  clickedge man keys push | man -l -
  clickedge man -o /usr/local/share/man/man1`,
		Args: cobra.ArbitraryArgs,
		RunE: m.run,
	}
	cmd.Flags().StringVarP(&m.folder, "output", "o", "", "the `folder` to write the pages of all commands into")
	_ = cmd.MarkFlagDirname("output")
	return cmd
}

func (m *man) run(cmd *cobra.Command, args []string) error {
	if cmd.Flags().Changed("output") {
		return m.write(cmd.Root(), args)
	}
	about, rest, err := cmd.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return failure.Usage(fmt.Errorf("there is no command %q", clean.Cut(fmt.Sprint(args), 60)), "clickedge --help lists the commands")
	}
	_, err = fmt.Fprint(m.env.Out, manpage.Of(about, version.Released()).Text)
	return err
}

// write puts each page into the folder.
func (m *man) write(root *cobra.Command, args []string) error {
	switch {
	case m.folder == "":
		return failure.Usage(errors.New("-o is given, but empty"), "name a folder; it is made where it is not there")
	case len(args) > 0:
		return failure.Usage(errors.New("-o writes the pages of all commands"), "leave the command's name out, or leave -o out and take standard output")
	}
	pages := manpage.All(root, version.Released())
	for _, p := range pages {
		if err := output.File(m.env.Out, filepath.Join(m.folder, p.Name), []byte(p.Text), 0o644, "choose another folder with -o"); err != nil {
			return err
		}
	}
	fmt.Fprintf(m.env.Err, "%d pages in %s\n", len(pages), m.folder)
	return nil
}
