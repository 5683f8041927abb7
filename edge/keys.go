package main

import (
	"errors"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// errNoSecret gives no reason, since core drops it and answers
// outcome.KeyUnavailable.
var errNoSecret = errors.New("no such secret in secret store " + contract.SecretStore)

// secretOf is a signed.Secrets. A secret is read only when a link names its
// key, so that a sandbox holds no secret that it does not need.
func (x *exchange) secretOf(kid string) ([]byte, error) {
	secret, st := hostcall.Secret(&x.buf, contract.SecretStore, kid)
	if st != hostcall.OK {
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
