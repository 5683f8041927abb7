package handler

import (
	"errors"

	"github.com/fastly/compute-sdk-go/secretstore"

	"github.com/clickedge/clickedge/core/contract"
)

// errNoSecret gives no reason, since core drops it and answers
// outcome.KeyUnavailable.
var errNoSecret = errors.New("no such secret in secret store " + contract.SecretStore)

// secretOf is a signed.Secrets.
func (x *exchange) secretOf(kid string) ([]byte, error) {
	secret, err := secretstore.Plaintext(contract.SecretStore, kid)
	if err != nil {
		return nil, errNoSecret
	}
	x.secret = secret
	return secret, nil
}

// zeroSecret overwrites the secret once the link has been verified.
func (x *exchange) zeroSecret() {
	clear(x.secret)
	x.secret = nil
}
