package origins

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
)

// SampleLink is a request that the stand-in of a site's ESP accepts.
type SampleLink struct {
	Name   string // what it shows, a few words
	Kind   esp.Kind
	Method string
	Target string // the raw request target: path and query
	// Destination is the Location of the answer, byte for byte; "" where the
	// answer is no redirect.
	Destination string
	// Readable reports whether the destination is in the link itself.
	Readable bool
	// ContentType and Body go with POST.
	ContentType string
	Body        string
}

// Links returns sample links for a site's ESP on the site's host. Destinations
// in them are on a host that the site lists. The stand-in of the site's origin
// accepts each; Customer.io's are signed for this host only. A site without an
// ESP has none.
func (f *Fleet) Links(site *core.Site) []SampleLink {
	if site == nil || site.Origin == nil || families[site.Origin.Family] == nil {
		return nil
	}
	s := &sampler{
		host:    bareHost(site.Host),
		address: site.Origin.Address,
		shop:    "https://" + shopHost(site.Destinations),
		opaque:  f.opt.Opaque,
	}
	return families[site.Origin.Family].samples(s)
}

// shopHost is a host to which the site may redirect.
func shopHost(listed []destination.Pattern) string {
	if len(listed) == 0 {
		return "shop.example.com"
	}
	if listed[0].Sub {
		return "shop." + listed[0].Host
	}
	return listed[0].Host
}

// sampler is the site that a family's samples are made for.
type sampler struct {
	host    string // the branded host
	address string // the origin's name
	shop    string // scheme and host of destinations
	opaque  string
}

// The destinations of samples: one with a query, one whose escapes must
// survive.
const (
	plainPath = "/a?b=1&c=2"
	oddPath   = "/caf%C3%A9?x=%2F&y=%2520"
)

// clicks makes the two samples that every readable family has.
func (s *sampler) clicks(link func(destination string) string) []SampleLink {
	return []SampleLink{
		readable("click", link(s.shop+plainPath), s.shop+plainPath),
		readable("click whose destination holds escapes", link(s.shop+oddPath), s.shop+oddPath),
	}
}

func sample(name string, kind esp.Kind, target string) SampleLink {
	return SampleLink{Name: name, Kind: kind, Method: "GET", Target: target}
}

func readable(name, target, destination string) SampleLink {
	l := sample(name, esp.KindClick, target)
	l.Destination, l.Readable = destination, true
	return l
}

func (s *sampler) unreadable(name string, kind esp.Kind, target string) SampleLink {
	l := sample(name, kind, target)
	l.Destination = s.opaque
	return l
}

// unsubscribes makes the page and both forms of one-click.
func unsubscribes(target string) []SampleLink {
	form, multi := sample("one-click unsubscribe, form", esp.KindUnsubscribe, target), sample("one-click unsubscribe, multipart", esp.KindUnsubscribe, target)
	form.Method, multi.Method = "POST", "POST"
	form.ContentType, form.Body = "application/x-www-form-urlencoded", oneClickField+"="+oneClickValue
	multi.ContentType = "multipart/form-data; boundary=sample"
	multi.Body = "--sample\r\nContent-Disposition: form-data; name=\"" + oneClickField + "\"\r\n\r\n" + oneClickValue + "\r\n--sample--\r\n"
	return []SampleLink{sample("unsubscribe page", esp.KindUnsubscribe, target), form, multi}
}

// toJSON is for strings and structs of them, which always have a JSON form.
func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("internal error: no JSON: " + err.Error())
	}
	return string(text)
}

// macOf binds a text to a stand-in's key.
func macOf(key, text string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func encode64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// escapeAll escapes all but letters, digits and "-_.~".
func escapeAll(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// escapeSegment escapes a URL so that it is one path segment, ":" and "=" and
// "&" left as they are.
func escapeSegment(s string) string {
	return strings.ReplaceAll(url.PathEscape(s), "+", "%2B")
}
