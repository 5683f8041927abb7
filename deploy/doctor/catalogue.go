package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
)

// Entry is one finding as the catalogue has it. In Means and the fixes, {host} stands for the link
// domain, {parent} for the domain above it and {origin} for the ESP's origin.
type Entry struct {
	ID       string
	Section  Section
	Severity Severity
	Title    string
	Means    string
	Mend     Mend
	// Evidence is what must have been seen for the finding to be said.
	Evidence string
	// Source is the page that states the rule.
	Source string
	// Asides hold what differs with the ESP.
	Asides []Aside
}

// Mend is the fix, by CDN or server. Any stands in for those that are empty.
type Mend struct {
	Any, Fastly, Nginx, Cloudflare, CloudFront string
	Apache, Caddy, HAProxy, Varnish            string
}

// Aside is said in addition where the ESP is of this family; its Source takes the place of the
// entry's.
type Aside struct {
	Family core.Family
	Mend   string
	Source string
}

// at returns what to do at a CDN.
func (m *Mend) at(cdn string) string {
	text := map[string]string{
		cdnFastly: m.Fastly, cdnNginx: m.Nginx, cdnCloudflare: m.Cloudflare, cdnCloudFront: m.CloudFront,
		cdnApache: m.Apache, cdnCaddy: m.Caddy, cdnHAProxy: m.HAProxy, cdnVarnish: m.Varnish,
	}[cdn]
	return firstText(text, m.Any)
}

// advice is what an entry says for a CDN and an ESP.
func (e *Entry) advice(cdn string, family core.Family, known bool) (means, mend, source string) {
	means, mend, source = e.Means, e.Mend.at(cdn), e.Source
	for _, a := range e.Asides {
		if known && a.Family == family {
			mend, source = strings.TrimSpace(mend+" "+a.Mend), firstText(a.Source, source)
		}
	}
	return means, mend, source
}

// catalogue is every finding, in the order of the sections.
var catalogue = withEvidence(withServers(slices.Concat(dnsEntries, renewalEntries, tlsEntries, httpEntries, espEntries, fidelityEntries, filterEntries, cacheEntries, appEntries, speedEntries)))

// Catalogue returns every finding that there is, in the order in which the doctor looks. Ids may be
// added to it and are never renamed.
func Catalogue() []Entry { return slices.Clone(catalogue) }

// Lookup finds an entry by its id.
func Lookup(id string) (Entry, bool) {
	for i := range catalogue {
		if catalogue[i].ID == id {
			return catalogue[i], true
		}
	}
	return Entry{}, false
}

func mustEntry(id string) Entry {
	e, ok := Lookup(id)
	if !ok {
		panic("internal error: no finding " + id + " in the catalogue")
	}
	return e
}

// filler puts names in place of the marks of Entry.
func (x *exam) filler() *strings.Replacer {
	parent := x.opt.Host
	if up := parents(x.opt.Host); len(up) > 0 {
		parent = up[0]
	}
	return strings.NewReplacer("{host}", x.opt.Host, "{parent}", parent, "{origin}", firstText(x.origin.Address, "the ESP's origin"),
		"{nginx-http2}", nginxHTTP2(x.software))
}

// nginxHTTP2 is how HTTP/2 is switched on in the nginx whose version the Server field names: a directive
// that it does not know keeps nginx from starting.
func nginxHTTP2(software string) string {
	const before, since = "listen 443 ssl http2;", "http2 on;"
	version, ok := strings.CutPrefix(strings.ToLower(software), "nginx/")
	var major, minor, patch int
	if n, _ := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); !ok || n < 3 {
		return since + " from nginx 1.25.1, " + before + " before"
	}
	if major > 1 || major == 1 && (minor > 25 || minor == 25 && patch >= 1) {
		return since
	}
	return before + " (http2 on; is for nginx 1.25.1 and later)"
}

// sort puts findings in the order of the sections, and within one the worst first.
func (r *Report) sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		if a.Section != b.Section {
			return int(a.Section) - int(b.Section)
		}
		return int(b.Severity) - int(a.Severity)
	})
	found := func(s Skipped) bool {
		return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Section == s.Section })
	}
	r.Skipped = slices.DeleteFunc(r.Skipped, found)
}

// The pages that state the rules.
const (
	srcBraze         = "https://www.braze.com/docs/user_guide/channels/email/email_setup/ssl/troubleshooting/"
	srcBrazeSSL      = "https://www.braze.com/docs/user_guide/channels/email/email_setup/ssl/"
	srcSendGrid      = "https://support.sendgrid.com/hc/en-us/articles/1260802541709-SSL-Click-Tracking-Steps"
	srcSendGridProxy = "https://support.sendgrid.com/hc/en-us/articles/4447646844187-Enabling-SSL-for-Click-and-Open-Tracking-for-Your-Account"
	srcSendGridLinks = "https://sendgrid.com/docs/Classroom/Track/Clicks/click_tracking_links_have_stopped_working.html"
	srcCustomerIO    = "https://docs.customer.io/journeys/https-link-verification"
	srcSES           = "https://docs.aws.amazon.com/ses/latest/dg/configure-custom-open-click-domains.html"
	srcSparkPost     = "https://support.sparkpost.com/docs/tech-resources/enabling-https-engagement-tracking-on-sparkpost/"
	srcIterable      = "https://support.iterable.com/hc/en-us/articles/115000427446"
	srcMailgun       = "https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/domain-tracking"
	srcCloudflare5xx = "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/"
	srcCloudFrontErr = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/troubleshooting.html"
	srcApple         = "https://developer.apple.com/documentation/xcode/supporting-associated-domains"
	srcAndroid       = "https://developers.google.com/digital-asset-links/v1/getting-started"
	srcDNS           = "https://www.rfc-editor.org/rfc/rfc1034"
	srcCAA           = "https://www.rfc-editor.org/rfc/rfc8659"
	srcPrivate       = "https://www.rfc-editor.org/rfc/rfc6890"
	srcEyeballs      = "https://www.rfc-editor.org/rfc/rfc8305"
	srcTLSNames      = "https://www.rfc-editor.org/rfc/rfc9525"
	srcX509          = "https://www.rfc-editor.org/rfc/rfc5280"
	srcTLS           = "https://www.rfc-editor.org/rfc/rfc9325"
	srcStaple        = "https://www.rfc-editor.org/rfc/rfc7633"
	srcOCSP          = "https://www.rfc-editor.org/rfc/rfc6960"
	srcCT            = "https://googlechrome.github.io/CertificateTransparency/ct_policy.html"
	srcBaseline      = "https://cabforum.org/working-groups/server/baseline-requirements/"
	srcHSTS          = "https://www.rfc-editor.org/rfc/rfc6797"
	srcHTTP          = "https://www.rfc-editor.org/rfc/rfc9110"
	srcURI           = "https://www.rfc-editor.org/rfc/rfc3986"
	srcCache         = "https://www.rfc-editor.org/rfc/rfc9111"
	srcH2            = "https://www.rfc-editor.org/rfc/rfc9113"
	srcOneClick      = "https://www.rfc-editor.org/rfc/rfc8058"
	srcForwarded     = "https://www.rfc-editor.org/rfc/rfc7239"
	srcRoute53       = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-to-cloudfront-distribution.html"
)
