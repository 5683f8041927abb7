package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/keystore"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type keysPush struct {
	env      *Env
	api      storeFlags
	sites    string
	keyFiles []string
	stdin    bool
	push     keystore.Push
}

func (env *Env) keysPushCommand() *cobra.Command {
	k := &keysPush{env: env}
	cmd := &cobra.Command{
		Use:   "push [KID...] (--key-file FILE | --stdin)",
		Short: "Put secrets into the service's secret store",
		Long: `Puts the secrets of these keys, or of all that sites.json names, into a secret store of
the Fastly account, through the API. Terraform makes the store and links it to the
service, but cannot put anything into it.

The token comes from FASTLY_API_TOKEN; secrets come from key files, from standard input,
or from CLICKEDGE_KEY_<KID>. A secret is put under the id that its file or variable says,
whatever the order of the arguments; one that says none is taken where a single key is
pushed. Neither token nor secret is ever taken from the command line, printed, or
left behind in a file. Secrets are sealed with a key of the API's before they leave.

A secret that is in the store stays as it is: the links signed with it would die. To
replace it all the same there is --replace.`,
		Example: `  clickedge keys push k2 --key-file k2.key
  clickedge keys new --kid k2 --stdout | clickedge keys push k2 --stdin
  clickedge keys push --key-file all.keys --create-store --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error { return k.run(cmd.Context(), args) },
	}
	k.api.add(cmd)
	sitesFlag(cmd, &k.sites)
	f := cmd.Flags()
	f.StringVar(&k.api.signingKey, "signing-key", "", "the public `key` that signs the API's client keys (default: Fastly's)")
	keyFileFlag(cmd, &k.keyFiles)
	f.BoolVar(&k.stdin, "stdin", false, "read a key file from standard input")
	f.BoolVar(&k.push.Create, "create-store", false, "make the store where there is none of that name")
	f.BoolVar(&k.push.Replace, "replace", false, "replace a secret that is in the store: links signed with it die")
	f.BoolVar(&k.push.Plain, "plain", false, "do not seal the secrets; TLS alone protects them")
	f.BoolVar(&k.push.DryRun, "dry-run", false, "say what would be done and change nothing")
	return cmd
}

func (k *keysPush) run(ctx context.Context, kids []string) error {
	kids, err := k.kids(kids)
	if err != nil {
		return err
	}
	ring, err := k.secrets(kids)
	if err != nil {
		return err
	}
	client, err := k.env.account(&k.api.apiFlags).Client()
	if err != nil {
		return err
	}
	k.push.Store, k.push.Out, k.push.Err = k.api.store, k.env.Out, k.env.Err
	return k.push.Run(ctx, client, ring)
}

// kids are those named, or those of sites.json.
func (k *keysPush) kids(kids []string) ([]string, error) {
	if len(kids) == 0 {
		sites, _, err := sitesfile.Load(k.env.in, k.sites)
		if err != nil {
			return nil, err
		}
		if kids = sitesfile.KeyIDs(sites); len(kids) == 0 {
			return nil, failure.Usage(fmt.Errorf("%s names no keys", k.sites), "say which are meant, as in clickedge keys push k1 --key-file k1.key")
		}
	}
	return keyring.IDs(kids, "1 to 8 of a-z 0-9, such as k2; secrets come from --key-file or --stdin")
}

// secrets finds the secret of every key, each under its own id.
func (k *keysPush) secrets(kids []string) (*keyring.Ring, error) {
	if k.stdin {
		k.keyFiles = append(k.keyFiles, files.Std)
	}
	ring, err := keyring.Gather(k.env.keys(), keyring.Want{Files: k.keyFiles, IDs: kids, Who: "this push"})
	if err != nil {
		return nil, err
	}
	for _, kid := range kids {
		if _, err := ring.Key(kid); err != nil {
			missing := keyring.Missing(k.env.keys(), err, kid)
			missing.Hint += ", or pipe it in with --stdin"
			return nil, missing
		}
	}
	return ring, nil
}
