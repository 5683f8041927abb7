package main

import (
	"errors"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

var _ core.Keyring = (*exchange)(nil)

// errNoSecret says too little for a person and is seen by none: why a secret
// cannot be had is no business of a click's.
var errNoSecret = errors.New("no such secret in secret store " + contract.SecretStore)

// Secret implements core.Keyring. A secret is read when a link asks for it, so
// that a sandbox that needs none never holds one.
func (x *exchange) Secret(kid string) ([]byte, error) {
	secret, st := hostcall.Secret(&x.buf, contract.SecretStore, kid)
	if st != hostcall.OK {
		return nil, errNoSecret
	}
	x.secret = secret
	return secret, nil
}

// forget overwrites the secret once the link has been judged.
func (x *exchange) forget() {
	clear(x.secret)
	x.secret = nil
}
