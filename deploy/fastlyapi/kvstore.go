package fastlyapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/fastly/go-fastly/v16/fastly"
)

// ErrNoKVStore says that the account has no KV store of that name or id.
var ErrNoKVStore = errors.New("no such KV store")

// KVStores lists the account's KV stores.
func (c *Client) KVStores(ctx context.Context) ([]fastly.KVStore, error) {
	return list(func(cursor string) ([]fastly.KVStore, string, error) {
		p, err := c.fastly.ListKVStores(ctx, &fastly.ListKVStoresInput{Limit: 200, Cursor: cursor})
		if err != nil {
			return nil, "", err
		}
		return p.Data, p.Meta["next_cursor"], nil
	})
}

// FindKVStore finds a KV store by its id or its name. It fails with
// [ErrNoKVStore], or where several have the name.
func (c *Client) FindKVStore(ctx context.Context, nameOrID string) (*fastly.KVStore, error) {
	stores, err := c.KVStores(ctx)
	if err != nil {
		return nil, err
	}
	return find(stores, nameOrID, "KV stores", ErrNoKVStore, func(s *fastly.KVStore) (id, name string) { return s.StoreID, s.Name })
}

// CreateKVStore makes an empty KV store.
func (c *Client) CreateKVStore(ctx context.Context, name string) (*fastly.KVStore, error) {
	s, err := c.fastly.CreateKVStore(ctx, &fastly.CreateKVStoreInput{Name: name})
	return s, Cause(err)
}

// KVKeys lists the keys of a KV store.
func (c *Client) KVKeys(ctx context.Context, storeID string) ([]string, error) {
	return list(func(cursor string) ([]string, string, error) {
		p, err := c.fastly.ListKVStoreKeys(ctx, &fastly.ListKVStoreKeysInput{StoreID: storeID, Limit: 1000, Cursor: cursor})
		if err != nil {
			return nil, "", err
		}
		return p.Data, p.Meta["next_cursor"], nil
	})
}

// KVValue returns the value of a key; ok is false if there is none.
func (c *Client) KVValue(ctx context.Context, storeID, key string) (value string, ok bool, err error) {
	value, err = c.fastly.GetKVStoreKey(ctx, &fastly.GetKVStoreKeyInput{StoreID: storeID, Key: key})
	if err = Cause(err); IsNotFound(err) {
		return "", false, nil
	}
	return value, err == nil, err
}

// KVPair is a key with its value.
type KVPair struct {
	Key   string `json:"key"`
	Value []byte `json:"value"` // in base64, as the API wants it
}

// kvBatch is how many pairs one request writes.
const kvBatch = 500

// PutKV writes pairs in as few requests as the API's limit on writes suggests,
// whatever the store has under the keys.
func (c *Client) PutKV(ctx context.Context, storeID string, pairs []KVPair) error {
	for len(pairs) > 0 {
		n := min(len(pairs), kvBatch)
		var body bytes.Buffer
		enc := json.NewEncoder(&body)
		for _, p := range pairs[:n] {
			if err := enc.Encode(p); err != nil {
				return err
			}
		}
		if err := c.fastly.BatchModifyKVStoreKey(ctx, &fastly.BatchModifyKVStoreKeyInput{StoreID: storeID, Body: &body}); err != nil {
			return Cause(err)
		}
		pairs = pairs[n:]
	}
	return nil
}
