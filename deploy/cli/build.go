package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/build"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/output"
)

func (env *Env) buildCommand() *cobra.Command {
	o, asJSON := &build.Options{}, false
	cmd := &cobra.Command{
		Use:   "build [--sites sites.json] [-o bin/main.wasm | -o pkg/clickedge.tar.gz]",
		Short: "Build the module with sites.json inside, or the package that Fastly takes",
		Long: `Checks sites.json, initialises the guest with sites.json, and writes the memory
that this leaves as the module that Fastly Compute runs. Where -o ends in .tar.gz, the
package that the Fastly CLI and Terraform take is written. Either is written whole or
not at all.

A released command has the guest inside, compiled; no Go is needed. --source compiles it
from the source tree that a folder lies in, as a command without a guest inside does in
the current folder. What GOOS and GOARCH the environment names does not matter then;
GOFLAGS does. With --reactor a compiled guest is used. With --module a module that was
built once gets these sites instead of its own, in an instant; --room says how many bytes
of sites such a module will ever hold.

Before anything is written the module is checked: every import is a function of Compute,
by name and type; one memory; _start; at most 100,000 data segments and 100,000,000
bytes; and no secret in it. Looked for are private keys and the secrets that this
command is told of: --key-file, CLICKEDGE_KEY_<KID>, FASTLY_API_TOKEN, and those of
[local_server] in fastly.toml.`,
		Example: `  clickedge build
  clickedge build --sites production.json -o pkg/clickedge.tar.gz
  clickedge build --sites production.json --module main.wasm -o pkg/clickedge.tar.gz`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("source") && o.Source == "" {
				return failure.Usage(errors.New("--source is given, but empty"), "name a folder of the clone; --source . is the current one")
			}
			return env.build(cmd.Context(), o, asJSON)
		},
	}
	sitesFlag(cmd, &o.Sites)
	f := cmd.Flags()
	f.StringVar(&o.Module, "module", "", "`file` with a module that was built already")
	f.StringVar(&o.Source, "source", "", "`folder` in the source tree to compile the guest from")
	f.StringVar(&o.Reactor, "reactor", "", "`file` with the guest, compiled as a reactor")
	f.StringVar(&o.Room, "room", "", "`size` of the room for sites, as 8MiB (default: a quarter more than these need, 4MiB at least)")
	f.StringVarP(&o.Out, "output", "o", "bin/main.wasm", "the `file` to write; a package where it ends in .tar.gz")
	f.StringVar(&o.Manifest, "manifest", "", "the package's fastly.toml `file` (default: one that is made for it)")
	f.StringVar(&o.Archive, "archive", "", "`file` with learned links, which clickedge archive export has written (default: those of --module, or none)")
	f.StringArrayVar(&o.KeyFiles, "key-file", nil, "`file` with secrets that must not be inside; may be given again")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("module", "reactor", "source")
	cmd.MarkFlagsMutuallyExclusive("module", "room")
	_ = cmd.MarkFlagFilename("module", "wasm")
	_ = cmd.MarkFlagFilename("reactor", "wasm")
	_ = cmd.MarkFlagDirname("source")
	return cmd
}

func (env *Env) build(ctx context.Context, o *build.Options, asJSON bool) error {
	if o.Out == files.Std && asJSON {
		return failure.Usage(errors.New("the module and --json both go to standard output"), "give -o a file")
	}
	o.In, o.Keys, o.LookupEnv, o.Stdout, o.Err = env.in, env.keys(), env.LookupEnv, env.Out, env.Err
	report, err := o.Run(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return output.JSON(env.Out, report)
	}
	w := env.Out
	if o.Out == files.Std {
		w = env.Err
	}
	report.Text(w)
	return nil
}
