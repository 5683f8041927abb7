package keystore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fastly/go-fastly/v16/fastly"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
)

// Remove says how secrets are deleted from a store.
type Remove struct {
	Store  string // name or id
	Judge  *keyring.Retirement
	Yes    bool // do not ask
	Force  bool // delete a key whose links may still be in use
	DryRun bool // change nothing
	In     *input.Input
	Out    io.Writer
	Err    io.Writer
}

// RefuseListed refuses keys that a site still names. Nothing forces this: the
// links would be answered by an error page. File is the sites' name.
func RefuseListed(sites *core.Sites, file string, kids []string) error {
	for _, host := range sites.Hosts() {
		for _, kid := range sites.Lookup(host).Secrets() {
			if slices.Contains(kids, kid) {
				return failure.Bad(fmt.Errorf("site %s of %s still names key %q; nothing was deleted", host, file, kid),
					"take it out of sites.json and publish that first; until then its links, or the hashes of its log, need the secret")
			}
		}
	}
	return nil
}

// Run deletes the secrets of keys that the store has, all of them or none where
// one may still be in use.
func (r *Remove) Run(ctx context.Context, client *fastlyapi.Client, kids []string) error {
	store, err := client.FindStore(ctx, r.Store)
	if err != nil {
		return fastlyapi.Failure(err)
	}
	if kids, err = r.present(ctx, client, store, kids); err != nil || len(kids) == 0 {
		return err
	}
	if err := r.refuseUsed(kids); err != nil {
		return err
	}
	if r.DryRun {
		for _, kid := range kids {
			fmt.Fprintf(r.Out, "would delete %s from the secret store %s (%s)\n", kid, store.Name, store.StoreID)
		}
		return nil
	}
	if err := r.confirm(store, kids); err != nil {
		return err
	}
	return r.remove(ctx, client, store, kids)
}

// present are those of the keys that the store has.
func (r *Remove) present(ctx context.Context, client *fastlyapi.Client, store *fastly.SecretStore, kids []string) (there []string, err error) {
	stored, err := byName(ctx, client, store.StoreID)
	if err != nil {
		return nil, fastlyapi.Failure(err)
	}
	for _, kid := range kids {
		if _, ok := stored[kid]; ok {
			there = append(there, kid)
			continue
		}
		fmt.Fprintf(r.Out, "%s is not in the secret store %s (%s)\n", kid, store.Name, store.StoreID)
	}
	return there, nil
}

// refuseUsed keeps what may still be clicked.
func (r *Remove) refuseUsed(kids []string) error {
	for _, kid := range kids {
		warning, err := r.Judge.Removal(kid, r.Force)
		if err != nil {
			return err
		}
		if warning != "" {
			fmt.Fprintf(r.Err, "warning: %s\n", warning)
		}
	}
	return nil
}

// confirm asks, unless --yes has answered.
func (r *Remove) confirm(store *fastly.SecretStore, kids []string) error {
	if r.Yes {
		return nil
	}
	yes, err := r.In.Confirm(fmt.Sprintf("Delete %s from the secret store %s (%s)? What it signed can never verify again.", strings.Join(kids, ", "), store.Name, store.StoreID), "--yes")
	if err != nil || yes {
		return err
	}
	return failure.Bad(errors.New("not confirmed; nothing was deleted"), "answer y, or say --yes")
}

func (r *Remove) remove(ctx context.Context, client *fastlyapi.Client, store *fastly.SecretStore, kids []string) error {
	for _, kid := range kids {
		// Where somebody else was quicker, what was asked for is done.
		if err := client.DeleteSecret(ctx, store.StoreID, kid); err != nil && !fastlyapi.IsNotFound(err) {
			return fastlyapi.Failure(err)
		}
		fmt.Fprintf(r.Out, "deleted %s, secret store %s (%s)\n", kid, store.Name, store.StoreID)
	}
	return nil
}
