package dnsplan

import (
	"cmp"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/espdns"
)

const (
	keepDomain = "change the tracking domain at the ESP: every link in mail that is out names the one of today"
	keepHost   = "give the host up: every link in mail that is out names it"
	noProxy    = "switch on a DNS provider's proxy (Cloudflare's orange cloud) for a link domain: another CDN would then answer, with a cache, a firewall and bot checks of its own, and its addresses would come in place of readers'"
)

// advise fills in what is particular to an ESP: what to do before the move,
// what must stay, what must not be done, and what to do at the ESP once https
// answers. Sources: SendGrid, "SSL Click Tracking Steps"; SparkPost, "Enabling
// HTTPS Engagement Tracking"; Customer.io, "HTTPS link tracking"; Amazon SES,
// "Configuring custom domains"; Mailgun, "Enabling HTTPS tracking links"; and
// those of espdns.
func (h *Host) advise(s *core.Site) {
	h.First = []string{first(s)}
	if s.Origin == nil {
		h.DoNot = []string{keepHost}
		return
	}
	h.family(s)
	// The account at the ESP beneath is not the sender's.
	if _, name := core.Beneath(s.ESP); name != "" {
		h.Then = []string{"tell " + name + " that the certificate is in place: it has the ESP beneath write https"}
	}
	h.Then = append(h.Then, leftovers(s)...)
}

// first says what to do at the ESP before the move.
func first(s *core.Site) string {
	m := espdns.ManagedBy(s.ESP)
	switch {
	case s.Origin == nil:
		return "there is no ESP, so there is nothing to do there"
	case m != nil:
		return strings.ReplaceAll(m.Advice(), "{host}", s.Host)
	case s.Origin.Sender() == esp.FamilySES:
		return "Amazon SES issues no certificates for link domains: there is nothing to switch off"
	}
	return "if the ESP issues the certificate of the link domain itself, switch that off first"
}

func (h *Host) family(s *core.Site) {
	switch s.Origin.Sender() {
	case esp.FamilySendGrid:
		h.Keep = []string{"SendGrid's second CNAME, <number>." + cmp.Or(parent(s.Host), s.Host) + " to " + s.Origin.Address + ": only the first, this host's, moves"}
		h.DoNot = []string{`press "Verify" at SendGrid again: it looks for ` + s.Origin.Address + " in DNS and no longer finds it"}
		h.Then = []string{"ask SendGrid's support for SSL click tracking, for the account and for each subuser"}
	case esp.FamilyCustomerIO:
		h.DoNot = []string{"block user agents that begin with Customer.io/: its verifier would find the domain broken"}
		h.Then = []string{"switch on HTTPS link tracking in Customer.io's workspace settings, which checks the domain then"}
	case esp.FamilySparkPost:
		h.Then = []string{`set "secure": true for the tracking domain with SparkPost's tracking domains API, then verify it there`}
	case esp.FamilySES:
		h.Then = []string{"set the configuration set's HTTPS policy for the redirect domain in SES, so that links are https"}
	case esp.FamilyMailgun:
		h.Then = []string{`set the domain's "web_scheme" to https with Mailgun's API`}
	default:
		h.Then = []string{"ask the ESP to write links with https, where that is a setting of its"}
	}
}

// inPlaceOf names what the CNAME replaces.
func inPlaceOf(s *core.Site) string {
	if s.Origin == nil {
		return "in place of any A, AAAA or CNAME there"
	}
	if today := espdns.Today(s.Origin); len(today) > 0 {
		return "in place of the one to " + strings.Join(today, " or ")
	}
	return "in place of the one to the ESP"
}

// takenNote says which record of the ESP the proof replaces.
func takenNote(s *core.Site) (note string) {
	for _, r := range espRecords(s) {
		if r.Taken {
			note += "; in place of the one to a name under " + r.Under + " that " + espdns.ManagedBy(s.ESP).ESP + " asked for, where there is one, which ends the renewal there: step 1 comes first"
		}
	}
	return note
}

// leftovers are an ESP's records that are of no use any more.
func leftovers(s *core.Site) (list []string) {
	for _, r := range espRecords(s) {
		if !r.Taken {
			list = append(list, "delete "+r.Name(s.Host)+" "+r.Type+", where it is there: it was for "+espdns.ManagedBy(s.ESP).ESP+"'s own certificate")
		}
	}
	return list
}

func espRecords(s *core.Site) []espdns.Record {
	if m := espdns.ManagedBy(s.ESP); m != nil && s.Origin != nil {
		return m.Records
	}
	return nil
}
