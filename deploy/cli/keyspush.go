package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type keysPush struct {
	env      *Env
	api      storeFlags
	sites    string
	keyFiles []string
	stdin    bool
	create   bool
	replace  bool
	plain    bool
	dryRun   bool
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
	f.BoolVar(&k.create, "create-store", false, "make the store where there is none of that name")
	f.BoolVar(&k.replace, "replace", false, "replace a secret that is in the store: links signed with it die")
	f.BoolVar(&k.plain, "plain", false, "do not seal the secrets; TLS alone protects them")
	f.BoolVar(&k.dryRun, "dry-run", false, "say what would be done and change nothing")
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
	client, err := k.env.api(&k.api)
	if err != nil {
		return err
	}
	store, err := k.store(ctx, client)
	if err != nil {
		return apiFailure(err)
	}
	stored, err := k.stored(ctx, client, store)
	if err != nil {
		return apiFailure(err)
	}
	if err := k.refuseStored(store, stored, ring); err != nil {
		return err
	}
	return k.put(ctx, client, store, stored, ring)
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
	ring, err := keyring.Gather(k.env.keys(), keyring.Want{Files: k.keyFiles, Stdin: k.stdin, IDs: kids, Who: "this push"})
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

// store finds the store, or makes it where that was asked for. With --dry-run
// one that would be made has no id.
func (k *keysPush) store(ctx context.Context, client *fastlyapi.Client) (fastlyapi.Store, error) {
	store, err := client.FindStore(ctx, k.api.store)
	switch {
	case err == nil || !errors.Is(err, fastlyapi.ErrNoStore):
		return store, err
	case !k.create:
		return store, failure.Bad(err, "--create-store makes it; terraform apply does too, where Terraform makes the service; --store names another, by name or id")
	case k.dryRun:
		fmt.Fprintf(k.env.Out, "would make the secret store %s\n", k.api.store)
		return fastlyapi.Store{Name: k.api.store}, nil
	}
	if store, err = client.CreateStore(ctx, k.api.store); err != nil {
		return store, err
	}
	fmt.Fprintf(k.env.Out, "made the secret store %s (%s)\n", store.Name, store.ID)
	fmt.Fprintf(k.env.Err, "clickedge publish links it to the service as %s, where it is named after the service\n", contract.SecretStore)
	return store, nil
}

// stored lists what the store has, by id.
func (k *keysPush) stored(ctx context.Context, client *fastlyapi.Client, store fastlyapi.Store) (map[string]fastlyapi.Secret, error) {
	if store.ID == "" { // yet to be made
		return map[string]fastlyapi.Secret{}, nil
	}
	return secretsByName(ctx, client, store.ID)
}

func secretsByName(ctx context.Context, client *fastlyapi.Client, storeID string) (map[string]fastlyapi.Secret, error) {
	list, err := client.Secrets(ctx, storeID)
	byName := map[string]fastlyapi.Secret{}
	for _, s := range list {
		byName[s.Name] = s
	}
	return byName, err
}

// refuseStored looks before anything is put: all of it or none. Whether what is
// stored is the same secret the API does not say.
func (k *keysPush) refuseStored(store fastlyapi.Store, stored map[string]fastlyapi.Secret, ring *keyring.Ring) error {
	var there []string
	for _, kid := range ring.IDs() {
		if _, ok := stored[kid]; ok {
			there = append(there, kid)
		}
	}
	if k.replace || len(there) == 0 {
		return nil
	}
	return failure.Bad(fmt.Errorf("secret store %s has %s already; nothing was changed", store.Name, strings.Join(there, ", ")),
		"a new key gets a new id; --replace takes the place of the secret, and the links signed with the old one die")
}

func (k *keysPush) put(ctx context.Context, client *fastlyapi.Client, store fastlyapi.Store, stored map[string]fastlyapi.Secret, ring *keyring.Ring) error {
	kids := ring.IDs()
	for i, kid := range kids {
		key, _ := ring.Key(kid)
		if k.dryRun {
			fmt.Fprintf(k.env.Out, "would put %s, fingerprint %s, into the secret store %s\n", kid, key.Fingerprint(), store.Name)
			continue
		}
		done, err := client.PutSecret(ctx, fastlyapi.Put{StoreID: store.ID, Name: kid, Value: []byte(key.Secret()), Replace: k.replace, Plain: k.plain})
		if err != nil {
			if i > 0 {
				fmt.Fprintf(k.env.Err, "stored before: %s\n", strings.Join(kids[:i], ", "))
			}
			return apiFailure(err)
		}
		fmt.Fprintf(k.env.Out, "%s %s, fingerprint %s, secret store %s (%s)\n", putWord(done, stored[kid]), kid, key.Fingerprint(), store.Name, store.ID)
		k.warnTwin(done, stored)
		stored[kid] = done
	}
	return nil
}

// warnTwin looks for the same secret under another id.
func (k *keysPush) warnTwin(done fastlyapi.Secret, stored map[string]fastlyapi.Secret) {
	for _, name := range slices.Sorted(maps.Keys(stored)) {
		if name != done.Name && done.Digest != "" && stored[name].Digest == done.Digest {
			fmt.Fprintf(k.env.Err, "warning: the store gives %s and %s the same digest: they hold the same secret, so rotating from one to the other changes nothing\n", done.Name, cut(name, 60))
		}
	}
}

// putWord says what a put came to. The store's digest is opaque, but the same
// as long as the secret is.
func putWord(done, before fastlyapi.Secret) string {
	switch {
	case done.Recreated && before.Digest != "" && done.Digest == before.Digest:
		return "stored the same secret again as"
	case done.Recreated:
		return "replaced"
	}
	return "put"
}
