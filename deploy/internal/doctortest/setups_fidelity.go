package doctortest

import (
	"crypto/tls"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
)

var fidelitySetups = []Setup{
	{Name: "path-lost", Wrong: "the proxy asks for / whatever was asked for", Want: []string{"target-path-lost"}, Change: change(DropPath)},
	{Name: "path-lost-sendgrid", Wrong: "the proxy asks SendGrid for / whatever was asked for", Preset: "sendgrid", Want: []string{"target-path-lost"}, Change: change(DropPath)},
	{Name: "query-lost", Wrong: "CloudFront does not forward query strings", Front: CloudFront, Preset: "sendgrid", Want: []string{"target-query-lost"}, Change: change(DropQuery)},
	{Name: "path-decoded", Wrong: "the proxy decodes the path", Preset: "ses-us-east-1", Want: []string{"target-changed"}, Change: change(DecodePath)},
	{
		Name: "odd-bytes-refused", Wrong: "a filter answers 400 to bytes that links hold", Preset: "sendgrid", Want: []string{"target-odd-refused"},
		Change: before(When(Target(`[|{}^"]`), Answer(http.StatusBadRequest, "Bad Request"))),
	},
	{
		Name: "odd-bytes-redirected", Wrong: "the proxy redirects to a tidier form of the link", Preset: "sendgrid", Want: []string{"target-changed"},
		Change: before(When(Target(`[|{}^"]`), RedirectTo(301, "/ls/click?upn=tidy"))),
	},
	{
		Name: "lone-percent-refused", Preset: "sendgrid", Also: []string{"target-lone-percent"},
		Change: before(When(Target(`%$`), Answer(http.StatusBadRequest, "Bad Request"))),
	},
	{
		Name: "post-refused", Wrong: "POST is refused, and with it one-click unsubscribe", Want: []string{"post-refused"},
		Change: before(When(Method(http.MethodPost), Answer(http.StatusForbidden, "Forbidden"))),
	},
	{
		Name: "head-refused", Wrong: "HEAD is refused", Want: []string{"head-refused"},
		Change: before(When(Method(http.MethodHead), Answer(http.StatusMethodNotAllowed, "", "Allow", "GET, POST"))),
	},
	{
		Name: "cookies-forwarded", Wrong: "cookies of the parent domain reach SES", Preset: "ses-us-east-1", Want: []string{"cookies-not-stripped"},
		Change: func(w *World) {
			all := *w.Origin
			all.Cookies = core.CookiesPass
			w.Proxy.Origin = &all
		},
	},
	{
		Name: "cookies-lost", Wrong: "the CDN takes Iterable's cookies out of the answers", Preset: "iterable", Want: []string{"cookies-lost"},
		Change: before(Without("Set-Cookie")),
	},
	{
		Name: "filter-refuses-everything", Wrong: "a web application firewall refuses every link", Front: CloudFront, Preset: "sendgrid", Want: []string{"filter-refuses-all"},
		Change: before(When(Always, Answer(http.StatusForbidden, "<H1>403 ERROR</H1>Request blocked.", "Content-Type", "text/html"))),
	},
	{
		Name: "filter-challenges", Wrong: "Cloudflare's bot fight mode wants every reader to prove to be one", Front: Cloudflare, Want: []string{"filter-challenge"},
		Change: before(When(Always, cloudflareChallenge)),
	},
	{
		Name: "aws-waf-challenges", Wrong: "a rule of AWS WAF answers with a challenge, which is a 202", Front: CloudFront, Preset: "sendgrid", Want: []string{"filter-challenge"},
		Change: before(When(Always, Answer(http.StatusAccepted, "", "X-Amzn-Waf-Action", "challenge"))),
	},
	{
		Name: "rate-limited", Wrong: "a rate limit of ten requests for one address, which scanners reach", Preset: "sendgrid", Want: []string{"filter-rate-limit"},
		Change: before(After(10, Answer(http.StatusTooManyRequests, "Too Many Requests", "Retry-After", "60"))),
	},
	{
		Name: "filter-refuses-image-proxy", Wrong: "a bot rule refuses Gmail's image proxy", Want: []string{"filter-user-agent"},
		Change: before(When(Agent(`GoogleImageProxy`), Answer(http.StatusForbidden, "Forbidden"))),
	},
	{
		Name: "filter-refuses-verifier", Wrong: "a bot rule refuses Customer.io's verifier", Want: []string{"filter-verifier"},
		Change: before(When(Agent(`^Customer\.io/`), Answer(http.StatusForbidden, "Forbidden"))),
	},
	{
		Name: "filter-refuses-url-in-query", Wrong: "a rule against redirects refuses URLs in queries", Preset: "sendgrid", Want: []string{"filter-query"},
		Change: before(When(Target(`[?&][^=]+=https?(%3A|:)`), Answer(http.StatusForbidden, "Forbidden"))),
	},
	{
		Name: "filter-refuses-long-query", Wrong: "a limit on the query's length", Preset: "sendgrid", Want: []string{"filter-query"},
		Change: before(When(Target(`\?.{1000}`), Answer(http.StatusRequestURITooLong, "URI Too Long"))),
	},
}

// After answers in the proxy's place once so many requests have come.
func After(requests int32, answer http.HandlerFunc) Wrap {
	return func(next http.Handler) http.Handler {
		var n atomic.Int32
		return When(func(*http.Request) bool { return n.Add(1) > requests }, answer)(next)
	}
}

var cacheSetups = []Setup{
	{
		Name: "cloudflare-caches", Wrong: "a page rule caches everything", Front: Cloudflare, Preset: "sendgrid", Want: []string{"cache-hit"},
		Change: before(Cache(ByTarget, CloudflareMark)),
	},
	{
		Name: "cloudfront-caches", Wrong: "CloudFront keeps redirects for a day", Front: CloudFront, Preset: "sparkpost", Want: []string{"cache-hit"},
		Change: before(Cache(ByTarget, CloudFrontMark)),
	},
	{
		Name: "cache-tells-age-only", Wrong: "a cache that shows only in Age", Want: []string{"cache-hit"},
		Change: before(Cache(ByTarget, AgeMark(3600))),
	},
	{
		Name: "cached-for-seconds", Preset: "sparkpost", Also: []string{"cache-short"},
		Change: before(Say("Cache-Control", "max-age=10"), Cache(ByTarget, AgeMark(4))),
	},
	{
		Name: "redirects-made-permanent", Wrong: "the CDN makes 301 of 302", Preset: "sendgrid", Want: []string{"cache-permanent-redirect"},
		Change: before(Permanent),
	},
	{
		Name: "browsers-may-keep", Wrong: "the CDN lets browsers keep redirects for an hour", Preset: "sendgrid", Want: []string{"cache-lifetime"},
		Change: before(Say("Cache-Control", "public, max-age=3600")),
	},
}

// severalSetups have more than one thing wrong, as set-ups do that have grown.
var severalSetups = []Setup{
	{
		Name: "several-at-once", Front: Cloudflare, Preset: "sendgrid",
		Wrong: "port 80 is dead, the certificate ends soon, POST and robots are refused, pages are cached, and the app-link file is broken",
		Want:  []string{"app-links-malformed", "cache-hit", "dns-second-record", "filter-user-agent", "http-dead", "post-refused", "tls-expires-soon", "tls-old-versions"},
		Tell:  Tell{SecondRecord: secondName},
		Change: func(w *World) {
			w.Refused = []string{FrontAddr + ":80"}
			w.TLS.Cert.Left, w.TLS.Oldest = 2*Day+time.Hour, tls.VersionTLS10
			before(
				When(Method(http.MethodPost), Answer(http.StatusForbidden, "Forbidden")),
				When(Agent(`GoogleImageProxy`), Answer(http.StatusForbidden, "Forbidden")),
				Cache(ByTarget, CloudflareMark),
			)(w)
			files(apple(Answer(http.StatusOK, `{"applinks":{"details":[{"components":[{"/":"/uni/*"}]}]}}`, "Content-Type", "application/json")))(w)
		},
	},
}

// The paths at which the platforms look for app-link files.
const (
	appleAt    = "/.well-known/apple-app-site-association"
	appleOldAt = "/apple-app-site-association"
	androidAt  = "/.well-known/assetlinks.json"
)

const (
	appleFile   = `{"applinks":{"details":[{"appIDs":["ABCDE12345.com.example.app"],"components":[{"/":"/uni/*"}]}]}}`
	androidFile = `[{"relation":["delegate_permission/common.handle_all_urls"],"target":{"namespace":"android_app","package_name":"com.example.app","sha256_cert_fingerprints":["` + fingerprint + `"]}}]`
)

// files serves app-link files as they should be; those in place of are answered
// as given.
func files(inPlaceOf map[string]http.HandlerFunc) func(*World) {
	answers := map[string]http.HandlerFunc{
		appleAt:    Answer(http.StatusOK, appleFile, "Content-Type", "application/json"),
		appleOldAt: Answer(http.StatusOK, appleFile, "Content-Type", "application/json"),
		androidAt:  Answer(http.StatusOK, androidFile, "Content-Type", "application/json"),
	}
	maps.Copy(answers, inPlaceOf)
	return before(When(func(r *http.Request) bool { return answers[r.RequestURI] != nil },
		func(w http.ResponseWriter, r *http.Request) { answers[r.RequestURI](w, r) }))
}

// apple answers both of Apple's paths in one way.
func apple(answer http.HandlerFunc) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{appleAt: answer, appleOldAt: answer}
}

var appLinkSetups = []Setup{
	{Name: "app-links", Preset: "sendgrid", Also: []string{"app-links-ok"}, Change: files(nil)},
	{Name: "no-app-links", Preset: "sendgrid", Also: []string{"app-links-none"}},
	{
		Name: "app-links-refused", Wrong: "a filter refuses the app-link files", Preset: "sendgrid", Want: []string{"app-links-status"},
		Change: files(apple(Answer(http.StatusForbidden, "Forbidden"))),
	},
	{
		Name: "app-links-redirected", Wrong: "the app-link files are redirected to the website", Preset: "sendgrid", Want: []string{"app-links-redirected"},
		Change: files(apple(RedirectTo(301, "https://www.example.com{target}"))),
	},
	{
		Name: "app-links-wrong-type", Wrong: "the app-link file has no type of its own", Preset: "sendgrid", Want: []string{"app-links-type"},
		Change: files(apple(Answer(http.StatusOK, appleFile, "Content-Type", "application/octet-stream"))),
	},
	{
		Name: "app-links-too-large", Wrong: "the app-link file has 200 KiB", Preset: "sendgrid", Want: []string{"app-links-too-large"},
		Change: files(apple(Answer(http.StatusOK, appleFile+strings.Repeat(" ", 200<<10), "Content-Type", "application/json"))),
	},
	{
		Name: "app-links-large-for-android", Preset: "sendgrid", Not: []string{"app-links-too-large", "app-links-malformed"},
		Says: []string{"not seen: whether /.well-known/assetlinks.json is well formed, because it has more than"},
		Change: files(map[string]http.HandlerFunc{
			androidAt: Answer(http.StatusOK, androidFile+strings.Repeat(" ", 200<<10), "Content-Type", "application/json"),
		}),
	},
	{
		Name: "app-links-no-json", Wrong: "the app-link file has a comma too many", Preset: "sendgrid", Want: []string{"app-links-malformed"},
		Change: files(apple(Answer(http.StatusOK, strings.Replace(appleFile, `"}]`, `"},]`, 1), "Content-Type", "application/json"))),
	},
	{
		Name: "app-links-lack-member", Wrong: "the Android file names no fingerprint", Preset: "sendgrid", Want: []string{"app-links-malformed"},
		Change: files(map[string]http.HandlerFunc{
			androidAt: Answer(http.StatusOK, strings.Replace(androidFile, `"`+fingerprint+`"`, "", 1), "Content-Type", "application/json"),
		}),
	},
	{
		Name: "app-links-at-one-path", Wrong: "the file is at one of the two paths only", Preset: "sendgrid", Want: []string{"app-links-one-path"},
		Change: files(map[string]http.HandlerFunc{appleOldAt: Answer(http.StatusNotFound, "Not Found")}),
	},
	{
		Name: "app-links-differ", Wrong: "the two paths have different files", Preset: "sendgrid", Want: []string{"app-links-differ"},
		Change: files(map[string]http.HandlerFunc{
			appleOldAt: Answer(http.StatusOK, strings.Replace(appleFile, "ABCDE12345", "FGHIJ67890", 1), "Content-Type", "application/json"),
		}),
	},
}

// Sample is the target of a link that the ESP takes, of a recipient that does
// not exist.
func (r *Running) Sample(kind esp.Kind) string {
	for _, l := range r.Fleet.Links(&core.Site{Host: r.Host, Origin: r.Origin}) {
		if l.Kind == kind {
			return l.Target
		}
	}
	r.world.T.Fatalf("no sample of this kind for %s", r.Origin.Preset)
	return ""
}

// sampleOf is the target of a click that the account at another of the set-up's
// ESPs has sent.
func (r *Running) sampleOf(preset string) string {
	for i, o := range r.world.others {
		if o.Preset == preset {
			return r.world.Fleets[i].Links(&core.Site{Host: r.Host, Origin: o})[0].Target
		}
	}
	r.world.T.Fatalf("no other ESP %s", preset)
	return ""
}
