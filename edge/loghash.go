package main

import (
	"os"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/loghash"
)

// hash makes the hashes of the line. It reads text that anybody can send, so a
// panic is caught: the line is written without them.
func (x *exchange) hash() {
	defer func() {
		x.zeroSecret()
		if recover() != nil {
			x.record.Hashes = nil
			_, _ = os.Stderr.WriteString("internal error: a line without hashes; request " + x.record.RequestID + "\n")
		}
	}()
	secret, _ := x.secretOf(x.site.LogHashes) // none is too short
	address := x.arrival.Address              // a request that was sent cannot be asked any more
	if address == "" {
		address = x.address()
	}
	h, ok := loghash.Of(secret, x.record.Time, &loghash.Subject{
		Site: x.site, Target: x.request.Target, Kind: x.record.Kind, Signed: x.record.KeyID != "",
		Address: address, Agent: x.signals.UserAgent,
	})
	if !ok {
		_, _ = os.Stderr.WriteString("warning: a line without hashes: no secret " + x.site.LogHashes + " in secret store " + contract.SecretStore + "; site " + x.site.Host + ", request " + x.record.RequestID + "\n")
		return
	}
	x.record.Hashes = &h
}
