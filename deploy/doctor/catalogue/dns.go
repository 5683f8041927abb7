package catalogue

import (
	"strings"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/espdns"
)

// moveCNAME is the fix for every name that leads to the wrong place.
var moveCNAME = Fix{
	Any:        "Point the CNAME of {host} at your CDN, once the CDN has the host and a certificate for it.",
	Fastly:     "Add {host} to the service, let Fastly issue the certificate, then point the CNAME at the name that Fastly gives with it. clickedge dns prints the records.",
	Nginx:      "Point {host} at your server, with a CNAME or with A and AAAA, once a certificate for it is in place.",
	Cloudflare: "Add the record of {host} in Cloudflare's DNS with the proxy on, so that Cloudflare's certificate is shown.",
	CloudFront: "Add {host} to the distribution's alternate domain names with a certificate of us-east-1, then point the record at the distribution.",
}

// ownCertificates is said of every ESP that issues certificates itself: what
// comes before the CNAME moves.
func ownCertificates() (list []Aside) {
	for _, f := range espdns.Families() {
		advice := espdns.ManagedByFamily(f).Advice()
		list = append(list, Aside{Family: f, Fix: strings.ToUpper(advice[:1]) + advice[1:] + "."})
	}
	return list
}

var dnsEntries = []Entry{
	{ID: "dns-ok", Section: DNS, Severity: OK, Title: "The name leads to a server with a certificate for it", Source: srcDNS},
	{ID: "dns-nxdomain", Section: DNS, Severity: Error, Title: "The name does not exist",
		Means:  "Where readers' resolvers say the same, no link and no image of any mail with this domain works; browsers show DNS_PROBE_FINISHED_NXDOMAIN.",
		Fix:    Fix{Any: "Create the record of {host} in the zone of {parent}. If it exists there, compare the zone's name servers with those at the registrar."},
		Source: srcBraze},
	{ID: "dns-dangling-cname", Section: DNS, Severity: Error, Title: "The CNAME leads to a name that does not exist",
		Means:  "Where readers' resolvers say the same, no link works. Whoever can create the missing name gets every click, so this is a risk as well.",
		Fix:    Fix{Any: "Correct the CNAME of {host}, or create what it leads to. Mind a missing final dot in the zone file."},
		Source: srcBraze},
	{ID: "dns-no-address", Section: DNS, Severity: Error, Title: "The name has no address",
		Means: "Where readers' resolvers say the same, no link works: the name is known, but nothing says where to connect.",
		Fix:   moveCNAME, Source: srcSendGridLinks},
	{ID: "dns-no-answer", Section: DNS, Severity: Error, Title: "No resolver gives an answer",
		Means:  "Either the zone of {parent} is broken (its servers are silent, its DNSSEC is wrong, its CNAMEs do not end), or the resolvers asked are out of reach or refuse to answer.",
		Fix:    Fix{Any: "Ask others with --resolver 1.1.1.1 --resolver 8.8.8.8. If all fail, look at the zone's delegation and DNSSEC."},
		Source: srcDNS},
	{ID: "dns-still-at-esp", Section: DNS, Severity: Error, Title: "The CNAME still leads to the ESP",
		Means: "No certificate for {host} was shown there: https links end in a warning (\"your connection is not private\") or an error. While the name leads there, nothing done at the CDN has any effect.",
		Fix:   moveCNAME, Source: srcBraze,
		Asides: append(ownCertificates(), []Aside{
			{esp.FamilySendGrid, "Move only this first CNAME; the second, numbered one stays. Do not press Verify again afterwards.", srcSendGrid},
			{esp.FamilyCustomerIO, "Keep the domain as it is in Customer.io: another one breaks the links already sent.", srcCustomerIO},
			{esp.FamilySES, "", srcSES},
		}...)},
	{ID: "dns-at-esps-cdn", Section: DNS, Severity: Error, Title: "The CNAME leads to the ESP's own CDN",
		Means: "The CDN behind the ESP's name is the ESP's, not yours. No certificate for {host} was shown there, and some such CDNs refuse hosts that they do not know.",
		Fix:   moveCNAME, Source: srcBraze},
	{ID: "dns-at-esp-with-certificate", Section: DNS, Severity: Info, Title: "The name leads to the ESP, which has a certificate for it",
		Means:  "Nothing of yours shows in the chain of CNAMEs, so there is nothing to configure.",
		Fix:    Fix{Any: "Nothing to do, unless you want links to outlive an outage of the ESP."},
		Source: srcMailgun, Asides: ownCertificates()},
	{ID: "dns-alias", Section: DNS, Severity: Info, Title: "Addresses without a CNAME, in a zone on Route 53",
		Means:  "An alias record looks so, and that is what Route 53 advises in front of CloudFront. A plain A record looks the same, and is dead once CloudFront moves. Only the console shows which it is, and where it leads.",
		Fix:    Fix{Any: "Nothing to do if the console shows an alias. Add one of type AAAA too if the distribution speaks IPv6."},
		Source: srcRoute53},
	{ID: "dns-route53-cname", Section: DNS, Severity: Warning, Title: "A CNAME where Route 53 should have an alias",
		Means:  "Braze reports 400 answers from SES where a zone on Route 53 has a CNAME to CloudFront in place of an alias record.",
		Fix:    Fix{Any: "Replace the CNAME of {host} by an alias record (type A, and AAAA) to the distribution."},
		Source: srcBraze},
	{ID: "dns-address-record", Section: DNS, Severity: Warning, Title: "Addresses without a CNAME",
		Means: "With a plain A record every link is dead at once when the CDN moves its addresses. An ALIAS or ANAME record, which the DNS provider follows itself, looks the same from outside and follows such a move.",
		Fix: Fix{Any: "If it is an A record, replace it by a CNAME to the CDN's name.",
			Fastly: "If it is an A record, replace it by the CNAME that Fastly gives with the certificate. Only the top of a zone needs addresses, and then Fastly's anycast ones."},
		Source: srcFastlyCNAME},
	{ID: "dns-second-record", Section: DNS, Severity: Error, Title: "SendGrid's second record does not lead to SendGrid",
		Means:  "SendGrid knows by it whose links these are. Without it the link branding counts as invalid, and links are no longer branded.",
		Fix:    Fix{Any: "Point the numbered CNAME back at sendgrid.net. Only the first CNAME moves to the CDN."},
		Source: srcSendGrid},
	{ID: "dns-second-record-unnamed", Section: DNS, Severity: Info, Title: "SendGrid's second record was not looked at",
		Means:  "SendGrid's link branding has two CNAMEs. The numbered one must stay at sendgrid.net.",
		Fix:    Fix{Any: "Give its name, as --second-record 1234567.{parent}. SendGrid lists it under Sender Authentication."},
		Source: srcSendGrid},
	{ID: "dns-caa-forbids", Section: DNS, Severity: Error, Title: "CAA does not allow the authority that is needed",
		Means: "An authority that CAA does not allow may not issue: a first certificate does not come, and one in use is not renewed. A certificate of an authority that is allowed is not affected.",
		Fix: Fix{Any: "Allow your authority, as in: {parent} CAA 0 issue \"letsencrypt.org\".",
			Fastly:     "Allow the authority that your TLS subscription names, as in: {parent} CAA 0 issue \"certainly.com\".",
			Cloudflare: "Allow those of Cloudflare: letsencrypt.org, pki.goog and ssl.com, each with CAA 0 issue.",
			CloudFront: "Allow Amazon: {parent} CAA 0 issue \"amazon.com\"."},
		Source: srcCAA},
	{ID: "dns-resolvers-disagree", Section: DNS, Severity: Warning, Title: "Resolvers disagree",
		Means:  "Readers may reach different places. After a change that is so until the old record's time is over; if it lasts, the zone's servers may hold different zones.",
		Fix:    Fix{Any: "Wait as long as the old TTL was, then look again. Before the next move, lower the TTL to five minutes a day ahead."},
		Source: srcDNS},
	{ID: "dns-resolver-silent", Section: DNS, Severity: Warning, Title: "A resolver fails to answer",
		Means:  "If it fails its own readers as well, they reach nothing. Often it is DNSSEC: only some resolvers check it.",
		Fix:    Fix{Any: "Ask that resolver for another domain. If it answers there, check the DNSSEC of {parent}."},
		Source: srcDNS},
	{ID: "dns-private-address", Section: DNS, Severity: Error, Title: "The name leads to no public address",
		Means: "Private, link-local and similar addresses are not reachable over the internet: nobody outside such a network can open a link. It was not connected to; --via does if that is meant.",
		Fix:   moveCNAME, Source: srcPrivate},
	{ID: "dns-not-yet", Section: DNS, Severity: Info, Title: "DNS does not lead to the address that was asked",
		Means:  "What follows was asked at the address given with --via. Readers get there once DNS does; a CDN with many addresses may be there already.",
		Fix:    Fix{Any: "When all is well here, point {host} at it."},
		Source: srcDNS},
	{ID: "dns-address-dead", Section: DNS, Severity: Error, Title: "Not all addresses of the name answer from here",
		Means: "Resolvers hand the addresses out in turn. Unless it is this machine that cannot reach them, some clicks wait until the browser tries the next, and programs that try one only fail.",
		Fix:   Fix{Any: "Remove the address from DNS, or bring back what answered there.", Fastly: "Use the CNAME that Fastly gives instead of addresses."}, Source: srcEyeballs},
	{ID: "dns-ipv6-dead", Section: DNS, Severity: Error, Title: "The IPv6 address takes no connection",
		Means:  "Readers with IPv6 wait until the browser tries IPv4, or fail where they have none.",
		Fix:    Fix{Any: "Correct the AAAA record or the server behind it, or remove the record.", Nginx: "Add listen [::]:{https-port} ssl and [::]:{http-port}, or remove the AAAA record."},
		Source: srcEyeballs},
	{ID: "dns-ipv6-silent", Section: DNS, Severity: Warning, Title: "The IPv6 address gives this machine no answer",
		Means:  "It was neither refused nor answered: either nothing is there, or this machine has no working IPv6 of its own. In the first case readers with IPv6 wait, and fail where there is nothing else.",
		Fix:    Fix{Any: "Ask from a machine whose IPv6 works. If it is silent there as well, correct the AAAA record or the server behind it, or remove the record."},
		Source: srcEyeballs},
	{ID: "dns-via-unresolved", Section: DNS, Severity: Error, Title: "No address was found for the name given with --via",
		Means:  "Nothing was connected to. {host} itself is not what this is about.",
		Fix:    Fix{Any: "Give an IP address, or the name that the CDN gives with the certificate."},
		Source: srcDNS},
	{ID: "dns-ipv6-differs", Section: DNS, Severity: Error, Title: "IPv6 leads to something else",
		Means:  "Readers with IPv6 get something else than the others, often the server from before the move.",
		Fix:    Fix{Any: "Let AAAA lead to the same place as A, or remove it."},
		Source: srcEyeballs},
	{ID: "dns-proof-of-esp", Section: DNS, Severity: Warning, Title: "The name for the certificate's proof leads to Cloudflare",
		Means:  "Fastly proves {host} by a CNAME at _acme-challenge.{host}. The one that is there leads to Cloudflare's name for such proofs, as SendGrid's Auto SSL sets it: while it stands, Fastly's certificate is not issued, or not renewed.",
		Fix:    Fix{Any: "Replace it by the value that Fastly gives, and delete the TXT record _cf-custom-hostname.{host}, which nothing asks for any more. That ends the renewal at the ESP: switch its certificate off there."},
		Source: srcSendGridAuto},
}
