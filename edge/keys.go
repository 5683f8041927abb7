package main

import (
	"errors"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// keyStore is the secret store that holds the secrets of links of one's own,
// each under its key id.
const keyStore = "clickedge-keys"

var _ core.Keyring = (*exchange)(nil)

// errNoSecret says too little for a person and is seen by none: why a secret
// cannot be had is no business of a click's.
var errNoSecret = errors.New("no such secret in secret store " + keyStore)

// Secret implements core.Keyring. A secret is read when a link asks for it, so
// that a sandbox that needs none never holds one.
func (x *exchange) Secret(kid string) ([]byte, error) {
	secret, st := hostcall.Secret(&x.buf, keyStore, kid)
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
