package core

import "github.com/clickedge/clickedge/core/outcome"

// Answer is a response that does not come from the ESP.
type Answer struct {
	Status int
	Header [maxFields][2]string // names and values, up to the first empty name
	Body   []byte               // not for HEAD
}

const maxFields = 8

// Redirect makes the answer that sends the reader to the decision's Location.
// Browsers must not cache it: the next click counts too. The answer must be
// zero before.
func (a *Answer) Redirect(d *Decision) {
	a.Status = 302
	location, caching := &a.Header[0], &a.Header[1]
	location[0], location[1] = "location", d.Location
	caching[0], caching[1] = "cache-control", noStore
}

// Answer returns the response for a reply. version is the service's version,
// sites is the number of its sites, and learned that of the links in its
// archive: a health probe gets all three.
func (r ReplyBody) Answer(site *Site, version string, sites, learned int) Answer {
	mediaType, body := r.content(site)
	a := Answer{Status: 200, Body: body, Header: [maxFields][2]string{
		{"content-type", mediaType},
		{"cache-control", noStore},
		{"x-robots-tag", "noindex"},
		{"x-content-type-options", "nosniff"},
	}}
	if r.cached() {
		a.Header[1][1] = "public, max-age=3600"
	}
	if r == ReplyHealth {
		a.Body = AppendHealth(nil, version, sites, learned)
		if sites == 0 {
			a.Status = outcome.NoSites.Notice().Status
		}
	}
	return a
}
