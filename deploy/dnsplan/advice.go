package dnsplan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/espdns"
	"github.com/clickedge/clickedge/deploy/output"
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
func (h *Host) advise(s *core.Site, all senders, onServer bool) {
	switch {
	case len(all.used)+len(all.retired) == 0:
		h.First = []string{"there is no ESP, so there is nothing to do there"}
	case len(all.used) == 0:
		h.First = []string{"every ESP of this host is retired, so there is nothing to ask one for"}
	}
	for _, e := range all.used {
		h.First = append(h.First, first(e, all.several(), onServer))
		h.family(e, all.several())
	}
	if len(all.used) == 0 {
		h.DoNot = append(h.DoNot, keepHost)
	}
	h.verification(s, all)
	h.retired(all)
	if all.several() {
		h.Notes = append(h.Notes, "the records of steps 2 and 4 are the link domain's own, one set for all of its ESPs; those that an ESP asked for to send mail (SPF, DKIM, return path) are not touched")
	}
}

// first says what to do at an ESP before the move. Several: the host has more
// than one, so that a sentence must name its own.
func first(s *core.Site, several, onServer bool) string {
	m := espdns.ManagedBy(s.ESP)
	switch {
	case m != nil && onServer:
		return strings.ReplaceAll(m.ServerAdvice(), "{host}", s.Host)
	case m != nil:
		return strings.ReplaceAll(m.Advice(), "{host}", s.Host)
	case s.Origin.Sender() == esp.FamilySES:
		return "Amazon SES issues no certificates for link domains: there is nothing to switch off"
	case several:
		return "if " + s.ESP + " issues the certificate of the link domain itself, switch that off first"
	}
	return "if the ESP issues the certificate of the link domain itself, switch that off first"
}

func (h *Host) family(s *core.Site, several bool) {
	then := ""
	switch s.Origin.Sender() {
	case esp.FamilySendGrid:
		h.Keep = append(h.Keep, "SendGrid's second CNAME, "+secondCNAME(s)+": only the first, this host's, moves")
		h.DoNot = append(h.DoNot, `press "Verify" at SendGrid again: it looks for `+s.Origin.Address+" in DNS and no longer finds it")
		then = "ask SendGrid's support for SSL click tracking, for the account and for each subuser"
	case esp.FamilyCustomerIO:
		h.DoNot = append(h.DoNot, "block user agents that begin with Customer.io/: its verifier would find the domain broken")
		then = "switch on HTTPS link tracking in Customer.io's workspace settings, which checks the domain then"
	case esp.FamilySparkPost:
		then = `set "secure": true for the tracking domain with SparkPost's tracking domains API, then verify it there`
	case esp.FamilySES:
		then = "set the configuration set's HTTPS policy for the redirect domain in SES, so that links are https"
	case esp.FamilyMailgun:
		then = `set the domain's "web_scheme" to https with Mailgun's API`
	default:
		then = "ask the ESP to write links with https, where that is a setting of its"
		if several {
			then = "ask " + s.ESP + " to write links with https, where that is a setting of its"
		}
	}
	// The account at the ESP beneath is not the sender's.
	if _, name := core.Beneath(s.ESP); name != "" {
		then = "tell " + name + " that the certificate is in place: it has the ESP beneath write https"
	}
	h.Then = append(h.Then, then)
	h.Then = append(h.Then, leftovers(s)...)
}

// secondCNAME is the record of SendGrid's link branding beside that of the
// host.
func secondCNAME(s *core.Site) string {
	return "<number>." + cmp.Or(parent(s.Host), s.Host) + " to " + s.Origin.Address
}

// inPlaceOf names what the CNAME replaces: it may lead to any of the host's
// ESPs today.
func inPlaceOf(all senders) string {
	var names []string
	for _, e := range all.list() {
		today := espdns.Today(e.Origin)
		if len(today) == 0 && all.several() {
			today = []string{"the one that " + e.ESP + " asked for"}
		} else if len(today) == 0 {
			today = []string{"the ESP"}
		}
		for _, name := range today {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return "in place of any A, AAAA or CNAME there"
	}
	return "in place of the one to " + output.Or(names)
}

// takenNote says which record of an ESP the proof replaces.
func takenNote(all senders) (note string) {
	for _, e := range all.list() {
		for _, r := range espRecords(e) {
			if !r.Taken {
				continue
			}
			note += "; in place of the one to a name under " + r.Under + " that " + espdns.ManagedBy(e.ESP).ESP + " asked for, where there is one, "
			if all.isRetired(e) {
				note += "which it needs no longer"
			} else {
				note += "which ends the renewal there: step 1 comes first"
			}
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
