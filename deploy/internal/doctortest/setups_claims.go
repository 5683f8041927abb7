package doctortest

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
)

// claimSetups are near misses: each looks like one in which a sentence of the
// report is true, and there it would be false, or nothing shows it.
var claimSetups = []Setup{
	{
		Name: "named-sendgrid-is-customerio", Wrong: "SendGrid was named, and Customer.io answers; the ESP may not be asked", Preset: "sendgrid", Want: []string{"esp-another"},
		Not: []string{"esp-ok"}, Unsaid: []string{"sendgrid answers"}, Tell: Tell{NoOrigin: true}, Change: leadTo("customerio-eu"),
	},
	{
		Name: "named-sendgrid-is-customerio-asked", Wrong: "SendGrid was named and is asked directly, and Customer.io answers", Preset: "sendgrid", Want: []string{"esp-another"},
		Not: []string{"esp-ok", "target-path-lost"}, Change: leadTo("customerio-eu"),
	},
	{
		Name: "named-mailgun-is-ses", Wrong: "Mailgun was named, and SES answers", Preset: "mailgun", Want: []string{"esp-another"},
		Not: []string{"esp-ok"}, Tell: Tell{NoOrigin: true}, Change: leadTo("ses-us-east-1"),
	},
	{
		Name: "named-customerio-is-sparkpost", Wrong: "Customer.io was named, and SparkPost answers", Want: []string{"esp-another"},
		Not: []string{"esp-ok", "esp-not-reached"}, Change: leadTo("sparkpost"),
	},
	{
		Name: "website-for-sendgrid-not-asked", Preset: "sendgrid", Tell: Tell{NoOrigin: true}, Also: []string{"esp-unproven", "fidelity-unproven", "esp-host-unproven"},
		Not: []string{"esp-ok", "fidelity-ok"}, Change: instead(Answer(http.StatusNotFound, "<title>Not found</title>", "Content-Type", "text/html")),
	},
	{
		Name: "website-redirects-everything", Preset: "sendgrid", Tell: Tell{NoOrigin: true, Link: realLink("https://")}, Also: []string{"esp-unproven"},
		Not: []string{"esp-ok"}, Unsaid: []string{"--link"}, Change: instead(RedirectTo(302, "https://www.example.com/")),
	},
	{
		Name: "website-redirects-sparkpost", Preset: "sparkpost", Tell: Tell{NoOrigin: true}, Also: []string{"esp-unproven"},
		Not: []string{"esp-ok"}, Change: instead(RedirectTo(302, "https://www.example.com/")),
	},
	{
		Name: "link-redirected-like-any", Preset: "sendgrid", Tell: Tell{NoOrigin: true, Link: realLink("https://")}, Also: []string{"esp-unproven"},
		Not: []string{"esp-ok"}, Unsaid: []string{"--link"},
	},
	{
		Name: "link-given-host-not-shown", Preset: "mailgun", Tell: Tell{NoOrigin: true, Link: realLink("https://")}, Also: []string{"esp-ok", "esp-host-unproven"},
		Not: []string{"esp-unproven"}, Unsaid: []string{"--link"},
	},
	{Name: "link-shows-host", Tell: Tell{NoOrigin: true, Link: realLink("https://")}, Also: []string{"esp-ok"}, Not: []string{"esp-host-unproven"}},
	{Name: "region-guessed", Tell: Tell{NoESP: true, NoOrigin: true}, Also: []string{"esp-host-unproven"}, Says: []string{"not seen: which region of the ESP it is (customerio-us is a guess)"}},
	{
		Name: "probe-unlike-not-asked", Wrong: "the website answers, and the ESP may not be asked", Want: []string{"esp-not-reached"}, Tell: Tell{NoOrigin: true},
		Unsaid: []string{"The answers are not"}, Change: instead(Answer(http.StatusOK, "<title>Shop</title>", "Content-Type", "text/html")),
	},
	{
		Name: "link-not-opened", Wrong: "the certificate is self-signed, so that the given link is not opened", Preset: "sendgrid", Want: []string{"tls-untrusted"},
		Tell: Tell{NoOrigin: true, Link: realLink("https://")}, Also: []string{"esp-host-unproven"}, Unsaid: []string{"Give a link"},
		Change: func(w *World) { w.TLS.Cert.Issuer = "self" },
	},
	{
		Name: "link-of-no-form-esp-unknown", Preset: "iterable", Tell: Tell{NoESP: true, NoOrigin: true, Link: func(r *Running) string { return "https://" + r.Host + "/x/y/z" }},
		Wrong: "a link of no known form, which the ESP answers with 404", Want: []string{"link-answers-error"}, Also: []string{"esp-unknown"}, Unsaid: []string{"give a link", "Give a link"},
	},
	{
		Name: "cache-without-a-sign", Preset: "sendgrid", Also: []string{"cache-ok"}, Unsaid: []string{"answered twice", "Nothing is cached"},
		Says: []string{"not seen: whether the ESP answered both"}, Change: before(Cache(ByTarget, func(http.Header, bool) {})),
	},
	{
		Name: "cache-repeats-request-id", Wrong: "a cache without any mark repeats the ESP's X-Request-Id", Preset: "sendgrid", Want: []string{"cache-hit"}, Not: []string{"cache-ok"},
		Change: func(w *World) {
			atESP(requestID())(w)
			before(Cache(ByTarget, func(http.Header, bool) {}))(w)
		},
	},
	{
		Name: "request-ids-differ", Preset: "sendgrid", Also: []string{"cache-ok"}, Says: []string{"X-Request-Id, which the ESP writes anew into each answer, differs"},
		Change: atESP(requestID()),
	},
	{
		Name: "esp-caches-itself", Preset: "sendgrid", Also: []string{"cache-ok"}, Not: []string{"cache-hit"},
		Change: atESP(Say("X-Cache", "Hit from cloudfront")),
	},
	{
		Name: "cached-for-unknown-time", Wrong: "a cache whose answer is four seconds old, and that says nothing of how long it keeps it", Preset: "sendgrid", Want: []string{"cache-hit"},
		Not: []string{"cache-short"}, Change: before(Cache(ByTarget, AgeMark(4))),
	},
	{Name: "esp-redirects-for-good", Preset: "sendgrid", Not: []string{"cache-permanent-redirect"}, Change: atESP(Permanent)},
	{Name: "esp-lets-browsers-keep", Preset: "sendgrid", Not: []string{"cache-lifetime"}, Change: atESP(Say("Cache-Control", "public, max-age=3600"))},
	{Name: "customerio-target-not-shown", Tell: Tell{NoOrigin: true}, Also: []string{"fidelity-unproven", "esp-ok"}, Not: []string{"fidelity-ok"}, Unsaid: []string{"odd bytes arrive"}},
	{
		Name: "esp-alike-without-path", Preset: "sendgrid", Also: []string{"fidelity-unproven"}, Not: []string{"fidelity-ok"},
		Change: atESP(When(Always, Answer(http.StatusOK, "<title>Sorry</title>", "Content-Type", "text/html"))),
	},
	{
		Name: "esp-is-down-itself", Wrong: "the ESP itself answers 503", Preset: "sendgrid", Want: []string{"esp-fails"}, Not: []string{"origin-unreachable"},
		Change: atESP(When(Always, Answer(http.StatusServiceUnavailable, "Service Unavailable", "Content-Type", "text/plain"))),
	},
	{Name: "esp-refuses-robots-itself", Preset: "sendgrid", Not: []string{"filter-user-agent"}, Change: atESP(When(Agent(`GoogleImageProxy`), Answer(http.StatusForbidden, "Forbidden")))},
	{Name: "esp-refuses-queries-itself", Preset: "sendgrid", Not: []string{"filter-query"}, Change: atESP(When(Target(`\?.{1000}`), Answer(http.StatusRequestURITooLong, "URI Too Long")))},
	{
		Name: "esp-refuses-post-itself", Preset: "sendgrid", Not: []string{"post-refused", "post-redirected"},
		Change: atESP(When(Method(http.MethodPost), RedirectTo(302, "https://help.example.com/"))),
	},
	{
		Name: "esp-refuses-head-itself", Preset: "sendgrid", Not: []string{"head-refused"},
		Change: atESP(When(Method(http.MethodHead), Answer(http.StatusMethodNotAllowed, "", "Allow", "GET, POST"))),
	},
	{Name: "lone-percent-refused-by-esp", Preset: "sendgrid", Not: []string{"target-lone-percent"}, Change: atESP(When(Target(`%$`), Answer(http.StatusBadRequest, "Bad Request")))},
	{
		Name: "post-refused-not-asked", Preset: "sendgrid", Tell: Tell{NoOrigin: true}, Not: []string{"post-refused"}, Says: []string{"not seen: who refuses POST"},
		Change: before(When(Method(http.MethodPost), Answer(http.StatusForbidden, "Forbidden"))),
	},
	{
		Name: "certificate-text-on-a-page", Preset: "sendgrid", Not: []string{"origin-certificate-refused"},
		Change: atESP(When(Target(`^/wf/open`), Answer(http.StatusOK, "<p>What to do when a certificate has expired", "Content-Type", "text/html"))),
	},
	{
		Name: "server-field-of-the-esp", Preset: "sendgrid", Unsaid: []string{"through nginx", "proxy_"}, Says: []string{"through an unknown CDN"},
		Change: func(w *World) {
			w.Both, w.Records = nil, "link.example.com. CNAME proxy.hosting.example."
			atESP(Say("Server", "nginx"))(w)
		},
	},
	{
		Name: "esps-own-second-cdn", Preset: "sendgrid", Not: []string{"http-two-cdns"}, Tell: Tell{NoOrigin: true},
		Change: atESP(LikeCloudflare),
	},
	{Name: "told-cdn-is-no-mark", Front: Cloudflare, Preset: "sendgrid", Tell: Tell{CDN: "fastly"}, Not: []string{"http-two-cdns"}},
	{
		Name: "via-and-dns-elsewhere", Tell: Tell{Via: FrontAddr}, Also: []string{"dns-not-yet"}, Not: []string{"dns-ok"},
		Change: records("link.example.com. A 198.51.100.11"),
	},
	{Name: "via-and-dns-there", Tell: Tell{Via: FrontAddr}, Also: []string{"dns-ok"}, Not: []string{"dns-not-yet"}},
	{
		Name: "via-and-no-dns-answer", Tell: Tell{Via: FrontAddr}, Not: []string{"dns-not-yet", "dns-no-answer"},
		Says: []string{"not seen: where link.example.com leads"}, Change: records("!servfail link.example.com"),
	},
	{Name: "via-without-address", Wrong: "the name given with --via does not exist", Tell: Tell{Via: "gone.example.net"}, Want: []string{"dns-via-unresolved"}, Not: []string{"dns-no-address"}},
	{
		Name: "one-resolver-does-not-know", Wrong: "the first of two resolvers does not know the name yet", Want: []string{"dns-resolvers-disagree"}, Not: []string{"dns-nxdomain"},
		Change: func(w *World) { w.Others = []string{w.Records}; w.Records = "" },
	},
	{
		Name: "aaaa-fails", Wrong: "the name has no A record, and the question for AAAA fails", Want: []string{"dns-no-answer"}, Not: []string{"dns-no-address"},
		Change: records("link.example.com. TXT \"x\"\n!servfail link.example.com AAAA"),
	},
	{
		Name: "second-record-not-answered", Preset: "sendgrid", Tell: Tell{SecondRecord: secondName}, Not: []string{"dns-second-record"},
		Says: []string{"not seen: where " + secondName + " leads"}, Change: moreRecords("!servfail " + secondName),
	},
	{
		Name: "ipv6-silent", Wrong: "the IPv6 address neither answers nor refuses", Want: []string{"dns-ipv6-silent"}, Not: []string{"dns-ipv6-dead"}, Tell: Tell{Timeout: short},
		Change: func(w *World) {
			w.Records = fastly6
			w.Dropped = []string{"[" + FrontAddr6 + "]:443"}
		},
	},
	{
		Name: "caa-of-an-unknown-authority", Not: []string{"dns-caa-forbids"},
		Change: moreRecords("example.com. CAA 0 issue \"ca.example.net\"\nexample.com. NS ns1.dns.example.\nexample.com. A 198.51.100.80"),
	},
	{
		Name: "caa-of-wildcards", Not: []string{"dns-caa-forbids"}, Change: func(w *World) {
			w.TLS.Cert.Names = []string{"*.example.com"}
			w.Records += "\nexample.com. CAA 0 issue \";\"\nexample.com. CAA 0 issuewild \"letsencrypt.org\"\nexample.com. NS ns1.dns.example.\nexample.com. A 198.51.100.80"
		},
	},
	{
		Name: "route53-and-fastly", Wrong: "an A record on Route 53, whose aliases do not lead to Fastly", Want: []string{"dns-address-record"}, Not: []string{"dns-alias"},
		Change: records("link.example.com. A 198.51.100.10\n" + inRoute53),
	},
	{
		Name: "at-esp-is-not-yours", Front: Straight, Preset: "mailgun", Also: []string{"dns-at-esp-with-certificate"}, Not: []string{"dns-ok"}, Change: func(w *World) {
			w.Places["203.0.113.17:443"] = w.Serve(TLS{Cert: Cert{Names: []string{w.Host}}}, w.Proxy)
		},
	},
	{
		Name: "forwarded-host-refused-in-front", Not: []string{"esp-forwarded-host-trusted"},
		Change: before(When(func(r *http.Request) bool { return r.Header.Get("X-Forwarded-Host") != "" }, Answer(http.StatusForbidden, "Forbidden"))),
	},
	{
		Name: "slow-not-asked", Wrong: "clicks are slow, and the ESP may not be asked", Want: []string{"speed-slow-cdn"}, Tell: Tell{Slow: slow, NoOrigin: true}, SlowESP: true,
		Unsaid: []string{"The set-up is slow"}, Says: []string{"not seen: whose time that is"},
	},
	{
		Name: "customerio-region-not-shown", Preset: "customerio-us", ESPs: unknownDomain, Tell: Tell{Origin: "203.0.113.12:443"}, Also: []string{"esp-host-unproven"},
		Says: []string{"not seen: whether the link domain belongs to this region's account", "--other-origin"},
	},
	{
		Name: "customerio-wrong-region-single-origin", Wrong: "the account is in the EU; set-up and --origin are in the US", Preset: "customerio-us", ESPs: unknownDomain,
		Tell: Tell{Origin: "203.0.113.12:443", Link: linkOfRegion("customerio-eu")}, Want: []string{"esp-wrong-region"}, Not: []string{"esp-invalid-token"},
		Change: func(w *World) { w.another("customerio-eu", w.Host) },
	},
	{
		Name: "customerio-wrong-region-other-origin", Wrong: "the account is in the EU; set-up and --origin are in the US, and --other-origin names the EU's", Preset: "customerio-us", ESPs: unknownDomain,
		Tell: Tell{Origin: "203.0.113.12:443", OtherOrigin: "track-eu.customer.io"}, Want: []string{"esp-wrong-region"}, Not: []string{"esp-host-overridden"},
		Change: func(w *World) { w.another("customerio-eu", w.Host) },
	},
	{
		Name: "customerio-wrong-region-preset", Wrong: "the account is in the EU, the set-up leads to the US, and no link was given", Preset: "customerio-us", ESPs: unknownDomain,
		Want: []string{"esp-wrong-region"}, Not: []string{"esp-ok"},
		Change: func(w *World) { w.another("customerio-eu", w.Host) },
	},
	{
		Name: "customerio-host-or-region", Wrong: "the account is in the EU, as told, and the set-up leads to the US: which looks like a wrong Host", Preset: "customerio-eu",
		Want: []string{"esp-host-overridden"}, Says: []string{"or: the wrong region of the ESP", "which of them it is was not seen"}, Change: otherRegion("customerio-us"),
	},
}

// leadTo lets the set-up proxy to another ESP, which knows the link domain.
func leadTo(preset string) func(*World) {
	return func(w *World) {
		fleet, o := w.another(preset, w.Host)
		w.Proxy = w.ProxyTo(fleet, o)
	}
}

// atESP puts mistakes at the ESP itself: they show through the set-up and
// directly.
func atESP(wraps ...Wrap) func(*World) {
	return func(w *World) {
		inner := w.ProxyTo(w.Fleet, w.Origin)
		inner.TrustForwardedHost = true
		var h http.Handler = inner
		for _, wrap := range wraps {
			h = wrap(h)
		}
		addr := listen(w.T, w.Serve(TLS{Cert: Cert{Names: []string{w.Origin.Address}}}, h))
		w.Places[w.Origin.Address+":443"] = relay(addr)
		w.Proxy.Dial = func() (net.Conn, error) { return net.Dial("tcp", addr) }
		w.Proxy.Config = &tls.Config{RootCAs: w.Authority.Roots(), ServerName: w.Origin.Address}
	}
}

// requestID writes a number of its own into each answer.
func requestID() Wrap {
	var n atomic.Int32
	return onHead(func(header http.Header, status int) int {
		header.Set("X-Request-Id", fmt.Sprintf("4c2e-%08d", n.Add(1)))
		return status
	})
}
