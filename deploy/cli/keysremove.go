package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type keysRemove struct {
	env    *Env
	api    storeFlags
	sites  string
	logs   []string
	times  retireFlags
	yes    bool
	force  bool
	dryRun bool
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
	f.BoolVarP(&k.yes, "yes", "y", false, "do not ask")
	f.BoolVar(&k.force, "force", false, "delete it though its links may still be in use")
	f.BoolVar(&k.dryRun, "dry-run", false, "say what would be done and change nothing")
	_ = cmd.MarkFlagFilename("log")
	return cmd
}

func (k *keysRemove) run(ctx context.Context, kids []string) error {
	kids, err := removable(kids)
	if err != nil {
		return err
	}
	sites, _, err := sitesfile.Load(k.env.in, k.sites)
	if err != nil {
		return err
	}
	if err := k.refuseListed(sites, kids); err != nil {
		return err
	}
	judge, err := k.times.retirement(k.env, k.logs)
	if err != nil {
		return err
	}
	client, err := k.env.api(&k.api)
	if err != nil {
		return err
	}
	store, err := client.FindStore(ctx, k.api.store)
	if err != nil {
		return apiFailure(err)
	}
	if kids, err = k.present(ctx, client, store, kids); err != nil || len(kids) == 0 {
		return err
	}
	if err := k.refuseUsed(judge, kids); err != nil {
		return err
	}
	return k.remove(ctx, client, store, kids)
}

// removable checks the arguments.
func removable(kids []string) ([]string, error) {
	if len(kids) == 0 {
		return nil, failure.Usage(errors.New("keys remove: no key given"), "name it, as in clickedge keys remove k1")
	}
	return keyring.IDs(kids, "1 to 8 of a-z 0-9, such as k1; logs are given with --log")
}

// refuseListed: a key goes out of sites.json first. Nothing forces this: the
// links would be answered by an error page.
func (k *keysRemove) refuseListed(sites *core.Sites, kids []string) error {
	for _, host := range sites.Hosts() {
		for _, kid := range sites.Lookup(host).Keys {
			if slices.Contains(kids, kid) {
				return failure.Bad(fmt.Errorf("site %s of %s still names key %q; nothing was deleted", host, k.sites, kid),
					"take it out of sites.json and publish that first; until then its links need the secret")
			}
		}
	}
	return nil
}

// present are those of the keys that the store has.
func (k *keysRemove) present(ctx context.Context, client *fastlyapi.Client, store fastlyapi.Store, kids []string) (there []string, err error) {
	stored, err := secretsByName(ctx, client, store.ID)
	if err != nil {
		return nil, apiFailure(err)
	}
	for _, kid := range kids {
		if _, ok := stored[kid]; ok {
			there = append(there, kid)
			continue
		}
		fmt.Fprintf(k.env.Out, "%s is not in the secret store %s (%s)\n", kid, store.Name, store.ID)
	}
	return there, nil
}

// refuseUsed keeps what may still be clicked.
func (k *keysRemove) refuseUsed(judge *keyring.Retirement, kids []string) error {
	for _, kid := range kids {
		warning, err := judge.Removal(kid, k.force)
		if err != nil {
			return err
		}
		if warning != "" {
			fmt.Fprintf(k.env.Err, "warning: %s\n", warning)
		}
	}
	return nil
}

func (k *keysRemove) remove(ctx context.Context, client *fastlyapi.Client, store fastlyapi.Store, kids []string) error {
	if k.dryRun {
		for _, kid := range kids {
			fmt.Fprintf(k.env.Out, "would delete %s from the secret store %s (%s)\n", kid, store.Name, store.ID)
		}
		return nil
	}
	if err := k.confirm(ctx, store, kids); err != nil {
		return err
	}
	for _, kid := range kids {
		// Somebody else was quicker: what was asked for is so.
		if err := client.DeleteSecret(ctx, store.ID, kid); err != nil && !fastlyapi.IsNotFound(err) {
			return apiFailure(err)
		}
		fmt.Fprintf(k.env.Out, "deleted %s, secret store %s (%s)\n", kid, store.Name, store.ID)
	}
	return nil
}

// confirm asks, on standard error. No answer is a no.
func (k *keysRemove) confirm(ctx context.Context, store fastlyapi.Store, kids []string) error {
	if k.yes {
		return nil
	}
	yes, err := k.env.in.Confirm(fmt.Sprintf("Delete %s from the secret store %s (%s)? What it signed can never verify again.", strings.Join(kids, ", "), store.Name, store.ID), "--yes")
	if err != nil || yes {
		return err
	}
	return failure.Bad(errors.New("not confirmed; nothing was deleted"), "answer y, or say --yes")
}
