package doctor

import (
	"cmp"
	"crypto/tls"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
)

// served is what https answers.
type served struct {
	baseline *answer // to a made-up open
	http2    bool    // HTTP/2 answers as HTTP/1.1 does
}

func (x *exam) examineHTTP(name *resolution, secured *secured) (s served, stop string) {
	if x.esp.links.open == "" {
		x.esp.links = testLinksOf(&core.Origin{})
	}
	to := &secured.front
	s.baseline = to.ask(question{target: x.esp.links.open})
	if s.baseline.err != nil {
		x.find("https-no-answer", "%s: %s", s.baseline.asked.brief(), briefError(s.baseline.err))
		x.examinePort80(to, nil)
		return s, "https gives no answer"
	}
	x.fact(catalogue.HTTP, "answer", "%s: %s", s.baseline.asked.brief(), s.baseline.brief())
	x.recognise(to, s.baseline)
	plain := x.examinePort80(to, s.baseline)
	if x.loops(s.baseline, plain) {
		x.find("https-redirect-loop", "%s", s.baseline.brief())
		return s, "https redirects to itself"
	}
	if sts := s.baseline.get("Strict-Transport-Security"); hsts(sts) {
		x.find("http-hsts-own", "Strict-Transport-Security: %s", cut(sts, 80))
	}
	x.examineParent(name.resolver, true)
	switch protocol := secured.state.NegotiatedProtocol; {
	case protocol != "h2":
		x.find("http-no-h2", "ALPN chose %s", cmp.Or(protocol, "nothing"))
	case secured.state.Version >= tls.VersionTLS12: // RFC 9113, section 9.2
		s.http2 = x.sameOverHTTP2(s.baseline)
	}
	if coding := s.baseline.get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		x.find("http-compressed-unasked", "Content-Encoding: %s, to a request without Accept-Encoding", cut(coding, 40))
	}
	x.compareIPv6(to, s.baseline)
	x.examineRecord(name)
	x.examineProof(name.resolver)
	if plain.err == nil {
		over := ""
		if s.http2 {
			over = " over HTTP/1.1 and HTTP/2 alike"
		}
		x.pass("http-ok", "https answers %d%s, http %d", s.baseline.status, over, plain.status)
	}
	return s, ""
}

// location takes a Location apart. host is "" where it names none.
func location(s string) (scheme, host, target string) {
	rest := s
	if before, after, ok := strings.Cut(s, "://"); ok && !strings.ContainsAny(before, "/?#") {
		scheme, rest = strings.ToLower(before), "//"+after
	}
	if strings.HasPrefix(rest, "//") {
		rest = rest[2:]
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		host, rest = core.CanonicalHost(rest[:end]), rest[end:]
	}
	rest, _, _ = strings.Cut(rest, "#")
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return scheme, host, rest
}

func (a *answer) redirects() bool {
	switch a.status {
	case 301, 302, 303, 307, 308:
		return a.get("Location") != ""
	}
	return false
}

// examinePort80 asks what links in old mail ask. over is https's answer to the
// same, nil if it has none.
func (x *exam) examinePort80(to *front, over *answer) *answer {
	target := cmp.Or(x.esp.links.open, testPath)
	a := x.ask(question{to: to.http, host: x.opt.Host, target: target})
	switch {
	case a.err != nil:
		x.find("http-dead", "%s: %s", to.http.address, briefError(a.err))
	case over != nil && a.like(over):
	case a.redirects():
		x.checkRedirect(a)
	case over != nil && (a.status != over.status || a.kind() != over.kind()):
		x.find("http-other-answer", "http: %s; https: %s", a.brief(), over.brief())
	}
	return a
}

func (x *exam) checkRedirect(a *answer) {
	scheme, host, target := location(a.get("Location"))
	switch {
	case host != "" && host != x.opt.Host:
		x.find("http-redirect-elsewhere", "%d to %s", a.status, quoted(a.get("Location")))
	case target != a.asked.target:
		x.find("http-redirect-loses-path", "%s becomes %s", quoted(a.asked.target), quoted(a.get("Location")))
	case scheme == "https":
		x.find("http-redirect", "%d to https, path and query kept", a.status)
	default:
		f := x.find("http-other-answer", "http: %s, which is the link itself", a.brief())
		f.Title, f.Means = "Port {http-port} redirects a link to itself", "Links in old mail go in a circle: browsers stop with ERR_TOO_MANY_REDIRECTS."
	}
}

// loops reports whether the host sends a request back to itself: at once, or by
// way of http, as a CDN does that fetches over http from an origin which
// insists on https.
func (x *exam) loops(secure, plain *answer) bool {
	if !secure.redirects() {
		return false
	}
	scheme, host, target := location(secure.get("Location"))
	if host != "" && host != x.opt.Host || target != secure.asked.target {
		return false
	}
	if scheme != "http" {
		return true
	}
	if plain.err != nil || !plain.redirects() {
		return false
	}
	scheme, host, target = location(plain.get("Location"))
	return scheme == "https" && (host == "" || host == x.opt.Host) && target == plain.asked.target
}

// hsts reports whether a value of Strict-Transport-Security (RFC 6797) is in
// force.
func hsts(value string) bool {
	for directive := range strings.SplitSeq(strings.ToLower(value), ";") {
		if age, ok := strings.CutPrefix(strings.TrimSpace(directive), "max-age="); ok {
			return strings.Trim(age, `0"`) != ""
		}
	}
	return false
}

// examineParent asks the domains above for HSTS that reaches the host. Browsers
// heed it only where the certificate is good.
func (x *exam) examineParent(resolver string, https bool) {
	for _, parent := range parents(x.opt.Host) {
		found, err := x.resolve(resolver, parent)
		if err != nil || !public(found[0]) {
			continue
		}
		to := place{address: join(found[0].String(), x.opt.HTTPSPort), tls: true, sni: parent}
		value := x.ask(question{to: to, host: parent, method: "HEAD", target: "/"}).get("Strict-Transport-Security")
		if !hsts(value) || !strings.Contains(strings.ToLower(value), "includesubdomains") {
			continue
		}
		id := "http-hsts-parent"
		if !https {
			id = "http-hsts-parent-no-https"
		}
		x.find(id, "%s sends Strict-Transport-Security: %s", parent, cut(value, 80))
		return
	}
}

// marks are the CDNs that show in an answer's fields.
func (a *answer) marks() (cdns []string) {
	if strings.EqualFold(a.get("Server"), "cloudflare") || a.header.Has("CF-RAY") {
		cdns = append(cdns, catalogue.Cloudflare)
	}
	if strings.HasPrefix(a.get("X-Served-By"), "cache-") || a.header.Has("X-Fastly-Request-ID") || a.header.Has("Fastly-Restarts") {
		cdns = append(cdns, catalogue.Fastly)
	}
	if a.header.Has("X-Amz-Cf-Id") || a.header.Has("X-Amz-Cf-Pop") || strings.EqualFold(a.get("Server"), "cloudfront") {
		cdns = append(cdns, catalogue.CloudFront)
	}
	return cdns
}

// recognise finds the CDN by its answers, where DNS did not.
func (x *exam) recognise(to *front, a *answer) {
	marks := a.marks()
	x.server.value = a.get("Server")
	switch {
	case x.report.CDN != "":
	case len(marks) > 0:
		x.report.CDN = marks[0]
	case a.header.Has("X-Varnish"), strings.Contains(strings.ToLower(a.get("Via")), "varnish"):
		x.report.CDN = catalogue.Varnish
	case softwareOf(x.server.value) != "":
		x.report.CDN, x.server.namesCDN = softwareOf(x.server.value), true
	case x.isClickedge(to):
		x.report.CDN = catalogue.Server // on Fastly its answers have Fastly's marks
	}
}

// softwareOf names the server by its Server field. HAProxy sends none.
func softwareOf(field string) string {
	for _, s := range []struct{ begins, cdn string }{
		{"nginx", catalogue.Nginx}, {"openresty", catalogue.Nginx}, {"apache", catalogue.Apache}, {"caddy", catalogue.Caddy}, {"varnish", catalogue.Varnish}, {"haproxy", catalogue.HAProxy},
	} {
		if strings.HasPrefix(strings.ToLower(field), s.begins) {
			return s.cdn
		}
	}
	return ""
}

// isClickedge asks the one path that clickedge answers on every host.
func (x *exam) isClickedge(to *front) bool {
	a := to.ask(question{target: core.HealthPath})
	is := a.err == nil && a.status == 200 && strings.HasPrefix(string(a.body), `{"status":"`) && strings.Contains(string(a.body), `"sites":`)
	if is {
		x.fact(catalogue.HTTP, "clickedge", "%s", strings.TrimSpace(cut(string(a.body), 120)))
	}
	return is
}

// compareIPv6 asks over IPv6 what was asked over IPv4.
func (x *exam) compareIPv6(to *front, baseline *answer) {
	if to.v6 == nil {
		return
	}
	a := x.ask(question{to: *to.v6, host: x.opt.Host, target: baseline.asked.target})
	switch {
	case a.err != nil:
		x.find("dns-ipv6-differs", "over IPv6: %s", briefError(a.err))
	case a.status != baseline.status:
		x.find("dns-ipv6-differs", "over IPv6: %s; over IPv4: %s", a.brief(), baseline.brief())
	}
}
