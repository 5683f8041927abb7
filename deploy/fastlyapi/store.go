package fastlyapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/fastly/go-fastly/v16/fastly"

	"github.com/clickedge/clickedge/core/contract"
)

// maxPages bounds a listing, in case the API's cursor never ends.
const maxPages = 1000

// list reads all pages.
func list[T any](page func(cursor string) (data []T, next string, err error)) (all []T, err error) {
	cursor := ""
	for range maxPages {
		data, next, err := page(cursor)
		if err != nil {
			return nil, Cause(err)
		}
		all = append(all, data...)
		if next == "" {
			return all, nil
		}
		cursor = next
	}
	return nil, errors.New("the API's listing does not end")
}

// Stores lists the account's secret stores.
func (c *Client) Stores(ctx context.Context) ([]fastly.SecretStore, error) {
	return list(func(cursor string) ([]fastly.SecretStore, string, error) {
		p, err := c.fastly.ListSecretStores(ctx, &fastly.ListSecretStoresInput{Limit: 200, Cursor: cursor})
		if err != nil {
			return nil, "", err
		}
		return p.Data, p.Meta.NextCursor, nil
	})
}

// ErrNoStore says that the account has no store of that name or id.
var ErrNoStore = errors.New("no such secret store")

// FindStore finds a store by its id or its name. It fails with [ErrNoStore], or
// where several have the name.
func (c *Client) FindStore(ctx context.Context, nameOrID string) (*fastly.SecretStore, error) {
	stores, err := c.Stores(ctx)
	if err != nil {
		return nil, err
	}
	return find(stores, nameOrID, "secret stores", ErrNoStore, func(s *fastly.SecretStore) (id, name string) { return s.StoreID, s.Name })
}

// find returns the store that has an id or, alone of all, a name. kind is what
// the stores are called, and none is the error if no store has it.
func find[T any](stores []T, nameOrID, kind string, none error, keys func(*T) (id, name string)) (*T, error) {
	var found *T
	var ids []string
	for i := range stores {
		id, name := keys(&stores[i])
		if id == nameOrID {
			return &stores[i], nil
		}
		if name == nameOrID {
			found, ids = &stores[i], append(ids, id)
		}
	}
	switch len(ids) {
	case 0:
		return nil, fmt.Errorf("%w: %q", none, nameOrID)
	case 1:
		return found, nil
	}
	return nil, fmt.Errorf("%d %s are named %q: name one by its id, %s or %s", len(ids), kind, nameOrID, ids[0], ids[1])
}

// CreateStore makes an empty store. It is not repeated where the API may have
// made one already.
func (c *Client) CreateStore(ctx context.Context, name string) (*fastly.SecretStore, error) {
	s, err := c.fastly.CreateSecretStore(ctx, &fastly.CreateSecretStoreInput{Name: name})
	return s, Cause(err)
}

// Secrets lists what the API says about a store's secrets, which is never their
// values. A digest cannot be computed here, but stays the same as long as the
// value does.
func (c *Client) Secrets(ctx context.Context, storeID string) ([]fastly.Secret, error) {
	return list(func(cursor string) ([]fastly.Secret, string, error) {
		p, err := c.fastly.ListSecrets(ctx, &fastly.ListSecretsInput{StoreID: storeID, Limit: 200, Cursor: cursor})
		if err != nil {
			return nil, "", err
		}
		return p.Data, p.Meta.NextCursor, nil
	})
}

// DeleteSecret deletes a secret from a store. If it is not there, the error is
// an [*Error] with status 404, unless an earlier try may have deleted it.
func (c *Client) DeleteSecret(ctx context.Context, storeID, name string) error {
	err := Cause(c.fastly.DeleteSecret(ctx, &fastly.DeleteSecretInput{StoreID: storeID, Name: name}))
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound && e.Tries > 1 {
		return nil
	}
	return err
}

// Put describes a secret to store.
type Put struct {
	StoreID, Name string
	Value         []byte
	// Replace recreates a secret that is there; without it that is an error.
	Replace bool
	// Plain sends the value as it is, inside TLS only, instead of sealed with a
	// client key.
	Plain bool
}

// PutSecret stores a secret. As the Fastly CLI does, it seals the value with a
// key that the API makes for it and that the pinned key must have signed: a
// proxy on the way, even one that ends TLS, does not see the secret.
func (c *Client) PutSecret(ctx context.Context, p Put) (*fastly.Secret, error) {
	if len(p.Value) == 0 || len(p.Value) > contract.MaxSecret {
		return nil, fmt.Errorf("secret %q: %d bytes are not 1 to %d", p.Name, len(p.Value), contract.MaxSecret)
	}
	in := &fastly.CreateSecretInput{StoreID: p.StoreID, Name: p.Name, Secret: p.Value, Method: http.MethodPost}
	if !p.Plain {
		var err error
		if in.Secret, in.ClientKey, err = c.seal(ctx, p.Value); err != nil {
			return nil, err
		}
	}
	if p.Replace {
		in.Method = http.MethodPut
	}
	s, err := c.fastly.CreateSecret(Hide(ctx, p.Value, in.Secret), in)
	return s, Cause(err)
}
