package doctortest

import (
	"net/http"
	"strings"

	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// unknownDomain is an ESP that knows other domains only.
var unknownDomain = origins.Options{Branded: []string{"go.example.org"}}

// linkOfRegion is a link that the account in another region has sent.
func linkOfRegion(preset string) func(*Running) string {
	return func(r *Running) string { return "https://" + r.Host + r.sampleOf(preset) }
}

// prefix puts a folder before every path.
func prefix(folder string) Change {
	return func(r *wire.Request) { r.Target = folder + r.Target }
}

func toOwnHost(to string) string {
	_, rest, _ := strings.Cut(to, "://")
	_, path, _ := strings.Cut(rest, "/")
	return "https://link.example.com/" + path
}

func toHTTP(to string) string { return strings.Replace(to, "https://", "http://", 1) }

func withCampaign(to string) string { return to + "&utm_source=proxy" }

// justAMoment is Cloudflare's challenge as a server hands it on that drops the
// field Cf-Mitigated.
const justAMoment = `<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body><noscript>Enable JavaScript and cookies to continue</noscript>
<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script></body></html>`

// causeSetups are faults that look like others.
var causeSetups = []Setup{
	{
		Name: "post-redirected", Wrong: "every POST is redirected to a page", Preset: "sendgrid", Want: []string{"post-redirected"}, Not: []string{"fidelity-ok"},
		Change: before(When(Method(http.MethodPost), RedirectTo(302, "https://www.example.com/bye"))),
	},
	{
		Name: "post-redirected-to-slash", Wrong: "POST is redirected to the path with a slash behind it", Want: []string{"post-redirected"},
		Change: before(When(Method(http.MethodPost), RedirectTo(308, "https://{host}{target}/"))),
	},
	{
		Name: "post-redirected-not-asked", Wrong: "POST is redirected to the same host, and the ESP may not be asked", Preset: "sendgrid", Want: []string{"post-redirected"}, Tell: Tell{NoOrigin: true},
		Change: before(When(Method(http.MethodPost), RedirectTo(301, "https://{host}/unified"))),
	},
	{
		Name: "post-of-clicks-redirected", Wrong: "POST is redirected where links are, and nowhere else", Preset: "sendgrid", Want: []string{"post-redirected"},
		Change: before(When(func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasPrefix(r.RequestURI, "/ls/")
		}, RedirectTo(303, "https://www.example.com/"))),
	},
	{
		Name: "post-challenged", Wrong: "Cloudflare challenges POST only", Front: Cloudflare, Preset: "sendgrid", Want: []string{"filter-challenge"}, Not: []string{"post-refused"},
		Change: before(When(Method(http.MethodPost), cloudflareChallenge)),
	},
	{
		Name: "challenge-without-a-field", Wrong: "a challenge of Cloudflare behind another server, without Cf-Mitigated", Preset: "sendgrid", Want: []string{"filter-challenge"},
		Not: []string{"filter-refuses-all", "origin-unreachable"}, Says: []string{"skips managed rules, bot fight mode"}, Change: instead(Answer(http.StatusForbidden, justAMoment, "Content-Type", "text/html; charset=UTF-8")),
	},
	{
		Name: "challenge-as-503", Wrong: "an older challenge of Cloudflare, which is a 503", Front: Cloudflare, Preset: "sendgrid", Want: []string{"filter-challenge"}, Not: []string{"origin-unreachable"},
		Change: instead(Answer(http.StatusServiceUnavailable, justAMoment, "Content-Type", "text/html; charset=UTF-8")),
	},
	{
		Name: "challenge-for-robots", Wrong: "Cloudflare challenges image proxies only", Front: Cloudflare, Preset: "sendgrid", Want: []string{"filter-challenge"}, Not: []string{"filter-user-agent"},
		Change: before(When(Agent(`GoogleImageProxy`), cloudflareChallenge)),
	},
	{
		Name: "slash-answered-404", Wrong: "a server answers 404 to %2F in a path, as Apache does without AllowEncodedSlashes", Preset: "ses-us-east-1", Want: []string{"target-slash-refused"},
		Not: []string{"esp-not-reached", "target-path-lost"}, Change: before(When(Target(`^[^?]*%2F`), Answer(http.StatusNotFound, apache404, "Content-Type", "text/html; charset=iso-8859-1"))),
	},
	{
		Name: "slash-answered-404-sendgrid", Wrong: "a server answers 404 to %2F in a path, which this ESP's made-up link does not have", Preset: "sendgrid", Want: []string{"target-slash-refused"},
		Change: before(When(Target(`^[^?]*%2F`), Answer(http.StatusNotFound, apache404, "Content-Type", "text/html; charset=iso-8859-1"))),
	},
	{Name: "prefix-before-path", Wrong: "the proxy puts a folder before the path", Preset: "sendgrid", Want: []string{"target-path-lost"}, Change: change(prefix("/track"))},
	{Name: "prefix-before-path-ses", Wrong: "the proxy puts a folder before the path to SES", Preset: "ses-us-east-1", Want: []string{"target-path-lost"}, Change: change(prefix("/track"))},
	{
		Name: "location-to-own-host", Wrong: "the proxy puts its own host into the ESP's redirects", Preset: "sendgrid", Want: []string{"location-rewritten"},
		Not: []string{"target-changed", "esp-not-reached"}, Change: before(editLocation(toOwnHost)),
	},
	{
		Name: "location-to-own-host-ses", Wrong: "the proxy puts its own host into SES's redirects", Preset: "ses-us-east-1", Want: []string{"location-rewritten"},
		Not: []string{"target-changed"}, Change: before(editLocation(toOwnHost)),
	},
	{
		Name: "location-to-http", Wrong: "the proxy makes http of https in the ESP's redirects", Preset: "ses-us-east-1", Want: []string{"location-rewritten"},
		Not: []string{"target-changed"}, Change: before(editLocation(toHTTP)),
	},
	{
		Name: "location-with-campaign", Wrong: "the proxy adds a parameter to the ESP's redirects", Preset: "sparkpost", Want: []string{"location-rewritten"},
		Not: []string{"target-changed"}, Change: before(editLocation(withCampaign)),
	},
}

const apache404 = `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN"><html><head><title>404 Not Found</title></head><body><h1>Not Found</h1><p>The requested URL was not found on this server.</p></body></html>`
