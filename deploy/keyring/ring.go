package keyring

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/clickedge/clickedge/core/signed"
)

// ErrNoSecret says that a key's secret was not given.
var ErrNoSecret = errors.New("no secret given")

// Ring holds keys by their id. Printing it does not show the secrets.
type Ring struct {
	keys map[string]Key
	from map[string]string // where each came from, for messages
}

var _ signed.Keyring = (*Ring)(nil)

// NewRing makes a ring of these keys. Of two with the same id the latter
// counts.
func NewRing(keys ...Key) *Ring {
	r := &Ring{keys: map[string]Key{}, from: map[string]string{}}
	for _, k := range keys {
		r.keys[k.ID] = k
	}
	return r
}

// Secret implements signed.Keyring.
func (r *Ring) Secret(kid string) ([]byte, error) {
	k, err := r.Key(kid)
	return []byte(k.secret), err
}

// Key is the key of an id. The error wraps [ErrNoSecret].
func (r *Ring) Key(kid string) (Key, error) {
	if k, ok := r.keys[kid]; ok {
		return k, nil
	}
	return Key{}, fmt.Errorf("key %q: %w", kid, ErrNoSecret)
}

// Has reports whether the ring has the secret of an id.
func (r *Ring) Has(kid string) bool { _, ok := r.keys[kid]; return ok }

// IDs lists the ids, sorted.
func (r *Ring) IDs() []string { return slices.Sorted(maps.Keys(r.keys)) }

// Fingerprint is that of an id's secret, or "" if the ring does not have it.
func (r *Ring) Fingerprint(kid string) string {
	if k, ok := r.keys[kid]; ok {
		return k.Fingerprint()
	}
	return ""
}

// String lists ids and fingerprints.
func (r *Ring) String() string {
	list := make([]Key, 0, len(r.keys))
	for _, kid := range r.IDs() {
		list = append(list, r.keys[kid])
	}
	return fmt.Sprint(list)
}

// GoString lists ids and fingerprints.
func (r *Ring) GoString() string { return r.String() }
