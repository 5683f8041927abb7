package keyring

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/failure"
)

// Key is a secret and its id. Printing it does not show the secret: String and
// GoString give id and fingerprint.
type Key struct {
	ID     string // "" while it is not known
	secret string
	named  bool // its file has its fingerprint
}

// NewKey makes a key with a secret of 32 random bytes, as base64url text. The
// text itself is the secret, not the bytes.
func NewKey(id string) Key {
	var b [MinSecret]byte
	_, _ = rand.Read(b[:]) // does not fail: it ends the process instead
	return Key{ID: id, secret: base64.RawURLEncoding.EncodeToString(b[:]), named: true}
}

// Secret is the secret's text.
func (k Key) Secret() string { return k.secret }

// String gives id and fingerprint.
func (k Key) String() string { return fmt.Sprintf("key %s, fingerprint %s", k.ID, k.Fingerprint()) }

// GoString gives id and fingerprint.
func (k Key) GoString() string { return k.String() }

// IDs returns the key ids in a command's arguments, sorted, each once. The
// error does not quote an invalid one, as it may be the secret itself.
func IDs(args []string, hint string) ([]string, error) {
	for i, id := range args {
		if !signed.IsKeyID(id) {
			return nil, failure.Usage(fmt.Errorf("argument %d is not a key id", i+1), hint)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(args))), nil
}
