package doctor

import (
	"bytes"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
)

// checkErrorPage says whether an answer comes from the set-up itself, because
// it knows no such host, cannot reach the ESP, or will not let the request
// through.
func (s *espSection) checkErrorPage(a *answer) (stop string) {
	id := a.errorPage()
	if id == "" {
		return ""
	}
	seen := a.asked.brief() + ": " + a.brief()
	if id == "origin-unreachable" {
		return s.checkGateway(a, seen)
	}
	f := s.find(id, "%s", seen)
	if id == "filter-challenge" && a.byCloudflare() {
		f.Fix = catalogue.Must(id).Fix.Cloudflare // whatever stands before or behind it
	}
	switch id {
	case "cdn-host-unknown":
		return "the CDN does not know the host"
	case "filter-challenge", "filter-refuses-all":
		return "a filter answered"
	case "https-no-answer":
		return "https gives no answer"
	}
	return unreached
}

const unreached = "no answer of the ESP comes through"

// checkGateway asks the ESP itself before its silence is called the set-up's
// fault.
func (s *espSection) checkGateway(a *answer, seen string) (stop string) {
	d := s.openOrigin()
	if d == nil {
		s.find("origin-unreachable", "%s; not seen: whether the ESP itself answers, because %s", seen, s.whyNoOrigin())
		return unreached
	}
	way := d.correct(a.asked.target)
	way.method = a.asked.method
	direct := d.ask(way)
	switch {
	case direct.err != nil:
		s.find("origin-unreachable", "%s; asked directly, %s gives no answer either: %s", seen, d.to.address, briefError(direct.err))
	case direct.status == a.status && a.like(direct):
		s.find("esp-fails", "%s; asked directly, %s answers so as well", seen, d.to.address)
		return "the ESP itself answers with an error"
	default:
		s.find("origin-unreachable", "%s; asked directly, %s answers %s", seen, d.to.address, direct.brief())
	}
	return unreached
}

// errorPages are texts by which CDNs and proxies say what is wrong, in lower
// case, with the finding. least is the lowest status at which they count: a
// page that merely holds the words is none.
var errorPages = []struct {
	id          string
	least, most int
	texts       []string
}{
	{"cdn-host-unknown", 400, 599, []string{"fastly error: unknown domain", "error code: 1001", "error code: 1014", "error 1001", "error 1014"}},
	{"cdn-host-unknown", 200, 200, []string{"welcome to nginx!", "apache2 debian default page", "apache2 ubuntu default page", "caddy works!"}},
	{"cdn-host-unknown", 403, 403, []string{"request could not be satisfied. bad request"}},
	{"origin-certificate-refused", 500, 599, []string{
		"hostname doesn't match against certificate", "certificate has expired", "unable to get local issuer certificate", "self-signed certificate", "self signed certificate",
		"certificate verify failed", "invalid ssl certificate",
	}},
	{"origin-tls-failed", 500, 599, []string{
		"ssl handshake failed", "error during ssl handshake with remote server", "sslv3 alert handshake", "tlsv1 alert", "unrecognized name", "· " + string(outcome.ESPTLS),
	}},
	{"origin-unreachable", 500, 599, []string{"· " + string(outcome.ESPUnreachable), "· " + string(outcome.ESPTimeout), "error code: 1016", "error 1016", "backend fetch failed"}},
	{"filter-challenge", 403, 503, []string{"just a moment...", "/cdn-cgi/challenge-platform/", "enable javascript and cookies to continue", "checking your browser before accessing"}},
	{"filter-refuses-all", 403, 403, []string{"request blocked", "attention required! | cloudflare", "you have been blocked", "web application firewall"}},
}

// errorPage names the finding that an answer is by itself; "" for none.
func (a *answer) errorPage() string {
	if a.err != nil {
		return "https-no-answer"
	}
	if a.challenges() {
		return "filter-challenge"
	}
	if id := a.says(); id != "" {
		return id
	}
	switch {
	case a.status == 421:
		return "cdn-host-unknown"
	case a.status == 525:
		return "origin-tls-failed"
	case a.status == 526:
		return "origin-certificate-refused"
	case a.status >= 502 && a.status <= 504, a.status >= 520 && a.status <= 530:
		return "origin-unreachable"
	}
	return ""
}

// says finds the texts of errorPages in the page, its markup included:
// a challenge is a script.
func (a *answer) says() (id string) {
	text := strings.ToLower(a.text())
	markup := ""
	if a.status >= 400 {
		markup = strings.ToLower(string(a.body[:min(len(a.body), 16<<10)]))
	}
	for _, g := range errorPages {
		in := text
		if g.id == "filter-challenge" {
			in = markup
		}
		if a.status >= g.least && a.status <= g.most && slices.ContainsFunc(g.texts, func(s string) bool { return strings.Contains(in, s) }) {
			return g.id
		}
	}
	return ""
}

// challenges reports whether a filter asks the browser for proof that a person
// uses it. A field of the answer shows it, or the page.
func (a *answer) challenges() bool {
	return strings.EqualFold(a.get("cf-mitigated"), "challenge") || a.header.Has("x-amzn-waf-action") || a.says() == "filter-challenge"
}

// byCloudflare reports whether a challenge is Cloudflare's.
func (a *answer) byCloudflare() bool {
	return a.header.Has("cf-mitigated") || bytes.Contains(a.body, []byte("/cdn-cgi/challenge-platform/"))
}

// refused are statuses by which filters turn requests away.
func (a *answer) refused() bool {
	switch a.status {
	case 401, 403, 405, 406, 418, 429, 444, 503:
		return true
	}
	return a.err != nil || a.challenges()
}
