package catalogue

// guideRow is one row of an ESP's page on what goes wrong, in words of our own.
type guideRow struct {
	Guide  string // whose page it is
	Says   string // the symptom or the mistake
	Source string
	// IDs are the findings that it shows as, the likeliest first.
	IDs []string
}

// guides are what the troubleshooting of Braze, SendGrid and Customer.io lists,
// row by row, with the findings by which the doctor names it.
var guides = []guideRow{
	{"Braze", "Open rates drop suddenly: the certificate has expired", srcBraze, []string{"tls-expired", "tls-expires-soon", "tls-staple-bad"}},
	{"Braze", "Redirect links answer 403: a WAF blocks user agents, queries or patterns", srcBraze, []string{"filter-refuses-all", "filter-user-agent", "filter-query", "filter-challenge", "filter-rate-limit", "target-odd-refused"}},
	{"Braze", "dig shows the ESP instead of the CDN", srcBraze, []string{"dns-still-at-esp", "dns-at-esps-cdn", "tls-esp-certificate"}},
	{"Braze", "Live links break during the set-up (\"wrong link\"): DNS was moved before the CDN was ready", srcBraze, []string{"cdn-host-unknown", "esp-not-reached", "tls-no-connection", "tls-handshake-failed"}},
	{"Braze", "\"Your connection is not private\"", srcBraze, []string{"tls-wrong-name", "dns-still-at-esp", "tls-untrusted", "tls-incomplete-chain", "tls-not-yet-valid"}},
	{"Braze", "The set-up is done and links are still http", srcBraze, []string{"link-still-http"}},
	{"Braze", "The tracked link fails, the untracked one works", srcBraze, []string{"link-answers-error", "origin-unreachable", "https-no-answer"}},
	{"Braze", "SES: the origin is that of another region", srcBraze, []string{"esp-wrong-region"}},
	{"Braze", "SES: Host, or X-Forwarded-Host, is not forwarded", srcBraze, []string{"esp-host-overridden", "esp-forwarded-host-wanted"}},
	{"Braze", "SES: a proxy overrides Host or conflicts with it", srcBraze, []string{"esp-host-overridden", "http-two-cdns", "esp-forwarded-host-trusted"}},
	{"Braze", "SES: a CNAME where Route 53 needs an alias (400)", srcBraze, []string{"dns-route53-cname", "dns-alias"}},
	{"Braze", "SES: works only with header forwarding switched off", srcBraze, []string{"esp-forwarded-host-harmful"}},
	{"Braze", "NET::ERR_CERT_COMMON_NAME_INVALID", srcBraze, []string{"tls-wrong-name", "tls-esp-certificate"}},
	{"Braze", "DNS_PROBE_FINISHED_NXDOMAIN", srcBraze, []string{"dns-nxdomain", "dns-dangling-cname"}},
	{"Braze", "525 or 526", srcBraze, []string{"origin-tls-failed", "origin-certificate-refused"}},
	{"Braze", "404: the CDN forwards only part of the path", srcBraze, []string{"target-path-lost", "target-query-lost"}},
	{"Braze", "A domain with HSTS and no certificate breaks links and images", srcBrazeSSL, []string{"http-hsts-parent-no-https", "http-hsts-parent"}},

	{"SendGrid", "dig shows sendgrid.net for the first CNAME", srcSendGrid, []string{"dns-still-at-esp"}},
	{"SendGrid", "Only the first CNAME moves; the second must stay", srcSendGrid, []string{"dns-second-record", "dns-second-record-unnamed"}},
	{"SendGrid", "The domain does not end in a good SSL connection: the certificate is *.sendgrid.net's, or another's", srcSendGrid, []string{"tls-esp-certificate", "tls-wrong-name"}},
	{"SendGrid", "Links stay http: SSL is switched on by support, for each account and subuser", srcSendGrid, []string{"link-still-http"}},
	{"SendGrid", "The proxy must send the branded domain as Host", srcSendGridProxy, []string{"esp-host-overridden"}},
	{"SendGrid", "The proxy must take all traffic to sendgrid.net", srcSendGridProxy, []string{"target-path-lost", "target-query-lost", "post-refused"}},
	{"SendGrid", "Links time out: the CNAME is wrong or was deleted", srcSendGridLinks, []string{"dns-nxdomain", "dns-no-address", "tls-no-connection"}},

	{"Customer.io", "\"Invalid link security token\"", srcCustomerIO, []string{"esp-invalid-token", "esp-host-overridden"}},
	{"Customer.io", "The wrong region: track.customer.io or track-eu.customer.io", srcCustomerIO, []string{"esp-wrong-region"}},
	{"Customer.io", "/health does not answer {}", srcCustomerIO, []string{"esp-not-reached", "target-path-lost", "origin-unreachable"}},
	{"Customer.io", "The domain cannot be verified: the verifier is blocked", srcCustomerIO, []string{"filter-verifier", "filter-challenge"}},
	{"Customer.io", "Cloudflare's SSL mode must be Full: strict is refused, flexible loops", srcCustomerIO, []string{"origin-certificate-refused", "origin-tls-failed", "https-redirect-loop"}},
	{"Customer.io", "The proxy is switched on before another CDN", srcCustomerIO, []string{"http-two-cdns"}},
	{"Customer.io", "The certificate does not cover the subdomain, or is larger than CloudFront takes", srcCustomerIO, []string{"tls-wrong-name", "tls-handshake-failed", "tls-large-key"}},
	{"Customer.io", "Links in mail of before are http and must go on working", srcCustomerIO, []string{"http-dead", "http-redirect-loses-path", "http-redirect-elsewhere", "http-other-answer"}},
	{"Customer.io", "All methods must be allowed, and nothing cached", srcCustomerIO, []string{"post-refused", "post-redirected", "head-refused", "cache-hit", "cache-lifetime"}},
}
