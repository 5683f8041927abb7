package fastlyapi

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
)

// SigningKey signs the API's client keys. It is the one that the Fastly CLI has
// built in (github.com/fastly/cli, pkg/commands/secretstoreentry/create.go; it
// is in the binary of 16.1.0 too): it protects only because it does not come
// from the API, as the keys that it signs do.
const SigningKey = "CrO/A92vkxEZjtTW7D/Sr+1EMf/q9BahC0sfLkWa+0k="

var errSignature = errors.New("the API's client key is not signed by the key that Fastly's is known to be: " +
	"something between here and Fastly may be reading along, or Fastly has changed its key")

// seal encrypts a secret as a libsodium sealed box, with a client key of the
// API that is valid for a few minutes.
func (c *Client) seal(ctx context.Context, value []byte) (sealed, key []byte, err error) {
	signer, err := base64.StdEncoding.DecodeString(c.opt.SigningKey)
	if err != nil || len(signer) != ed25519.PublicKeySize {
		return nil, nil, errors.New("the signing key for client keys is not 32 bytes in base64")
	}
	k, err := c.fastly.CreateClientKey(ctx)
	if err != nil {
		return nil, nil, Cause(err)
	}
	if len(k.PublicKey) != 32 || !k.VerifySignature(signer) {
		return nil, nil, errSignature
	}
	sealed, err = k.Encrypt(value)
	return sealed, k.PublicKey, err
}
