package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/build"
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
			p, err := build.ReadPackage(env.in, append(args, "pkg/clickedge.tar.gz")[0])
			if err != nil {
				return err
			}
			fmt.Fprintln(env.Out, p.Hash())
			return nil
		},
	}
}
