package doctortest

import (
	"net/http"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/origins"
)

// inRoute53 is a zone that Amazon serves; nobody calls a name server so by
// chance.
const inRoute53 = `
example.com. SOA ns-100.awsdns-12.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400
example.com. NS  ns-100.awsdns-12.com.
example.com. NS  ns-1024.awsdns-00.org.
example.com. A   198.51.100.80
`

const secondName = "1234567.example.com"

// records are what the first resolver knows, in place of the usual.
func records(text string) func(*World) { return func(w *World) { w.Records = text } }

// moreRecords are what it knows beside the usual.
func moreRecords(text string) func(*World) { return func(w *World) { w.Records += "\n" + text } }

var dnsSetups = []Setup{
	{
		Name: "name-unknown", Wrong: "the link domain has no record at all", Want: []string{"dns-nxdomain"},
		Change: records(""),
	},
	{
		Name: "alias-to-nothing", Wrong: "the CNAME leads to a CDN name that does not exist (any more)", Want: []string{"dns-dangling-cname"},
		Change: records("link.example.com. CNAME gone.global.fastly.net."),
	},
	{
		Name: "name-without-address", Wrong: "the link domain has a TXT record only", Want: []string{"dns-no-address"},
		Change: records(`link.example.com. TXT "sendgrid"`),
	},
	{
		Name: "zone-broken", Wrong: "resolvers answer SERVFAIL for the link domain", Want: []string{"dns-no-answer"},
		Change: records("!servfail link.example.com"),
	},
	{
		Name: "resolver-refuses", Wrong: "the resolver answers REFUSED", Want: []string{"dns-no-answer"},
		Change: records("!refused link.example.com"),
	},
	{
		Name: "big-answer", Also: []string{"dns-ok"}, // over UDP it is cut, and has to be asked again over TCP
		Change: moreRecords("!truncate link.example.com"),
	},
	{
		Name: "still-at-customerio", Wrong: "the CNAME leads straight to Customer.io", Front: Straight,
		Want: []string{"dns-still-at-esp"},
	},
	{
		Name: "still-at-ses", Wrong: "the CNAME leads straight to Amazon SES", Front: Straight, Preset: "ses-us-east-1",
		Want: []string{"dns-still-at-esp"},
	},
	{
		Name: "still-at-sendgrid", Wrong: "the CNAME leads straight to SendGrid", Front: Straight, Preset: "sendgrid",
		Want: []string{"dns-still-at-esp"},
	},
	{
		Name: "still-at-sparkpost", Wrong: "the CNAME leads straight to SparkPost, which ends a handshake for another name", Front: Straight, Preset: "sparkpost",
		Want: []string{"dns-still-at-esp"},
	},
	{
		Name: "still-at-mailgun", Wrong: "the CNAME leads straight to Mailgun, which has no https for it", Front: Straight, Preset: "mailgun",
		Want: []string{"dns-still-at-esp"},
	},
	{
		Name: "by-way-of-a-name-of-ones-own", Also: []string{"dns-ok", "esp-ok"},
		Change: records("link.example.com. CNAME links.brand.example.\nlinks.brand.example. CNAME d.sni.global.fastly.net."),
	},
	{
		Name: "still-at-customerio-by-another-name", Wrong: "the CNAME leads to Customer.io through a second name", Front: Straight, Want: []string{"dns-still-at-esp"},
		Change: records("link.example.com. CNAME links.brand.example.\nlinks.brand.example. CNAME track-eu.customer.io."),
	},
	{
		Name: "one-of-two-addresses-dead", Wrong: "one of two addresses is a server that was switched off", Want: []string{"dns-address-dead"},
		Change: moreRecords("d.sni.global.fastly.net. A 198.51.100.10\nd.sni.global.fastly.net. A 198.51.100.11"),
	},
	{
		Name: "at-the-esps-cdn", Wrong: "the CNAME leads to the ESP, and from there to the CDN that the ESP keeps for itself", Preset: "sendgrid",
		Want: []string{"dns-at-esps-cdn"},
		Change: func(w *World) {
			w.Records = "link.example.com. CNAME sendgrid.net.\nsendgrid.net. CNAME sendgrid.net.cdn.cloudflare.net.\nsendgrid.net.cdn.cloudflare.net. A 198.51.100.11"
			w.Places[OtherAddr+":443"] = w.Serve(TLS{Cert: Cert{Names: []string{"*.sendgrid.net", "sendgrid.net"}}}, LikeCloudflare(w.Proxy))
			w.Places[OtherAddr+":80"] = &server{handler: LikeCloudflare(w.Proxy)}
		},
	},
	{
		Name: "esp-with-own-https", Front: Straight, Preset: "mailgun", Also: []string{"dns-at-esp-with-certificate"},
		Change: func(w *World) {
			w.Places["203.0.113.17:443"] = w.Serve(TLS{Cert: Cert{Names: []string{w.Host}}}, w.Proxy)
		},
	},
	{
		Name: "proof-of-sendgrid", Wrong: "the name for Fastly's proof still leads where SendGrid's Auto SSL had it lead", Preset: "sendgrid",
		Want:   []string{"dns-proof-of-esp"},
		Change: moreRecords("_acme-challenge.link.example.com. CNAME link.example.com.4a767ed83ff78982.dcv.cloudflare.com."),
	},
	{
		Name: "proof-of-fastly", Preset: "sendgrid", Also: []string{"dns-ok"},
		Change: moreRecords("_acme-challenge.link.example.com. CNAME abc123.fastly-validations.com."),
	},
	{
		Name: "still-at-customerio-eu-by-its-mail-name", Wrong: "the CNAME leads to Customer.io's EU region by the name that its set-up page gives", Front: Straight,
		Want:   []string{"dns-still-at-esp"},
		Change: records("link.example.com. CNAME e-eu.customeriomail.com.\ne-eu.customeriomail.com. CNAME track-eu.customer.io."),
	},
	{
		Name: "route53-alias", Front: CloudFront, Also: []string{"dns-alias"},
		Change: records("link.example.com. A 198.51.100.10\n" + inRoute53),
	},
	{
		Name: "route53-cname", Wrong: "a CNAME to CloudFront in Route 53, where Amazon's guide for SES wants an alias", Front: CloudFront, Preset: "ses-us-east-1",
		Want:   []string{"dns-route53-cname"},
		Change: records("link.example.com. CNAME d111111abcdef8.cloudfront.net.\n" + inRoute53),
	},
	{
		Name: "address-record", Wrong: "an A record in place of the CNAME to the CDN", Want: []string{"dns-address-record"},
		Change: records("link.example.com. A 198.51.100.10"),
	},
	{
		Name: "second-record-moved", Wrong: "SendGrid's second CNAME was moved to the CDN as well", Preset: "sendgrid", Want: []string{"dns-second-record"},
		Tell:   Tell{SecondRecord: secondName},
		Change: moreRecords("1234567.example.com. CNAME d.sni.global.fastly.net."),
	},
	{
		Name: "second-record-gone", Wrong: "SendGrid's second CNAME was deleted", Preset: "sendgrid", Want: []string{"dns-second-record"},
		Tell: Tell{SecondRecord: secondName},
	},
	{
		Name: "second-record-kept", Preset: "sendgrid", Tell: Tell{SecondRecord: secondName}, Also: []string{"dns-ok"},
		Change: moreRecords("1234567.example.com. CNAME sendgrid.net."),
	},
	{Name: "second-record-unnamed", Preset: "sendgrid", Also: []string{"dns-second-record-unnamed"}},
	{
		Name: "caa-of-parent", Wrong: "a CAA record of the parent domain allows one authority, and not the one of the certificate", Want: []string{"dns-caa-forbids"},
		Change: func(w *World) {
			w.TLS.Cert.Organisation = "Let's Encrypt"
			w.Records += "\nexample.com. CAA 0 issue \"digicert.com\"\nexample.com. NS ns1.dns.example.\nexample.com. A 198.51.100.80"
		},
	},
	{
		Name: "caa-of-the-domain", Wrong: "a CAA record of the link domain's CDN name allows no certificate at all", Want: []string{"dns-caa-forbids"},
		Change: func(w *World) {
			w.Records += "\nd.sni.global.fastly.net. A 198.51.100.10\nd.sni.global.fastly.net. CAA 0 issue \";\""
		},
	},
	{
		Name: "caa-allows", Also: []string{"dns-ok"},
		Change: moreRecords("example.com. CAA 0 issue \"letsencrypt.org\"\nexample.com. CAA 0 issue \"certainly.com\"\nexample.com. CAA 0 issue \"globalsign.com\"\nexample.com. NS ns1.dns.example.\nexample.com. A 198.51.100.80"),
	},
	{
		Name: "resolvers-disagree", Wrong: "one resolver has the CDN, another still the ESP", Want: []string{"dns-resolvers-disagree"},
		Change: func(w *World) { w.Others = []string{"link.example.com. CNAME track-eu.customer.io."} },
	},
	{
		Name: "one-resolver-silent", Wrong: "one of two resolvers does not answer", Want: []string{"dns-resolver-silent"},
		Tell:   Tell{Timeout: short},
		Change: func(w *World) { w.Others = []string{"!silent link.example.com"} },
	},
	{
		Name: "private-address", Wrong: "the name leads to an address of a private network", Want: []string{"dns-private-address"},
		Change: records("link.example.com. CNAME lb.internal.example.\nlb.internal.example. A 10.1.2.3"),
	},
	{
		Name: "not-yet-in-dns", Tell: Tell{Via: FrontAddr}, Also: []string{"dns-not-yet"},
		Change: records("link.example.com. CNAME track-eu.customer.io."),
	},
	{
		Name: "ipv6-dead", Wrong: "there is an IPv6 address at which nobody listens", Want: []string{"dns-ipv6-dead"},
		Change: records(fastly6),
	},
	{
		Name: "ipv6-other-certificate", Wrong: "the IPv6 address has another server with another certificate", Want: []string{"dns-ipv6-differs"},
		Change: func(w *World) {
			w.Records = fastly6
			w.Places["["+FrontAddr6+"]:443"] = w.Serve(TLS{Cert: Cert{Names: []string{"old.example.com"}}}, w.Proxy)
		},
	},
	{
		Name: "ipv6-other-answer", Wrong: "over IPv6 another server answers, with a certificate that is good", Want: []string{"dns-ipv6-differs"},
		Change: func(w *World) {
			w.Records = fastly6
			w.Places["["+FrontAddr6+"]:443"] = w.Serve(w.TLS, Answer(http.StatusNotFound, "not here"))
		},
	},
	{
		Name: "ipv6-the-same", Also: []string{"dns-ok"},
		Change: func(w *World) {
			w.Records = fastly6
			w.Places["["+FrontAddr6+"]:443"] = w.Serve(w.TLS, LikeFastly(w.Proxy))
			w.Places["["+FrontAddr6+"]:80"] = &server{handler: LikeFastly(w.Proxy)}
		},
	},
}

const fastly6 = `
link.example.com. CNAME d.sni.global.fastly.net.
d.sni.global.fastly.net. A    198.51.100.10
d.sni.global.fastly.net. AAAA 2001:db8::10
`

// another starts a second ESP beside the first, of which the link domain's ESP
// knows nothing: its tracking domains are those given.
func (w *World) another(preset string, branded ...string) (*origins.Fleet, *core.Origin) {
	fleet, o := startFleet(w.T, preset, origins.Options{Branded: branded})
	w.Fleets, w.others = append(w.Fleets, fleet), append(w.others, o)
	w.Places[o.Address+":443"], w.Places[o.Address+":80"] = relay(fleet.Addr(o.Backend)), relay(fleet.PlainAddr(o.Backend))
	return fleet, o
}
