package follow

import (
	"cmp"
	"crypto/x509"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/probe"
)

// soon is how many days before its end a certificate gets a warning: renewal by
// ACME should have happened before.
const soon = 14

func (h *Hop) describe(now time.Time) {
	a := h.answer
	t := a.Times
	h.Times = Times{ms(t.DNS), ms(t.Connect), ms(t.TLS), ms(t.FirstByte), ms(t.Total)}
	h.Status = a.Status
	if a.Addr.IsValid() {
		h.Addr = a.Addr.String()
	}
	h.Location, _ = a.Header.Get("Location")
	if a.TLS != nil {
		leaf := a.TLS.Leaf()
		h.Certificate = &Certificate{leaf.DNSNames, cmp.Or(leaf.Issuer.CommonName, leaf.Issuer.String()), a.TLS.DaysLeft(now), a.TLS.VersionName()}
		h.remarkCertificate(a.TLS)
	}
	for _, name := range cacheFields {
		for _, value := range a.Header.Values(name) {
			h.Caching = append(h.Caching, name+": "+value)
		}
	}
}

func ms(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}

var cacheFields = []string{"Cache-Control", "Age", "X-Cache", "CF-Cache-Status", "Expires", "Surrogate-Control"}

func (h *Hop) remarkCertificate(t *probe.TLS) {
	wrongName := errors.As(t.Err, new(x509.HostnameError))
	switch {
	case wrongName && espName(t.Leaf().DNSNames) != "":
		h.warn("esp-certificate", "the certificate is that of %s: the name leads straight to the ESP, which has none for %s", espName(t.Leaf().DNSNames), h.Host)
	case t.Err == nil && h.Certificate.DaysLeft < soon:
		h.warn("certificate-expires", "the certificate ends in %d days", h.Certificate.DaysLeft)
	}
}

// espName finds an ESP's own origin among the names of a certificate.
func espName(names []string) string {
	for _, name := range names {
		bare := strings.TrimPrefix(name, "*.")
		for _, o := range core.Presets() {
			if o.Address != "" && (o.Address == bare || strings.HasSuffix(o.Address, "."+bare)) {
				return name
			}
		}
	}
	return ""
}

// remark adds notes on what in an answer can harm readers or counts.
func (w *walker) remark(h *Hop) {
	a := h.answer
	tracked := h.Is.Kind != esp.KindOther.String()
	if tracked {
		h.remarkCaching()
	}
	if l := a.Header.Values("Location"); len(l) > 1 {
		h.warn("two-locations", "the answer has %d Location fields; browsers differ in which they take", len(l))
	}
	if a.Status >= 300 && a.Status < 400 && a.Status != 304 && !redirects(a) {
		h.warn("no-location", "the status %d says redirect, but there is no Location that a browser follows", a.Status)
	}
	h.remarkCookies()
	h.remarkHSTS()
	h.remarkRegion()
	h.remarkPage()
	if h.err == nil && a.BodyErr != nil {
		h.warn("torn-body", "the answer breaks off: %v", a.BodyErr)
	}
}

// remarkCaching adds notes on caching by which a second click does not reach
// the ESP.
func (h *Hop) remarkCaching() {
	a := h.answer
	if a.Status == 301 || a.Status == 308 {
		h.warn("permanent", "a browser keeps a %d for good: the reader's next clicks on the link are not counted", a.Status)
	}
	if age, _ := a.Header.Get("Age"); age != "" && age != "0" {
		h.warn("from-a-store", "the answer is %s seconds old: a cache on the way gave it, and the ESP did not get the click", age)
	} else if hit := hitField(h); hit != "" {
		h.warn("from-a-store", "%q: a cache on the way gave the answer, and the ESP did not get the click", hit)
	}
	control, _ := a.Header.Get("Cache-Control")
	if n := maxAge(control); n > 10 {
		h.warn("may-be-stored", "the answer may be kept for %d seconds, and clicks in that time are not counted", n)
	}
}

func hitField(h *Hop) string {
	for _, name := range []string{"X-Cache", "CF-Cache-Status"} {
		if v, _ := h.answer.Header.Get(name); strings.Contains(strings.ToUpper(v), "HIT") {
			return name + ": " + v
		}
	}
	return ""
}

// maxAge is the seconds for which Cache-Control lets an answer be kept.
func maxAge(control string) int {
	control = strings.ToLower(control)
	if strings.Contains(control, "no-store") || strings.Contains(control, "no-cache") {
		return 0
	}
	longest := 0
	for part := range strings.SplitSeq(control, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if n, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil && (name == "max-age" || name == "s-maxage") {
			longest = max(longest, n)
		}
	}
	return longest
}

func (h *Hop) remarkCookies() {
	var wide []string
	sets := h.answer.Header.Values("Set-Cookie")
	for _, set := range sets {
		for part := range strings.SplitSeq(set, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if strings.EqualFold(name, "domain") && strings.TrimPrefix(value, ".") != h.Host {
				wide = append(wide, value)
			}
		}
	}
	switch {
	case len(wide) > 0:
		h.note("wide-cookie", "sets a cookie for all of %s; such cookies come to the link domain as well, and SES refuses more than 8192 bytes of fields", wide[0])
	case len(sets) > 0:
		h.note("cookie", "sets cookies (%d), which go back to %s only", len(sets), h.Host)
	}
}

func (h *Hop) remarkHSTS() {
	value, ok := h.answer.Header.Get("Strict-Transport-Security")
	if !ok || !h.url.tls {
		return
	}
	if strings.Contains(strings.ToLower(value), "includesubdomains") {
		h.note("hsts-below", "%s asks for https on every name below it, links of old mail included", h.Host)
		return
	}
	h.note("hsts", "%s asks for https from now on", h.Host)
}

// remarkRegion compares what SES says of itself with the link.
func (h *Hop) remarkRegion() {
	region, ok := h.answer.Header.Get("X-Amz-Ses-Region")
	if ok && h.Is.Region != "" && region != h.Is.Region {
		h.warn("wrong-region", "the link was made in SES's region %s, the answer comes from %s", h.Is.Region, region)
	}
}

// What a page does once it is loaded. Scripts are searched for redirects, not
// parsed.
var (
	metaRefresh  = regexp.MustCompile(`(?is)<meta\b[^>]*http-equiv\s*=\s*["']?refresh\b[^>]*>`)
	refreshURL   = regexp.MustCompile(`(?is)content\s*=\s*["']?\s*[0-9.]*\s*[;,]\s*(?:url\s*=\s*)?["']?([^"'>]+)`)
	scriptTarget = regexp.MustCompile(`(?is)\b(?:window|document|self|top)?\.?location(?:\.href)?\s*(?:=[^=]\s*|\.(?:replace|assign)\(\s*)["']?([^"'\s;)<]{1,300})`)
	scriptBlock  = regexp.MustCompile(`(?is)<script\b[^>]*>(.*?)</script`)
)

func (h *Hop) remarkPage() {
	if value, ok := h.answer.Header.Get("Refresh"); ok {
		h.warn("refresh", "the field Refresh: %q sends a browser on; that was not followed", clip(value))
	}
	kind, _ := h.answer.Header.Get("Content-Type")
	if !strings.Contains(strings.ToLower(kind), "html") || redirects(h.answer) {
		return
	}
	body := string(h.answer.Body)
	if tag := metaRefresh.FindString(body); tag != "" {
		if m := refreshURL.FindStringSubmatch(tag); m != nil {
			h.warn("meta-refresh", "the page sends a browser on to %q by a meta tag; that was not followed", clip(m[1]))
		}
	}
	for _, block := range scriptBlock.FindAllStringSubmatch(body, 50) {
		if m := scriptTarget.FindStringSubmatch(block[1]); m != nil {
			h.note("script-redirect", "a script on the page may send a browser on to %q; scripts are not run", clip(m[1]))
			return
		}
	}
}

func clip(s string) string { return clean.Cut(s, 200) }

// remarkRedirect adds notes on what a redirect changes besides the address.
func (h *Hop) remarkRedirect(w *walker, next *webURL, odd []string) {
	from := h.url
	if len(odd) > 0 {
		h.warn("location-read-differently", "a browser does not take the Location as it is written: %s", strings.Join(odd, "; "))
	}
	same := from.host == next.host
	switch {
	case from.tls && !next.tls:
		h.warn("to-http", "from https to http: anyone on the way can read the rest")
	case !from.tls && next.tls && same:
		h.note("to-https", "from http to https on the same host: one more request before the click is counted")
	}
	if same && from.tls != next.tls && from.target != next.target {
		h.warn("target-changed", "on its way to the other scheme the link lost or changed its path or query: %s", targetChange(from.target, next.target))
	}
	if next.port != usualPort(next.tls) {
		h.note("port", "to port %d, which many company networks close", next.port)
	}
	if !same {
		h.remarkHost(w, next)
	}
}

func targetChange(from, to string) string {
	path, query := splitQuery(from)
	newPath, newQuery := splitQuery(to)
	switch {
	case path == newPath && newQuery == "":
		return "the query is gone"
	case path == newPath:
		return "the query is another"
	case newPath == "/":
		return "the path is gone"
	case probe.Unescape(path) == probe.Unescape(newPath) && query == newQuery:
		return "the path was decoded or encoded"
	}
	return "the path is another"
}

func (h *Hop) remarkHost(w *walker, next *webURL) {
	switch site := w.opt.Sites.Lookup(next.host); {
	case isESP(next.host):
		h.warn("bare-esp", "to %s, an ESP's own host: the branded host is lost", next.host)
	case site != nil:
		h.warn("other-link-domain", "to %s, another link domain of sites.json", next.host)
	case brand(h.Host) != brand(next.host):
		h.note("other-brand", "from %s to %s", brand(h.Host), brand(next.host))
	}
}

func isESP(host string) bool {
	return slices.ContainsFunc(core.Presets(), func(o core.Origin) bool { return o.Address == host })
}

// brand is the part of a name that one owner registered.
func brand(host string) string {
	name, _ := publicsuffix.EffectiveTLDPlusOne(host)
	return cmp.Or(name, host)
}
