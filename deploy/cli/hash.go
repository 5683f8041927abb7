package cli

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/pack"
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
	}
}

func (env *Env) hash(name string) error {
	list, err := env.readPackage(name)
	if err != nil {
		return err
	}
	fmt.Fprintln(env.Out, pack.Hash(list))
	return nil
}

// readPackage reads the files of a package.
func (env *Env) readPackage(name string) ([]pack.File, error) {
	list, _, err := env.readArchive(name)
	return list, err
}

// readArchive reads a package's files, and its bytes.
func (env *Env) readArchive(name string) ([]pack.File, []byte, error) {
	const hint = "clickedge build -o pkg/clickedge.tar.gz makes one"
	data, err := env.in.Read("the package", name, input.MostPackage, hint)
	if err != nil {
		return nil, nil, err
	}
	list, err := pack.ReadArchive(bytes.NewReader(data))
	if err != nil {
		return nil, nil, failure.Bad(fmt.Errorf("%s is no package: %w", files.Label(name), err), hint)
	}
	return list, data, nil
}
