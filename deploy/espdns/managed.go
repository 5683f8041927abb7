package espdns

import (
	"slices"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
)

// Managed says how an ESP issues the certificate of a link domain itself, and
// what that means for moving the domain to a CDN.
type Managed struct {
	ESP   string // as people write it
	Which string // which link domains have it, "domains added since 2025-10-07"; "" where that is not known
	// First is what to do at the ESP before the CNAME moves, as the rest of a
	// sentence: "choose …".
	First string
	// Otherwise is what happens if that is forgotten; "" if no page says.
	Otherwise string
	// Records are those that the ESP asked for beside the CNAME.
	Records []Record
	// Delegated: the zone is the ESP's, so that no record can be set before it is
	// taken back.
	Delegated bool
	Source    string // the page's URL; "" where none was found
}

// Record is a record that an ESP asked for, for its own certificate.
type Record struct {
	Label string // before the link domain: "_acme-challenge"
	Type  string
	Under string // the domain that a CNAME leads to, "" for other types
	// Taken: the CDN's own proof has the same name, so it replaces this record.
	// A record that is not taken is of no use any more.
	Taken bool
}

// Name is the record's name for a link domain.
func (r Record) Name(host string) string { return r.Label + "." + host }

// CloudflareProof is where SendGrid's proof of the domain leads: its
// certificates are Cloudflare's.
const CloudflareProof = "dcv.cloudflare.com"

// managed is by the families that issue certificates themselves.
var managed = map[esp.Family]Managed{
	esp.FamilyCustomerIO: {
		ESP: "Customer.io", Which: "domains added since 2025-10-07",
		First:  "ask Customer.io's support how the domain is set to a proxy of your own: its pages name no switch",
		Source: "https://docs.customer.io/journeys/track-https-links/",
	},
	esp.FamilySendGrid: {
		ESP: "SendGrid", Which: `link brandings with "auto_ssl"`,
		First:     "ask SendGrid's support for SSL click tracking over a CDN of your own in place of Auto SSL",
		Otherwise: "SendGrid's certificate is no longer renewed: _acme-challenge.{host} is taken by the CDN's proof",
		Records: []Record{
			{Label: "_acme-challenge", Type: "CNAME", Under: CloudflareProof, Taken: true},
			{Label: "_cf-custom-hostname", Type: "TXT"},
		},
		Source: "https://support.sendgrid.com/hc/en-us/articles/55419969558427",
	},
	esp.FamilySparkPost: {
		ESP: "SparkPost", Which: "domains made since December 2025, and any with managed HTTPS; it is on v2 endpoints only",
		First:     `choose "Certificate managed by CDN or reverse proxy (Advanced)" for the tracking domain`,
		Otherwise: `SparkPost's renewal fails once the CNAME has moved, and the domain turns "Expired"`,
		Source:    "https://support.sparkpost.com/docs/tech-resources/enabling-https-engagement-tracking-on-sparkpost",
	},
	esp.FamilyMailgun: {
		ESP: "Mailgun", Which: "domains with a tracking certificate of Let's Encrypt",
		First:     "switch Mailgun's own certificate for the tracking domain off",
		Otherwise: "its renewal asks http://{host}/.well-known/acme-challenge/, which no longer leads to Mailgun, and fails",
		Source:    "https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/domain-tracking",
	},
	esp.FamilyMailjet: {
		ESP:   "Mailjet",
		First: "switch Mailjet's own certificate for the tracking domain off",
		// No page of Mailjet's was found.
	},
}

// braze is for Amazon SES beneath it.
var braze = Managed{
	ESP: "Braze", Which: "Verified Domains, on Amazon SES only: the zone is delegated to Braze's name servers",
	Delegated: true,
	First:     "take the delegation (the NS records) back with Braze's support: until then the records of the zone are Braze's to set. Who is content with Braze's certificates needs no CDN",
	Source:    "https://www.braze.com/docs/user_guide/channels/email/email_setup/ssl/",
}

// ManagedBy is how the ESP of a preset issues certificates itself; nil where it
// is not known to.
func ManagedBy(preset string) *Managed {
	o, ok := core.LookupPreset(preset)
	if !ok {
		return nil
	}
	_, name := core.Beneath(preset)
	if name == "Braze" && o.Family == esp.FamilySES {
		m := braze
		return &m
	}
	m := ManagedByFamily(o.Family)
	if m != nil && name != "" { // whose account it is
		m.First = "have " + name + " do this at " + m.ESP + ": " + m.First
	}
	return m
}

// ManagedByFamily is the same where only the family is known.
func ManagedByFamily(f esp.Family) *Managed {
	m, ok := managed[f]
	if !ok {
		return nil
	}
	return &m
}

// Families are those of which [ManagedByFamily] knows something.
func Families() (list []esp.Family) {
	for _, o := range core.Presets() {
		if m := ManagedByFamily(o.Family); m != nil && !slices.Contains(list, o.Family) {
			list = append(list, o.Family)
		}
	}
	return list
}

// Advice is what to do before the CNAME moves, in one sentence. {host} stands
// for the link domain.
func (m *Managed) Advice() string {
	text := "before the CNAME moves, where " + m.ESP + " issues the certificate itself"
	if m.Which != "" {
		text += " (" + m.Which + ")"
	}
	text += ": " + m.First
	if m.Otherwise != "" {
		text += "; otherwise " + m.Otherwise
	}
	return text
}

// ServerAdvice is the advice that holds for a server of one's own, which takes
// no name of the ESP's certificate in DNS.
func (m *Managed) ServerAdvice() string {
	own := *m
	for _, record := range own.Records {
		if record.Taken {
			own.Otherwise = ""
		}
	}
	return own.Advice()
}
