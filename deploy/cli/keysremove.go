package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/keystore"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type keysRemove struct {
	env    *Env
	api    storeFlags
	sites  string
	logs   []string
	times  retireFlags
	remove keystore.Remove
}

func (env *Env) keysRemoveCommand() *cobra.Command {
	k := &keysRemove{env: env}
	cmd := &cobra.Command{
		Use:   "remove KID... [--log LOG]",
		Short: "Delete secrets from the service's secret store, for good",
		Long: `Deletes the secrets of these keys from the secret store, the last step of a rotation. What
they have signed can never verify again.

Refused where a site of sites.json still names a key: its readers would get a page that says
so. Refused, unless forced, where the click log does not say that the last mail that used
the key has aged out; the flags are those of "keys status". It asks before it deletes
anything. A key that is not in the store is none to delete, so it can be called again.

What is deployed is not looked at: first publish the sites.json without the key, and wait
until it has arrived everywhere. Nor are overrides in a config store.`,
		Example: `  clickedge keys remove k1 --log clicks.ndjson
  clickedge keys remove k1 --minted-until k1=2026-03-01T00:00:00Z --lifetime 30d --yes`,
		RunE: func(cmd *cobra.Command, args []string) error { return k.run(cmd.Context(), args) },
	}
	k.api.add(cmd)
	sitesFlag(cmd, &k.sites)
	k.times.add(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&k.logs, "log", nil, "`file` of the click log, - for standard input; may be given again")
	f.BoolVarP(&k.remove.Yes, "yes", "y", false, "do not ask")
	f.BoolVar(&k.remove.Force, "force", false, "delete it though its links may still be in use")
	f.BoolVar(&k.remove.DryRun, "dry-run", false, "say what would be done and change nothing")
	_ = cmd.MarkFlagFilename("log")
	return cmd
}

func (k *keysRemove) run(ctx context.Context, kids []string) error {
	if len(kids) == 0 {
		return failure.Usage(errors.New("keys remove: no key given"), "name it, as in clickedge keys remove k1")
	}
	kids, err := keyring.IDs(kids, "1 to 8 of a-z 0-9, such as k1; logs are given with --log")
	if err != nil {
		return err
	}
	sites, _, err := sitesfile.Load(k.env.in, k.sites)
	if err != nil {
		return err
	}
	if err := keystore.RefuseListed(sites, k.sites, kids); err != nil {
		return err
	}
	r := &k.remove
	if r.Judge, err = k.times.retirement(k.env, k.logs); err != nil {
		return err
	}
	if err := r.Judge.NotListed(kids); err != nil {
		return err
	}
	client, err := k.env.account(&k.api.apiFlags).Client()
	if err != nil {
		return err
	}
	r.Store, r.In, r.Out, r.Err = k.api.store, k.env.in, k.env.Out, k.env.Err
	return r.Run(ctx, client, kids)
}
