package fastlyapi

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"

	"golang.org/x/crypto/nacl/box"
)

// SigningKey signs the API's client keys. It is the one that the Fastly CLI has
// built in (github.com/fastly/cli, pkg/commands/secretstoreentry/create.go; it is
// in the binary of 16.1.0 too): that it comes by another way than the keys that it
// signs is the point of it.
const SigningKey = "CrO/A92vkxEZjtTW7D/Sr+1EMf/q9BahC0sfLkWa+0k="

var (
	errSigningKey = errors.New("the signing key for client keys is not 32 bytes in base64")
	errSignature  = errors.New("the API's client key is not signed by the key that Fastly's is known to be: " +
		"something between here and Fastly may be reading along, or Fastly has changed its key")
)

// clientKey is a key of a few minutes' life to seal secrets with. The reference
// calls the member client_key, Fastly's own go-fastly reads public_key; either is
// taken.
type clientKey struct {
	PublicKey []byte `json:"public_key"`
	ClientKey []byte `json:"client_key"`
	Signature []byte `json:"signature"`
}

// seal encrypts a secret as a libsodium sealed box.
func (c *Client) seal(ctx context.Context, value []byte) (sealed, key []byte, err error) {
	signer, err := base64.StdEncoding.DecodeString(c.opt.SigningKey)
	if err != nil || len(signer) != ed25519.PublicKeySize {
		return nil, nil, errSigningKey
	}
	var k clientKey
	if err := c.do(ctx, call{method: "POST", path: storesPath + "/client-key", repeatable: true, out: &k}); err != nil {
		return nil, nil, err
	}
	if key = k.PublicKey; len(key) == 0 {
		key = k.ClientKey
	}
	if len(key) != 32 || !ed25519.Verify(signer, key, k.Signature) {
		return nil, nil, errSignature
	}
	sealed, err = box.SealAnonymous(nil, value, (*[32]byte)(key), rand.Reader)
	return sealed, key, err
}

// IsSignature tells whether an error says that a client key is not Fastly's.
func IsSignature(err error) bool { return errors.Is(err, errSignature) }
