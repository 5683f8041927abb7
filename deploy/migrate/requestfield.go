package migrate

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/check"
)

// requestField is a field that a configuration sets on the way to an origin.
type requestField struct{ name, value, at string }

// carry takes a field over to a custom origin. A value that depends on the
// request, or may be a secret, is not taken; nor is it repeated.
func (r *reading) carry(f requestField, site *Site) {
	headers := maps.Clone(site.Fields.Headers)
	if headers == nil {
		headers = map[string]string{}
	}
	headers[f.name] = f.value
	if strings.Contains(f.value, "$") || !isSettable(headers) {
		r.lostField(f.name, f.at)
		return
	}
	site.Fields.Headers = headers
}

// isSettable reports whether a custom site may have these headers, and check
// warns of none.
func isSettable(headers map[string]string) bool {
	text, err := json.Marshal(map[string]any{"esp": "custom", "origin": "https://track.example.net", "headers": headers})
	if err != nil {
		return false
	}
	site, err := sitesjson.ParseSite("link.example.com", text)
	return err == nil && len(check.Warnings(site, time.Time{})) == 0
}

func (r *reading) lostField(name, at string) {
	r.lost(at, "request-field", "the request field %q", clip(name))
}
