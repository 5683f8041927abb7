package main

import (
	"errors"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

var _ core.Keyring = (*exchange)(nil)

// errNoSecret does not say why, since nobody reads it: core turns it into
// core.KeyUnavailable.
var errNoSecret = errors.New("no such secret in secret store " + contract.SecretStore)

// Secret implements core.Keyring. A secret is read when a link names its key,
// so that a sandbox that needs none never holds one.
func (x *exchange) Secret(kid string) ([]byte, error) {
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
