package server

import "github.com/clickedge/clickedge/core/loghash"

// hash makes the hashes of the line. It reads text that anybody can send, so a
// panic is caught: the line is written without them. A secret that is missing was
// said when the secrets were read.
func (x *exchange) hash() {
	defer func() {
		if recover() != nil {
			x.record.Hashes = nil
			x.warn("internal error: a panic left the line without hashes; request " + x.record.RequestID)
		}
	}()
	secret, _ := x.content.secretOf(x.site.LogHashes) // none is too short
	h, ok := loghash.Of(secret, x.record.Time, &loghash.Subject{
		Site: x.site, Target: x.request.Target, Kind: x.record.Kind, Signed: x.record.KeyID != "",
		Address: x.address(), Agent: x.signals.UserAgent,
	})
	if ok {
		x.record.Hashes = &h
	}
}
