package fastlyapi

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"
)

const storesPath = "/resources/stores/secret"

// maxPages bounds a listing, should the API's cursor never end.
const maxPages = 1000

// Store is a secret store.
type Store struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Secret is what the API tells of a secret: never its value.
type Secret struct {
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
	Recreated bool      `json:"recreated"`
	// Digest is an opaque identifier of the value: as long as it stays the same,
	// so does the value. It cannot be computed here.
	Digest string `json:"digest"`
}

// page is one page of a listing.
type page[T any] struct {
	Data []T `json:"data"`
	Meta struct {
		NextCursor string `json:"next_cursor"`
	} `json:"meta"`
}

// list reads all pages.
func list[T any](ctx context.Context, c *Client, path string) (all []T, err error) {
	query := url.Values{"limit": {"200"}}
	for range maxPages {
		var p page[T]
		if err := c.do(ctx, call{method: "GET", path: path, query: query, repeatable: true, out: &p}); err != nil {
			return nil, err
		}
		all = append(all, p.Data...)
		if p.Meta.NextCursor == "" {
			return all, nil
		}
		query.Set("cursor", p.Meta.NextCursor)
	}
	return nil, fmt.Errorf("GET %s: the listing does not end", path)
}

// Stores lists the account's secret stores.
func (c *Client) Stores(ctx context.Context) ([]Store, error) { return list[Store](ctx, c, storesPath) }

// ErrNoStore says that the account has no store of that name or id.
var ErrNoStore = errors.New("no such secret store")

// FindStore finds a store by its id or its name. It fails with [ErrNoStore], or
// where several have the name.
func (c *Client) FindStore(ctx context.Context, nameOrID string) (Store, error) {
	stores, err := c.Stores(ctx)
	if err != nil {
		return Store{}, err
	}
	var named []Store
	for _, s := range stores {
		if s.ID == nameOrID {
			return s, nil
		}
		if s.Name == nameOrID {
			named = append(named, s)
		}
	}
	switch len(named) {
	case 0:
		return Store{}, fmt.Errorf("%w: %q", ErrNoStore, nameOrID)
	case 1:
		return named[0], nil
	}
	return Store{}, fmt.Errorf("%d secret stores are named %q: name one by its id, %s or %s", len(named), nameOrID, named[0].ID, named[1].ID)
}

// CreateStore makes an empty store. It is not repeated where the API may have made
// one already.
func (c *Client) CreateStore(ctx context.Context, name string) (Store, error) {
	var s Store
	err := c.do(ctx, call{method: "POST", path: storesPath, body: map[string]string{"name": name}, out: &s})
	return s, err
}

// Secrets lists the names of a store's secrets.
func (c *Client) Secrets(ctx context.Context, storeID string) ([]Secret, error) {
	return list[Secret](ctx, c, secretsPath(storeID))
}

func secretsPath(storeID string) string { return storesPath + "/" + storeID + "/secrets" }

// DeleteSecret takes a secret out of a store. That it is not there is an [*Error]
// with the status 404.
func (c *Client) DeleteSecret(ctx context.Context, storeID, name string) error {
	return c.do(ctx, call{method: "DELETE", path: secretsPath(storeID) + "/" + name, repeatable: true})
}

// Put says what to store.
type Put struct {
	StoreID, Name string
	Value         []byte
	// Replace recreates a secret that is there; without it that is an error.
	Replace bool
	// Plain sends the value as it is, inside TLS only, instead of sealed with a
	// client key.
	Plain bool
}

// MaxSecret is the most bytes of a secret.
const MaxSecret = 64 << 10

// PutSecret stores a secret. As the Fastly CLI does, it seals the value with a key
// that the API makes for it and that the pinned key must have signed: what stands
// between here and the store's own service then sees no secret, though it may end
// TLS.
func (c *Client) PutSecret(ctx context.Context, p Put) (Secret, error) {
	if len(p.Value) == 0 || len(p.Value) > MaxSecret {
		return Secret{}, fmt.Errorf("secret %q: %d bytes are not 1 to %d", p.Name, len(p.Value), MaxSecret)
	}
	body := struct {
		Name      string `json:"name"`
		Secret    []byte `json:"secret"` // base64 in JSON
		ClientKey []byte `json:"client_key,omitempty"`
	}{Name: p.Name, Secret: p.Value}
	if !p.Plain {
		sealed, key, err := c.seal(ctx, p.Value)
		if err != nil {
			return Secret{}, err
		}
		body.Secret, body.ClientKey = sealed, key
	}
	k := call{method: "POST", path: secretsPath(p.StoreID), body: body, hide: encodings(p.Value, body.Secret)}
	if p.Replace {
		k.method, k.repeatable = "PUT", true
	}
	var s Secret
	k.out = &s
	return s, c.do(ctx, k)
}

// encodings are the forms in which an answer might quote what was sent.
func encodings(values ...[]byte) (list []string) {
	for _, v := range values {
		list = append(list, string(v), base64.StdEncoding.EncodeToString(v), base64.RawStdEncoding.EncodeToString(v), base64.RawURLEncoding.EncodeToString(v))
	}
	return list
}
