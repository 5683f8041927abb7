package origins

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/clickedge/clickedge/core/esp"
)

var ses = &family{
	cookie: meaninglessCookie,
	refuse: sesTooLarge,
	routes: []route{
		get(`/favicon\.ico`, sesHealth),
		get(`/(C?)L0/(.+)/\d+/`+sesMessage+`/[A-Za-z0-9_-]+=\d+`, sesClick),
		get(`/(C?)I0/`+sesMessage+`/[A-Za-z0-9_-]+=\d+`, sesOpen),
	},
	samples: sesSamples,
}

const (
	sesMessage     = `[0-9a-f]{16}-[0-9a-f-]{36}-\d{6}`
	sesHeaderBytes = 8192
)

// sesTooLarge counts name, value, colon, space and line end of each field.
func sesTooLarge(w http.ResponseWriter, q *request) bool {
	total := 0
	for _, f := range q.Header {
		total += len(f.Name) + len(f.Value) + 4
	}
	if total <= sesHeaderBytes {
		return false
	}
	text(w, http.StatusBadRequest, "BadRequestException")
	return true
}

// regionOf is the region of an origin; a name of another form is a region of
// its own.
func regionOf(address string) string { return cmp.Or(esp.SESRegion(address), address) }

func sesHealth(w http.ResponseWriter, q *request) {
	protocol := "http"
	if q.TLS {
		protocol = "https"
	}
	w.Header().Set("x-amz-ses-region", regionOf(q.origin.spec.Address))
	w.Header().Set("x-amz-ses-request-protocol", protocol)
	write(w, http.StatusOK, "image/x-icon", "")
}

// sesForeign refuses a link of a custom domain on any other Host, or with an
// X-Forwarded-Host where that is harmful. The default form, without C, is
// accepted on any Host.
func sesForeign(w http.ResponseWriter, q *request) bool {
	if q.match[1] == "" {
		return false
	}
	if q.options().ForwardedHost == ForwardedHostHarmful && q.Header.Has("X-Forwarded-Host") {
		text(w, http.StatusBadRequest, "BadRequestException")
		return true
	}
	if q.branded(sesDomain(q)) {
		return false
	}
	text(w, http.StatusForbidden, "Forbidden")
	return true
}

// sesDomain is the tracking domain of a request to SES.
func sesDomain(q *request) string {
	if q.options().ForwardedHost == ForwardedHostWanted {
		forwarded, _ := q.Header.Get("X-Forwarded-Host")
		return bareHost(forwarded)
	}
	return q.host
}

func sesClick(w http.ResponseWriter, q *request) {
	if !sesForeign(w, q) {
		destination, ok := readSES(q.match[2])
		answerClick(w, q, destination, ok)
	}
}

func sesOpen(w http.ResponseWriter, q *request) {
	if !sesForeign(w, q) {
		pixel(w, q)
	}
}

// readSES decodes once, so that "%2520" in the link is "%20" in the
// destination. A link that somebody has encoded once more decodes to nothing
// that has a host; SES refuses it by its signature.
func readSES(escaped string) (string, bool) {
	destination, err := url.PathUnescape(escaped)
	return destination, err == nil && hasHost.MatchString(destination)
}

// sesDigits is how the message ids of a region begin. Regions whose digits are
// not known borrow those of us-east-1.
func sesDigits(region string) string {
	return cmp.Or(esp.SESDigits(region), esp.SESDigits("us-east-1"))
}

// sesSignature is as long as a real one with its key number.
const sesSignature = "/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"

func sesLink(message, destination string) string {
	return "/CL0/" + escapeSegment(destination) + "/1/" + message + sesSignature
}

func sesSamples(s *sampler) []SampleLink {
	message := sesDigits(regionOf(s.address)) + "01a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000"
	tail := "/1/" + message + sesSignature
	host := s.shop[len("https://"):]
	return append(s.clicks(func(destination string) string { return sesLink(message, destination) }),
		readable("click whose path looks like a link's end", sesLink(message, s.shop+"/2/slashes/1/"), s.shop+"/2/slashes/1/"),
		readable("click with a raw space", "/CL0/https:%2F%2F"+host+"%2FForever Sale%2F"+tail, s.shop+"/Forever%20Sale/"),
		readable("click, default form", "/L0/https:%2F%2F"+host+"%2Fx"+tail, s.shop+"/x"),
		sample("open", esp.KindOpen, "/CI0/"+message+sesSignature),
		sample("health", esp.KindHealth, "/favicon.ico"))
}
