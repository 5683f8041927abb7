package doctor

import (
	"strings"

	"github.com/miekg/dns"

	"github.com/clickedge/clickedge/deploy/espdns"
)

// ownCertificates is said of every ESP that issues certificates itself: what comes before the CNAME
// moves.
func ownCertificates() (list []Aside) {
	for _, f := range espdns.Families() {
		advice := espdns.ManagedByFamily(f).Advice()
		list = append(list, Aside{Family: f, Mend: strings.ToUpper(advice[:1]) + advice[1:] + "."})
	}
	return list
}

var renewalEntries = []Entry{
	{ID: "dns-proof-of-esp", Section: DNS, Severity: Warning, Title: "The name for the certificate's proof leads to the ESP's authority",
		Means:  "Fastly proves {host} by a CNAME at _acme-challenge.{host}. The one that is there was set for a certificate of the ESP's: with it Fastly's is not issued, or not renewed.",
		Mend:   Mend{Any: "Replace it by the value that Fastly gives, and delete the TXT record _cf-custom-hostname.{host}, which nothing asks for any more. That ends the renewal at the ESP: switch its certificate off there."},
		Source: srcSendGridAuto},
}

const srcSendGridAuto = "https://support.sendgrid.com/hc/en-us/articles/55419969558427-Creating-Auto-SSL-Link-Branding-Records-Using-the-Twilio-SendGrid-API"

// examineProof looks for a proof that an ESP had set. It matters to Fastly alone, which uses that name;
// elsewhere it may be the CDN's own.
func (x *exam) examineProof() {
	if x.report.CDN != cdnFastly {
		return
	}
	name := "_acme-challenge." + x.opt.Host
	m, err := x.exchange(x.resolvers[0], name, dns.TypeCNAME)
	if err != nil {
		return // nothing is claimed of it
	}
	if to := cname(m.Answer, name); to != "" && under(to, espdns.CloudflareProof) {
		x.find("dns-proof-of-esp", "%s leads to %s", name, to)
	}
}
