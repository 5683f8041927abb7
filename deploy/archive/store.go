package archive

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
)

// atOnce is how many entries are read at a time.
const atOnce = 8

// Export reads all entries of a KV store. ignored are the keys of entries that
// are none: the module does not use them either.
func Export(ctx context.Context, c *fastlyapi.Client, storeID string) (items []learned.Item, ignored []string, err error) {
	keys, err := c.KVKeys(ctx, storeID)
	if err != nil {
		return nil, nil, err
	}
	found, err := entries(ctx, c, storeID, keys)
	if err != nil {
		return nil, nil, err
	}
	for i, key := range keys {
		if e := found[i]; e.Decided() {
			name, _ := learned.ParseName(key)
			items = append(items, learned.Item{Name: name, Entry: e})
		} else {
			ignored = append(ignored, key)
		}
	}
	return items, ignored, nil
}

// entries reads the entries of these keys, in their order.
func entries(ctx context.Context, c *fastlyapi.Client, storeID string, keys []string) ([]learned.Entry, error) {
	found := make([]learned.Entry, len(keys))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, key := range keys {
		name, ok := learned.ParseName(key)
		if !ok {
			continue
		}
		g.Go(func() error {
			value, there, err := c.KVValue(ctx, storeID, key)
			if there {
				found[i] = learned.ReadEntry(&name, value)
			}
			return err
		})
	}
	return found, g.Wait()
}

// Change is what an import does with one name.
type Change struct {
	learned.Item
	Before learned.Entry // what the store has
}

// String says what is done.
func (c *Change) String() string {
	switch {
	case c.Contradicts():
		return fmt.Sprintf("%s led to %s: two destinations, so it is not used any more", c.Name.String(), c.Before.Destination)
	case c.State == learned.Contradictory:
		return c.Name.String() + " leads to two destinations, and is not used"
	}
	return fmt.Sprintf("%s leads to %s", c.Name.String(), c.Destination)
}

// Compare says what an import of these items changes in a KV store: what is
// there and says the same stays, and so does what is contradictory. A known
// destination that differs makes the name contradictory.
func Compare(ctx context.Context, c *fastlyapi.Client, storeID string, items []learned.Item) (changes []Change, err error) {
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = items[i].Name.String()
	}
	found, err := entries(ctx, c, storeID, keys)
	if err != nil {
		return nil, err
	}
	for i, item := range items {
		merged := learned.Merge(found[i], item.Entry)
		if merged != found[i] {
			changes = append(changes, Change{learned.Item{Name: item.Name, Entry: merged}, found[i]})
		}
	}
	return changes, nil
}

// Contradicts reports whether the name led somewhere before.
func (c *Change) Contradicts() bool {
	return c.State == learned.Contradictory && c.Before.State == learned.Known
}

// Apply writes changes to a KV store.
func Apply(ctx context.Context, c *fastlyapi.Client, storeID string, changes []Change) error {
	pairs := make([]fastlyapi.KVPair, len(changes))
	for i := range changes {
		name := changes[i].Name
		pairs[i] = fastlyapi.KVPair{Key: name.String(), Value: changes[i].Append(nil, &name)}
	}
	return c.PutKV(ctx, storeID, pairs)
}
