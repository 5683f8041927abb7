package origins

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"github.com/clickedge/clickedge/core/esp"
)

var customerIO = &family{
	cookie: meaninglessCookie,
	routes: []route{
		get(`/health`, emptyJSON),
		get(`(/e/c/([^/?]+))(?:(/)([^/?]*))?`, customerIOClick),
		get(`/e/o/[^/?]+`, pixel),
		page(`/unsubscribe/[^/?]+`, unsubscribe),
	},
	samples: customerIOSamples,
}

// meaninglessCookie shows whether cookies come back from the ESP.
const meaninglessCookie = "standin_visit=1; Path=/; HttpOnly"

// customerIOKey signs sample links. It is not secret: it protects only a
// stand-in.
const customerIOKey = "clickedge stand-in for Customer.io"

// signCustomerIO returns 64 hex digits that bind a link's path, up to its
// payload, to a host.
func signCustomerIO(host, path string) string {
	return hex.EncodeToString(macOf(customerIOKey, host+path))
}

func customerIOClick(w http.ResponseWriter, q *request) {
	path, payload, signed, signature := q.match[1], q.match[2], q.match[3] != "", q.match[4]
	if refusal := customerIORefusal(q, path, signature); signed && refusal != "" {
		text(w, http.StatusForbidden, refusal)
		return
	}
	destination, ok := readCustomerIO(payload)
	answerClick(w, q, destination, ok)
}

// The refusals of a signed link: the first on a Host that is not a tracking
// domain, as with a proxy that overrides Host, the second if the signature is
// not for this Host.
const (
	customerIOBadToken     = "Invalid link security token"
	customerIOBadSignature = "Invalid link signature"
)

// customerIORefusal is "" if the signature is right for the request's Host.
func customerIORefusal(q *request, path, signature string) string {
	raw, err := hex.DecodeString(signature)
	switch {
	case !q.branded(q.host):
		return customerIOBadToken
	case err != nil || len(raw) != sha256.Size:
		return customerIOBadSignature
	case q.options().AcceptAnySignature || hmac.Equal([]byte(signature), []byte(signCustomerIO(q.host, path))):
		return ""
	}
	return customerIOBadSignature
}

func readCustomerIO(payload string) (string, bool) {
	var link struct {
		Href string `json:"href"`
	}
	raw, err := decode64(payload)
	if err != nil || json.Unmarshal(raw, &link) != nil {
		return "", false
	}
	return link.Href, link.Href != ""
}

// customerIOPath is a link's path without signature. encoding/json writes "&"
// as \u0026, as Customer.io does.
func customerIOPath(destination string) string {
	return "/e/c/" + encode64(`{"email_id":"dgTESTAAAAAA","href":`+toJSON(destination)+`,"internal":"e2ab0a00a235a335","link_id":10}`)
}

func customerIOSamples(s *sampler) []SampleLink {
	links := s.clicks(func(destination string) string {
		path := customerIOPath(destination)
		return path + "/" + signCustomerIO(s.host, path)
	})
	links = append(links,
		readable("click in old mail, unsigned", customerIOPath(s.shop+"/old")+"=", s.shop+"/old"),
		sample("open", esp.KindOpen, "/e/o/"+encode64(`{"email_id":"dgTESTAAAAAA=="}`)+"="),
		sample("health", esp.KindHealth, "/health"))
	return append(links, unsubscribes("/unsubscribe/dgTESTAAAAAAgHgGwGOxfL85m7e5FIYG3FKrkE=")...)
}
