package core

import (
	"strings"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
)

// Request is what Decide needs to know of one request.
type Request struct {
	// Method as sent. Letter case counts: a GET is in upper case.
	Method string
	// Target is the raw request target in origin form: path and query, byte for
	// byte. Nothing in it has been decoded or normalized.
	Target string
	// CDNLoop is the CDN-Loop header (RFC 8586), its lines joined by commas.
	CDNLoop string
	// HasBody: a body came with the request.
	HasBody bool
	// NoSites: the module was built without sites.json, so no host has a site.
	NoSites bool
	// Keys has the secrets of signed links. Nil: there are none, and no signed
	// link verifies.
	Keys signed.Keyring
	// Learned has what has been learned of links. Nil: nothing has.
	Learned LearnedLinks
	// Room is a buffer for a decision's Location that is not part of Target.
	// The length of Target is enough. A Location that does not fit is
	// allocated.
	Room []byte
	// Raw is nil, or the memory that ends with Target and may be written to. The
	// tag of a signed link is computed in there, if there are [RawLead] bytes in
	// front of Target; what stood there is put back.
	Raw []byte
	// notes stand here so that they are not allocated.
	notes esp.Notes
}

// RawLead is how many bytes before a URI make room in front of its target for
// the key's block: the scheme may be one byte short of "https://", and the
// authority has the site's host.
const RawLead = 64 + 1

// raw returns Raw up to the first n bytes of Target.
func (r *Request) raw(n int) []byte {
	if at := len(r.Raw) - len(r.Target); at >= 0 {
		return r.Raw[:at+n]
	}
	return nil
}

// LoopToken is clickedge's cdn-id in CDN-Loop.
const LoopToken = "clickedge"

// withoutSite is the code of a request that has no site.
func (r *Request) withoutSite() outcome.Code {
	if r.NoSites {
		return outcome.NoSites
	}
	return outcome.WrongHost
}

// isLoop reports whether this site has forwarded the request before: CDN-Loop
// lists "clickedge; host=<site>". The entry of another site is no loop: one
// clickedge may stand before another.
func isLoop(cdnLoop, site string) bool {
	for rest := cdnLoop; rest != ""; {
		var entry string
		entry, rest, _ = strings.Cut(rest, ",")
		id, param, _ := strings.Cut(entry, ";")
		if strings.EqualFold(strings.TrimSpace(id), LoopToken) && loopHost(param) == site {
			return true
		}
	}
	return false
}

func loopHost(param string) string {
	name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
	if name != "host" {
		return ""
	}
	return strings.Trim(value, `"`)
}

// AppendLoop appends this site's entry of CDN-Loop. The host is a quoted
// string, which may hold any host name.
func AppendLoop(dst []byte, site string) []byte {
	dst = append(dst, LoopToken+`; host="`...)
	dst = append(dst, site...)
	return append(dst, '"')
}
