package server

import (
	"crypto/tls"

	"github.com/clickedge/clickedge/deploy/certfile"
)

// certificate is one's own, from files.
type certificate struct{ certfile.File }

func newCertificate(cert, key string) *certificate {
	return &certificate{certfile.File{Cert: cert, Key: key, Clients: "browsers"}}
}

func (c *certificate) close() {}

// config offers HTTP/1.1 only: it has the targets' exact bytes.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: c.Get}
}
