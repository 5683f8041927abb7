package doctortest

import (
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/origins"
)

// change appends to what the proxy does wrong on the way to the ESP.
func change(mistakes ...Change) func(*World) {
	return func(w *World) { w.Proxy.Change = append(w.Proxy.Change, mistakes...) }
}

// sendOriginHost overrides Host with the origin's own name.
func sendOriginHost(w *World) {
	w.Proxy.Change = append(w.Proxy.Change, SendHost(w.Origin.Address))
}

// before puts mistakes in front of the proxy, inside the CDN's marks.
func before(mistakes ...Wrap) func(*World) {
	return func(w *World) { w.Both = append(w.Both, mistakes...) }
}

// instead answers everything in the proxy's place.
func instead(answer http.HandlerFunc) func(*World) { return before(When(Always, answer)) }

// realLink is the link of a mail: the first sample of the ESP, which no
// recipient has.
func realLink(scheme string) func(*Running) string {
	return func(r *Running) string { return scheme + r.Host + r.Sample(esp.KindClick) }
}

var espSetups = []Setup{
	{
		Name: "domain-unknown-to-fastly", Wrong: "the link domain was not added to the Fastly service", Want: []string{"cdn-host-unknown"},
		Change: instead(Answer(http.StatusInternalServerError, "Fastly error: unknown domain: link.example.com. Please check that this domain has been added to a service.\n")),
	},
	{
		Name: "domain-unknown-to-cloudfront", Wrong: "the link domain is no alternate domain name of the distribution", Front: CloudFront, Want: []string{"cdn-host-unknown"},
		Change: instead(Answer(http.StatusForbidden, "<H1>403 ERROR</H1><H2>The request could not be satisfied.</H2>The request could not be satisfied. Bad request.", "Content-Type", "text/html", "X-Cache", "Error from cloudfront")),
	},
	{
		Name: "domain-unknown-to-cloudflare", Wrong: "the name leads to Cloudflare without being in the account", Front: Cloudflare, Want: []string{"cdn-host-unknown"},
		Change: instead(Answer(http.StatusConflict, "error code: 1001", "Content-Type", "text/plain; charset=UTF-8")),
	},
	{
		Name: "misdirected", Wrong: "the CDN answers 421 to the name", Want: []string{"cdn-host-unknown"},
		Change: instead(Answer(http.StatusMisdirectedRequest, "Misdirected Request")),
	},
	{Name: "cloudflare", Front: Cloudflare, Also: []string{"esp-ok", "dns-ok"}},
	{
		Name: "cloudflare-525", Wrong: "Cloudflare shakes hands with SparkPost under the link domain's name", Front: Cloudflare, Preset: "sparkpost", Want: []string{"origin-tls-failed"},
		Change: func(w *World) { w.Proxy.Config.ServerName = w.Host },
	},
	{
		Name: "cloudflare-526", Wrong: "Cloudflare's mode is Full (strict), which wants the link domain in the ESP's certificate", Front: Cloudflare, Want: []string{"origin-certificate-refused"},
		Change: func(w *World) { w.Proxy.Config.ServerName = w.Host },
	},
	{
		Name: "cloudflare-521", Wrong: "the ESP refuses connections behind Cloudflare", Front: Cloudflare, Want: []string{"origin-unreachable"},
		Change: espDown,
	},
	{
		Name: "fastly-503-name", Wrong: "Fastly's VCL service holds the ESP's certificate against the link domain", Want: []string{"origin-certificate-refused"},
		Change: instead(fastly503("hostname doesn't match against certificate")),
	},
	{
		Name: "fastly-503-refused", Wrong: "Fastly's VCL service cannot connect to the ESP", Want: []string{"origin-unreachable"},
		Change: instead(fastly503("connection timed out")),
	},
	{Name: "cloudfront", Front: CloudFront, Preset: "ses-us-east-1", Also: []string{"esp-ok", "dns-ok"}},
	{
		Name: "cloudfront-502", Wrong: "CloudFront cannot agree on TLS with the origin", Front: CloudFront, Preset: "sparkpost", Want: []string{"origin-unreachable"},
		Change: func(w *World) { w.Proxy.Config.ServerName = w.Host },
	},
	{
		Name: "cloudfront-504", Wrong: "CloudFront's origin does not answer in time", Front: CloudFront, Want: []string{"origin-unreachable"},
		Change: instead(Answer(http.StatusGatewayTimeout, "<H1>504 ERROR</H1>", "Content-Type", "text/html", "X-Cache", "Error from cloudfront")),
	},
	{Name: "esp-down", Wrong: "the ESP refuses connections", Want: []string{"origin-unreachable"}, Change: espDown},
	{
		Name: "website-answers", Wrong: "the website answers on the link domain, with 200 to everything", Want: []string{"esp-not-reached"},
		Change: instead(Answer(http.StatusOK, "<!DOCTYPE html><title>Shop</title>", "Content-Type", "text/html")),
	},
	{
		Name: "website-404", Wrong: "the website answers on the link domain, with 404", Preset: "sendgrid", Want: []string{"esp-not-reached"},
		Change: instead(Answer(http.StatusNotFound, "<!DOCTYPE html><title>Not found</title>", "Content-Type", "text/html")),
	},
	{Name: "customerio-not-asked", Tell: Tell{NoOrigin: true}, Also: []string{"esp-host-unproven"}},
	{Name: "sparkpost-not-asked", Preset: "sparkpost", Tell: Tell{NoOrigin: true}, Also: []string{"esp-ok"}},
	{Name: "ses-not-asked", Preset: "ses-us-east-1", Tell: Tell{NoOrigin: true}, Also: []string{"esp-ok"}},
	{
		Name: "customerio-guessed", Tell: Tell{NoESP: true}, Also: []string{"esp-ok"},
		Change: func(w *World) { w.another("customerio-us", "go.example.org") },
	},
	{Name: "unknown-esp", Preset: "iterable", Tell: Tell{NoESP: true, NoOrigin: true}, Also: []string{"esp-unknown"}},
	{Name: "ses-guessed", Preset: "ses-us-east-1", Tell: Tell{NoESP: true}, Also: []string{"esp-ok"}},
	{Name: "sparkpost-guessed", Preset: "sparkpost", Tell: Tell{NoESP: true}, Also: []string{"esp-ok"}},
	{Name: "host-overridden-customerio", Wrong: "the ESP gets its own name as Host", Want: []string{"esp-host-overridden"}, Change: sendOriginHost},
	{
		Name: "host-overridden-cloudfront-ses", Wrong: "CloudFront does not forward Host to SES", Front: CloudFront, Preset: "ses-us-east-1", Want: []string{"esp-host-overridden"},
		Change: sendOriginHost,
	},
	{Name: "host-overridden-sparkpost", Wrong: "SparkPost gets its own name as Host", Preset: "sparkpost", Want: []string{"esp-host-overridden"}, Change: sendOriginHost},
	{Name: "host-unproven", Preset: "sendgrid", Tell: Tell{NoOrigin: true}, Also: []string{"esp-host-unproven"}},
	{
		Name: "link-with-bad-token", Wrong: "a real link is refused: Host is overridden, and the ESP may not be asked", Want: []string{"esp-invalid-token"},
		Tell: Tell{Link: realLink("https://"), NoOrigin: true}, Change: sendOriginHost,
	},
	{Name: "link-works", Tell: Tell{Link: realLink("https://")}, Also: []string{"esp-ok"}},
	{Name: "link-still-http", Wrong: "links in mail still begin with http://", Want: []string{"link-still-http"}, Tell: Tell{Link: realLink("http://")}},
	{
		Name: "link-damaged", Wrong: "a link that the mail gateway has cut", Want: []string{"link-answers-error"},
		Tell: Tell{Link: func(r *Running) string { return "https://" + r.Host + "/e/c/eyJlbWFpbF9pZCI6" }},
	},
	{
		Name: "link-of-another-esp", Wrong: "the link in the mail was made by SES, the set-up proxies to Customer.io", Want: []string{"link-answers-error", "link-of-another-esp"},
		Tell: Tell{Link: func(r *Running) string {
			return "https://" + r.Host + "/CL0/https:%2F%2Fshop.example.com%2F/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"
		}},
	},
	{
		Name: "ses-other-region", Wrong: "the account is in eu-west-1, the CDN's origin in us-east-1", Preset: "ses-eu-west-1", Want: []string{"esp-wrong-region"},
		Change: otherRegion("ses-us-east-1"),
	},
	{
		Name: "ses-link-of-other-region", Wrong: "a link that was sent from eu-west-1, at an origin in us-east-1", Preset: "ses-us-east-1", Want: []string{"esp-wrong-region"},
		Tell: Tell{Link: func(r *Running) string {
			return "https://" + r.Host + "/CL0/https:%2F%2Fshop.example.com%2F/1/010201a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"
		}},
	},
	{
		Name: "customerio-other-region", Wrong: "the account is in the US, the set-up proxies to the EU", Preset: "customerio-eu", Want: []string{"esp-wrong-region"},
		ESPs:   origins.Options{Branded: []string{"go.example.org"}},
		Tell:   Tell{Link: realLink("https://")},
		Change: func(w *World) { w.another("customerio-us", w.Host) },
	},
	{
		Name: "ses-over-http", Wrong: "the CDN fetches from SES over http", Preset: "ses-us-east-1", Want: []string{"esp-protocol-http"},
		Change: func(w *World) {
			w.Proxy.Config = nil
			w.Proxy.Dial = func() (net.Conn, error) { return net.Dial("tcp", w.Fleet.PlainAddr(w.Origin.Backend)) }
		},
	},
	{
		Name: "forwarded-host-missing", Wrong: "Braze's SES wants X-Forwarded-Host and does not get it", Preset: "braze-ses-us-east-1", Want: []string{"esp-forwarded-host-wanted"},
		ESPs: origins.Options{ForwardedHost: origins.ForwardedHostWanted}, Change: change(DropField("X-Forwarded-Host")),
	},
	{Name: "forwarded-host-sent", Preset: "braze-ses-us-east-1", ESPs: origins.Options{ForwardedHost: origins.ForwardedHostWanted}, Also: []string{"esp-ok"}},
	{
		Name: "forwarded-host-harmful", Wrong: "the CDN adds X-Forwarded-Host, with which SES refuses", Preset: "ses-us-east-1", Want: []string{"esp-forwarded-host-harmful"},
		ESPs: origins.Options{ForwardedHost: origins.ForwardedHostHarmful}, Change: change(SendField("X-Forwarded-Host", "link.example.com")),
	},
	{
		Name: "forwarded-host-of-the-reader", Wrong: "the reader's own X-Forwarded-Host reaches the ESP", Preset: "braze-ses-us-east-1", Want: []string{"esp-forwarded-host-trusted"},
		ESPs: origins.Options{ForwardedHost: origins.ForwardedHostWanted}, Change: func(w *World) { w.Proxy.TrustForwardedHost = true },
	},
}

// fastly503 is the page of a Fastly VCL service that cannot have its origin.
func fastly503(why string) http.HandlerFunc {
	return Answer(http.StatusServiceUnavailable, "<?xml version=\"1.0\"?><html><head><title>503 "+why+"</title></head><body><h1>Error 503 "+why+"</h1><p>Guru Mediation:</p></body></html>",
		"Content-Type", "text/html; charset=utf-8")
}

func espDown(w *World) {
	if err := w.Fleet.SetFault(w.Origin.Backend, origins.Refuse); err != nil {
		w.T.Fatal(err)
	}
}

// otherRegion proxies to the ESP of another region, which does not know the
// domain.
func otherRegion(preset string) func(*World) {
	return func(w *World) {
		fleet, o := w.another(preset, "go.example.org")
		w.Proxy = w.ProxyTo(fleet, o)
		w.Proxy.Origin = o
	}
}

// late is how long what is slow takes, slow from when on that is worth a
// finding: far apart from each other, and from what a busy machine takes.
const (
	late = 3 * time.Second
	slow = 2 * time.Second
)

// lateTwice holds up the first two who want something.
func lateTwice() func() {
	var n atomic.Int32
	return func() {
		if n.Add(1) <= 2 {
			<-time.After(late)
		}
	}
}

var speedSetups = []Setup{
	{
		Name: "dns-slow", Wrong: "the name is looked up slowly", Want: []string{"speed-slow-dns"}, Tell: Tell{Slow: slow},
		Change: moreRecords("!late link.example.com"),
	},
	{
		Name: "cdn-slow", Wrong: "the CDN takes its time before it asks the ESP", Want: []string{"speed-slow-cdn"}, Tell: Tell{Slow: slow},
		Change: func(w *World) {
			wait := lateTwice()
			w.Over443 = append(w.Over443, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					if w.Origin.Family.Kind(r.RequestURI) == esp.KindClick {
						wait()
					}
					next.ServeHTTP(rw, r)
				})
			})
		},
	},
	{
		Name: "esp-slow", Wrong: "the ESP takes its time", Want: []string{"speed-slow-esp"}, Tell: Tell{Slow: slow},
		SlowESP: true,
	},
}
