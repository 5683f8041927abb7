package core

import (
	"strings"

	"github.com/clickedge/clickedge/core/esp"
)

// Request is what Decide needs to know of one request.
type Request struct {
	// Method as sent, upper case by custom.
	Method string
	// Target is the raw request target in origin form: path and query, byte
	// for byte. Nothing in it has been decoded or cleaned.
	Target string
	// CDNLoop is the CDN-Loop header (RFC 8586), its lines joined by commas.
	CDNLoop string
	// HasBody: a body came with the request.
	HasBody bool
	// NoSites: there is no sites.json, so that no host has a site.
	NoSites bool
	// Keys gives the secrets of signed links. Nil: there are none, and
	// no such link verifies.
	Keys Keyring
	// Room is where a decision's Location is put, where it is not part of Target
	// and fits: as many bytes as Target has are enough. Nil: it is allocated.
	Room []byte
	// notes are here so that they are not allocated.
	notes esp.Notes
}

// LoopToken is the cdn-id by which clickedge marks what it forwards in CDN-Loop.
const LoopToken = "clickedge"

// withoutSite says why there is no site.
func (r *Request) withoutSite() Code {
	if r.NoSites {
		return NoSites
	}
	return WrongHost
}

// isLoop tells whether this request has been through clickedge before, on this
// site: the header lists "clickedge; host=<site>". Another site's mark is not a
// loop: a brand may move behind a second service.
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

// AppendLoop appends the entry with which this site marks what it forwards.
// The value is quoted: a host name is a token only by luck of its letters.
func AppendLoop(dst []byte, site string) []byte {
	dst = append(dst, LoopToken+`; host="`...)
	dst = append(dst, site...)
	return append(dst, '"')
}
