package cli

import (
	"strings"

	"github.com/clickedge/clickedge/core"
)

const (
	keepDomain = "change the tracking domain at the ESP: every link in mail that is out names the one of today"
	keepHost   = "give the host up: every link in mail that is out names it"
	noProxy    = "switch on a DNS provider's proxy (Cloudflare's orange cloud) for it: another CDN would then answer, with a cache, a firewall and bot checks of its own, and its addresses would come in place of readers'"
)

// espAdvice is what is special to an ESP: what must stay, what must not be done,
// and what to do there once https answers. Sources: SendGrid, "SSL Click Tracking
// Steps"; SparkPost, "Enabling HTTPS Engagement Tracking"; Customer.io, "HTTPS link
// tracking"; Amazon SES, "Configuring custom domains"; Mailgun, "Enabling HTTPS
// tracking links".
func espAdvice(s *core.Site) (keep, doNot, then []string) {
	if s.Origin == nil {
		return nil, []string{keepHost, noProxy}, nil
	}
	keep, doNot, then = familyAdvice(s)
	doNot = append(doNot, keepDomain, noProxy)
	if strings.HasPrefix(s.ESP, "braze-") {
		then = []string{"tell Braze that the certificate is in place: it has the ESP beneath write https"}
	}
	return keep, doNot, then
}

func familyAdvice(s *core.Site) (keep, doNot, then []string) {
	switch s.Origin.Family {
	case core.FamilySendGrid:
		return []string{"SendGrid's second CNAME, <number>." + orSelf(parent(s.Host), s.Host) + " to " + s.Origin.Address + ": only the first, this host's, moves"},
			[]string{`press "Verify" at SendGrid again: it looks for ` + s.Origin.Address + " in DNS and no longer finds it"},
			[]string{"ask SendGrid's support for SSL click tracking, for the account and for each subuser"}
	case core.FamilyCustomerIO:
		return nil, []string{"block user agents that begin with Customer.io/: its verifier would find the domain broken"},
			[]string{"switch on HTTPS link tracking in Customer.io's workspace settings, which checks the domain then"}
	case core.FamilySparkPost:
		return nil, nil, []string{`set "secure": true for the tracking domain with SparkPost's tracking domains API, then verify it there`}
	case core.FamilySES:
		return nil, nil, []string{"set the configuration set's HTTPS policy for the redirect domain in SES, so that links are https"}
	case core.FamilyMailgun:
		return nil, nil, []string{`set the domain's "web_scheme" to https with Mailgun's API`}
	}
	return nil, nil, []string{"ask the ESP to write links with https, where that is a setting of its"}
}

func orSelf(s, self string) string {
	if s == "" {
		return self
	}
	return s
}
