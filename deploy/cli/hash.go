package cli

import (
	"fmt"
	"os"

	"github.com/clickedge/clickedge/deploy/pack"
	"github.com/spf13/cobra"
)

func (env *Env) hashCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "hash [pkg/clickedge.tar.gz]",
		Short: "Print a package's hash, as the Fastly CLI and Terraform have it",
		Long: `Prints the SHA-512 over the contents of a package's files in the order of their names:
what "fastly compute hash-files" prints and fastly_package_hash is in Terraform. It says
whether two packages hold the same, whenever and by whom they were packed.`,
		Example: `  clickedge hash
  clickedge hash pkg/clickedge.tar.gz`,
		Args: args(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return env.hash(append(args, "pkg/clickedge.tar.gz")[0])
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"gz", "tgz"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
}

func (env *Env) hash(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return usage(fmt.Errorf("cannot read the package: %w", err), "clickedge build -o pkg/clickedge.tar.gz makes one")
	}
	defer f.Close()
	files, err := pack.ReadArchive(f)
	if err != nil {
		return bad(fmt.Errorf("%q is no package: %w", name, err), "clickedge build -o pkg/clickedge.tar.gz makes one")
	}
	fmt.Fprintln(env.Out, pack.Hash(files))
	return nil
}
