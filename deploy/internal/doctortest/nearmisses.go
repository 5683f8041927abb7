package doctortest

// nearMisses are, by finding, set-ups that look like those that provoke it,
// where it would be false: none of them may show it.
var nearMisses = map[string][]string{
	"dns-ok":                      {"via-and-dns-elsewhere", "at-esp-is-not-yours", "address-record"},
	"dns-nxdomain":                {"one-resolver-does-not-know"},
	"dns-dangling-cname":          {"name-unknown"},
	"dns-no-address":              {"aaaa-fails", "via-without-address"},
	"dns-no-answer":               {"one-resolver-silent", "big-answer"},
	"dns-still-at-esp":            {"esp-with-own-https"},
	"dns-at-esps-cdn":             {"still-at-sendgrid"},
	"dns-at-esp-with-certificate": {"still-at-mailgun"},
	"dns-alias":                   {"route53-and-fastly"},
	"dns-route53-cname":           {"route53-alias", "cloudfront"},
	"dns-address-record":          {"route53-alias", "cloudflare"},
	"dns-second-record":           {"second-record-not-answered", "second-record-kept"},
	"dns-second-record-unnamed":   {"second-record-kept"},
	"dns-caa-forbids":             {"caa-of-an-unknown-authority", "caa-of-wildcards", "caa-allows"},
	"dns-resolvers-disagree":      {"one-resolver-silent"},
	"dns-resolver-silent":         {"resolver-refuses"},
	"dns-private-address":         {"address-record"},
	"dns-not-yet":                 {"via-and-dns-there", "via-and-no-dns-answer"},
	"dns-via-unresolved":          {"not-yet-in-dns"},
	"dns-address-dead":            {"https-refused"},
	"dns-ipv6-dead":               {"ipv6-silent", "ipv6-the-same"},
	"dns-ipv6-silent":             {"ipv6-dead"},
	"dns-proof-of-esp":            {"proof-of-fastly"},
	"dns-ipv6-differs":            {"ipv6-the-same"},

	"tls-ok":               {"certificate-ends-soon", "staple-revoked"},
	"tls-no-connection":    {"https-reset"},
	"tls-handshake-failed": {"needs-sni"},
	"tls-esp-certificate":  {"certificate-of-another-name"},
	"tls-wrong-name":       {"certificate-of-the-esp"},
	"tls-expired":          {"certificate-ends-soon"},
	"tls-not-yet-valid":    {"certificate-expired"},
	"tls-expires-soon":     {"certificate-expired"},
	"tls-incomplete-chain": {"self-signed"},
	"tls-untrusted":        {"chain-incomplete", "certificate-expired"},
	"tls-too-old":          {"tls-1.2", "tls-1.0-too"},
	"tls-old-versions":     {"tls-1.2"},
	"tls-no-13":            {"tls-1.1"},
	"tls-weak-key":         {"rsa-2048"},
	"tls-large-key":        {"rsa-2048", "p-384"},
	"tls-must-staple":      {"must-staple-and-does"},
	"tls-staple-bad":       {"must-staple-and-does"},
	"tls-no-sct":           {"sct-sent"},
	"tls-sni-required":     {"sct-sent"},

	"http-ok":                   {"http2-other-page", "http-other-server"},
	"http-dead":                 {"http-other-server"},
	"http-redirect":             {"http-redirected-home"},
	"http-redirect-loses-path":  {"http-redirected"},
	"http-redirect-elsewhere":   {"http-redirected-home"},
	"http-other-answer":         {"http-redirected"},
	"http-hsts-parent":          {"hsts-of-parent-alone"},
	"http-hsts-parent-no-https": {"hsts-of-parent"},
	"http-hsts-own":             {"hsts-given-up"},
	"https-redirect-loop":       {"http-redirected"},
	"https-no-answer":           {"https-reset"},
	"http-two-cdns":             {"esps-own-second-cdn", "told-cdn-is-no-mark"},
	"http-no-h2":                {"http2-offered-not-spoken"},
	"http2-no-answer":           {"http2-other-page", "http-1.1-only"},
	"http2-differs":             {"http2-offered-not-spoken", "clickedge-sendgrid", "nginx-sendgrid"},
	"http-compressed-unasked":   {"nginx-gzip"},

	"esp-ok":                     {"named-sendgrid-is-customerio", "website-redirects-everything", "link-redirected-like-any"},
	"esp-unknown":                {"customerio-guessed"},
	"esp-unproven":               {"link-given-host-not-shown"},
	"esp-another":                {"sparkpost-not-asked", "website-for-sendgrid-not-asked"},
	"esp-fails":                  {"esp-down", "fastly-503-refused"},
	"cdn-host-unknown":           {"website-404"},
	"origin-tls-failed":          {"cloudfront-502"},
	"origin-certificate-refused": {"certificate-text-on-a-page"},
	"origin-unreachable":         {"esp-is-down-itself", "challenge-as-503"},
	"esp-not-reached":            {"slash-answered-404", "named-customerio-is-sparkpost"},
	"esp-host-overridden":        {"ses-other-region", "customerio-wrong-region-other-origin"},
	"esp-host-unproven":          {"link-shows-host", "clickedge-ses"},
	"esp-invalid-token":          {"customerio-wrong-region-single-origin"},
	"esp-wrong-region":           {"customerio-region-not-shown", "customerio-guessed"},
	"esp-protocol-http":          {"clickedge-ses"},
	"esp-forwarded-host-wanted":  {"forwarded-host-sent"},
	"esp-forwarded-host-harmful": {"forwarded-host-sent"},
	"esp-forwarded-host-trusted": {"forwarded-host-refused-in-front"},
	"esp-links-at-another":       {"several-esps-all-to-one", "several-esps-website"},
	"esp-links-404":              {"several-esps-not-asked-all-to-one", "several-esps-shorter-path-first"},
	"esp-links-fail":             {"several-esps-all-to-one", "several-esps"},
	"esp-links-not-reached":      {"several-esps-host-overridden", "several-esps-not-asked-all-to-one"},
	"esp-links-unproven":         {"several-esps", "clickedge-several"},
	"esp-retired-asked":          {"retired-read-from-the-link", "retired-account-gone", "clickedge-several"},
	"unsubscribes-no-answer":     {"clickedge-several"},
	"link-still-http":            {"link-works"},
	"link-answers-error":         {"link-works"},
	"link-of-another-esp":        {"link-damaged", "link-works"},

	"fidelity-ok":          {"customerio-target-not-shown", "esp-alike-without-path", "website-for-sendgrid-not-asked"},
	"fidelity-unproven":    {"clickedge-ses"},
	"target-path-lost":     {"named-sendgrid-is-customerio-asked", "slash-answered-404"},
	"target-query-lost":    {"path-lost-sendgrid"},
	"target-changed":       {"location-to-own-host-ses", "location-with-campaign"},
	"target-odd-refused":   {"odd-bytes-redirected"},
	"target-slash-refused": {"filter-refuses-everything", "website-404"},
	"location-rewritten":   {"path-decoded", "nginx-slash-behind-origin"},
	"target-lone-percent":  {"lone-percent-refused-by-esp"},
	"post-refused":         {"esp-refuses-post-itself", "post-refused-not-asked", "post-redirected"},
	"post-redirected":      {"esp-refuses-post-itself", "post-refused"},
	"head-refused":         {"esp-refuses-head-itself"},
	"cookies-not-stripped": {"clickedge-ses"},
	"cookies-lost":         {"clickedge-iterable"},

	"filters-ok":         {"filter-refuses-image-proxy"},
	"filter-refuses-all": {"challenge-without-a-field", "post-refused"},
	"filter-challenge":   {"filter-refuses-everything"},
	"filter-user-agent":  {"esp-refuses-robots-itself", "challenge-for-robots"},
	"filter-verifier":    {"filter-refuses-image-proxy"},
	"filter-rate-limit":  {"filter-refuses-everything"},
	"filter-query":       {"esp-refuses-queries-itself"},

	"cache-ok":                 {"cache-repeats-request-id", "cloudflare-caches"},
	"cache-hit":                {"esp-caches-itself", "request-ids-differ"},
	"cache-short":              {"cached-for-unknown-time"},
	"cache-permanent-redirect": {"esp-redirects-for-good"},
	"cache-lifetime":           {"esp-lets-browsers-keep"},

	"app-links-ok":         {"app-links-no-json"},
	"app-links-none":       {"app-links", "app-links-refused"},
	"app-links-status":     {"no-app-links"},
	"app-links-redirected": {"app-links"},
	"app-links-type":       {"app-links"},
	"app-links-too-large":  {"app-links-large-for-android", "app-links"},
	"app-links-malformed":  {"app-links"},
	"app-links-one-path":   {"app-links", "no-app-links"},
	"app-links-differ":     {"app-links"},

	"speed-ok":       {"cdn-slow"},
	"speed-slow-dns": {"cdn-slow"},
	"speed-slow-cdn": {"esp-slow"},
	"speed-slow-esp": {"cdn-slow"},
}

// NearMisses returns the names of the set-ups in which a finding would be
// false.
func NearMisses(id string) []string { return nearMisses[id] }

// withNearMisses adds to each set-up the findings that it nearly shows.
func withNearMisses(all []Setup) []Setup {
	for id, names := range nearMisses {
		for _, name := range names {
			for i := range all {
				if all[i].Name == name {
					all[i].Not = append(all[i].Not[:len(all[i].Not):len(all[i].Not)], id)
				}
			}
		}
	}
	return all
}
