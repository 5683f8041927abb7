package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/keystore"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type keysStatus struct {
	env      *Env
	api      storeFlags
	sites    string
	keyFiles []string
	times    retireFlags
	json     bool
}

func (env *Env) keysStatusCommand() *cobra.Command {
	k := &keysStatus{env: env}
	cmd := &cobra.Command{
		Use:   "status [LOG...]",
		Short: "Say which keys are in use, and when an old one may go",
		Long: `Lists the keys of sites.json: which mints and which only verify, whether its secret is in
the secret store (asked where FASTLY_API_TOKEN is set), how often and when its links were
clicked according to the click log, and when it may be retired: once the last mail that
used it has aged out.

That is certain where links were signed with an expiry: say until when the key minted and
for how long its links were signed at most, with --minted-until and --lifetime. Otherwise
a key may go when nobody has clicked a link of it for --max-age, and the log goes back
that far. A link seen in the log whose expiry is still to come is waited for in any case.

Fingerprints are those of the secrets given, by --key-file or CLICKEDGE_KEY_<KID>,
for two people to compare. Of the secret in the store the API tells none; --json has
its digest, which stays the same as long as the secret does.

LOG is NDJSON as the module writes it, also packed by gzip, a folder of such files, or "-"
for standard input. Without LOG no clicks are known. The exit code is 1 where a key that
sites.json names is not in the store.`,
		Example: `  clickedge keys status
  clickedge keys status clicks.ndjson --max-age 180d
  clickedge keys status --minted-until k1=2026-03-01T00:00:00Z --lifetime 30d`,
		RunE: func(cmd *cobra.Command, args []string) error { return k.run(cmd.Context(), args) },
	}
	k.api.add(cmd)
	sitesFlag(cmd, &k.sites)
	k.times.add(cmd)
	keyFileFlag(cmd, &k.keyFiles)
	cmd.Flags().BoolVar(&k.json, "json", false, "print JSON")
	return cmd
}

func (k *keysStatus) run(ctx context.Context, logs []string) error {
	sites, _, err := sitesfile.Load(k.env.in, k.sites)
	if err != nil {
		return err
	}
	ring, err := k.secrets(sites)
	if err != nil {
		return err
	}
	judge, err := k.times.retirement(k.env, logs)
	if err != nil {
		return err
	}
	stored, err := k.stored(ctx)
	if err != nil {
		return err
	}
	list := judge.All(sites, stored, ring.IDs())
	var kids []string
	for _, s := range list {
		kids = append(kids, s.KID)
	}
	if err := judge.NotListed(kids); err != nil {
		return err
	}
	for i := range list {
		list[i].Fingerprint = ring.Fingerprint(list[i].KID)
	}
	if k.json {
		err = output.JSON(k.env.Out, map[string][]keyring.Status{"keys": list})
	} else {
		err = keyring.WriteStatus(k.env.Out, list)
	}
	if err != nil {
		return err
	}
	return keyring.NotStored(list)
}

// secrets are those that are given. The API shows no fingerprint of a secret in
// the store.
func (k *keysStatus) secrets(sites *core.Sites) (*keyring.Ring, error) {
	kids := sitesfile.KeyIDs(sites)
	ring, err := keyring.Gather(k.env.keys(), keyring.Want{Files: k.keyFiles, IDs: kids, Others: true, Who: k.sites})
	if err != nil {
		return nil, err
	}
	if len(kids) > 0 && len(ring.IDs()) == 0 {
		fmt.Fprintf(k.env.Err, "no secret is given: --key-file FILE or %s shows its fingerprint\n", keyring.EnvName(kids[0]))
	}
	return ring, nil
}

// stored lists what the store has; nil where nobody can be asked.
func (k *keysStatus) stored(ctx context.Context) (map[string]string, error) {
	account := k.env.account(&k.api.apiFlags)
	if !account.HasToken() {
		fmt.Fprintf(k.env.Err, "%s is not set: whether the secrets are in the store is not known\n", fastlyapi.TokenEnv)
		return nil, nil
	}
	client, err := account.Client()
	if err != nil {
		return nil, err
	}
	return keystore.Digests(ctx, client, k.api.store)
}
