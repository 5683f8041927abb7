package keystore

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/fastly/go-fastly/v16/fastly"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/keyring"
)

// Push says how secrets are put into a store.
type Push struct {
	Store    string // name or id
	Create   bool   // make the store where there is none of that name
	Replace  bool   // replace a secret that is there
	Plain    bool   // do not seal the secrets
	DryRun   bool   // change nothing
	Out, Err io.Writer
}

// Run puts the secrets of a ring into the store: all of them, or none where one
// is there already.
func (p *Push) Run(ctx context.Context, client *fastlyapi.Client, ring *keyring.Ring) error {
	store, err := p.store(ctx, client)
	if err != nil {
		return fastlyapi.Failure(err)
	}
	stored := map[string]fastly.Secret{}
	if store.StoreID != "" { // else it is yet to be made
		if stored, err = byName(ctx, client, store.StoreID); err != nil {
			return fastlyapi.Failure(err)
		}
	}
	if err := p.refuseStored(store, stored, ring); err != nil {
		return err
	}
	if p.DryRun {
		for _, kid := range ring.IDs() {
			fmt.Fprintf(p.Out, "would put %s, fingerprint %s, into the secret store %s\n", kid, ring.Fingerprint(kid), store.Name)
		}
		return nil
	}
	return p.put(ctx, client, store, stored, ring)
}

// store finds the store, or makes it where that was asked for. With DryRun one
// that would be made has no id.
func (p *Push) store(ctx context.Context, client *fastlyapi.Client) (*fastly.SecretStore, error) {
	store, err := client.FindStore(ctx, p.Store)
	switch {
	case err == nil || !errors.Is(err, fastlyapi.ErrNoStore):
		return store, err
	case !p.Create:
		return store, failure.Bad(err, "--create-store makes it; terraform apply does too, where Terraform makes the service; --store names another, by name or id")
	case p.DryRun:
		fmt.Fprintf(p.Out, "would make the secret store %s\n", p.Store)
		return &fastly.SecretStore{Name: p.Store}, nil
	}
	if store, err = client.CreateStore(ctx, p.Store); err != nil {
		return nil, err
	}
	fmt.Fprintf(p.Out, "made the secret store %s (%s)\n", store.Name, store.StoreID)
	fmt.Fprintf(p.Err, "clickedge publish links it to the service as %s, where it is named after the service\n", contract.SecretStore)
	return store, nil
}

// byName lists what the store has, by id.
func byName(ctx context.Context, client *fastlyapi.Client, storeID string) (map[string]fastly.Secret, error) {
	list, err := client.Secrets(ctx, storeID)
	stored := map[string]fastly.Secret{}
	for _, s := range list {
		stored[s.Name] = s
	}
	return stored, err
}

// Digests lists the digest of each secret in a store, by id.
func Digests(ctx context.Context, client *fastlyapi.Client, nameOrID string) (map[string]string, error) {
	store, err := client.FindStore(ctx, nameOrID)
	if err != nil {
		return nil, fastlyapi.Failure(err)
	}
	stored, err := byName(ctx, client, store.StoreID)
	if err != nil {
		return nil, fastlyapi.Failure(err)
	}
	digests := map[string]string{}
	for name, s := range stored {
		digests[name] = base64.StdEncoding.EncodeToString(s.Digest)
	}
	return digests, nil
}

// refuseStored is asked before anything is put. Whether what is stored is the
// same secret the API does not say.
func (p *Push) refuseStored(store *fastly.SecretStore, stored map[string]fastly.Secret, ring *keyring.Ring) error {
	var there []string
	for _, kid := range ring.IDs() {
		if _, ok := stored[kid]; ok {
			there = append(there, kid)
		}
	}
	if p.Replace || len(there) == 0 {
		return nil
	}
	return failure.Bad(fmt.Errorf("secret store %s has %s already; nothing was changed", store.Name, strings.Join(there, ", ")),
		"a new key gets a new id; --replace takes the place of the secret, and the links signed with the old one die")
}

func (p *Push) put(ctx context.Context, client *fastlyapi.Client, store *fastly.SecretStore, stored map[string]fastly.Secret, ring *keyring.Ring) error {
	kids := ring.IDs()
	for i, kid := range kids {
		key, _ := ring.Key(kid)
		done, err := client.PutSecret(ctx, fastlyapi.Put{StoreID: store.StoreID, Name: kid, Value: []byte(key.Secret()), Replace: p.Replace, Plain: p.Plain})
		if err != nil {
			if i > 0 {
				fmt.Fprintf(p.Err, "stored before: %s\n", strings.Join(kids[:i], ", "))
			}
			return fastlyapi.Failure(err)
		}
		fmt.Fprintf(p.Out, "%s %s, fingerprint %s, secret store %s (%s)\n", putWord(*done, stored[kid]), kid, key.Fingerprint(), store.Name, store.StoreID)
		p.warnTwin(*done, stored)
		stored[kid] = *done
	}
	return nil
}

// warnTwin looks for the same secret under another id.
func (p *Push) warnTwin(done fastly.Secret, stored map[string]fastly.Secret) {
	for _, name := range slices.Sorted(maps.Keys(stored)) {
		if name != done.Name && len(done.Digest) > 0 && bytes.Equal(stored[name].Digest, done.Digest) {
			fmt.Fprintf(p.Err, "warning: the store gives %s and %s the same digest: they hold the same secret, so rotating from one to the other changes nothing\n", done.Name, clean.Cut(name, 60))
		}
	}
}

// putWord says what putting a secret has done. The store's digest is opaque,
// but the same as long as the secret is.
func putWord(done, before fastly.Secret) string {
	switch {
	case done.Recreated && len(before.Digest) > 0 && bytes.Equal(done.Digest, before.Digest):
		return "stored the same secret again as"
	case done.Recreated:
		return "replaced"
	}
	return "put"
}
