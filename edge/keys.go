package main

import (
	"fmt"

	"github.com/clickedge/clickedge/core"
	"github.com/fastly/compute-sdk-go/secretstore"
)

// keyStore is the secret store that holds the secrets of links of one's own,
// each under its key id.
const keyStore = "clickedge-keys"

// keyring reads a secret when a link asks for it, so that a sandbox that needs
// none never holds one.
type keyring struct{}

var _ core.Keyring = (*keyring)(nil)

// Secret implements core.Keyring.
func (*keyring) Secret(kid string) ([]byte, error) {
	secret, err := secretstore.Plaintext(keyStore, kid)
	if err != nil {
		return nil, fmt.Errorf("secret store %q, secret %q: %w", keyStore, kid, err)
	}
	return secret, nil
}
