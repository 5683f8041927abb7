package catalogue

// ownFixes are the fixes at "clickedge server", by finding: where what is to be
// done there is not what Any says.
var ownFixes = map[string]string{
	"dns-still-at-esp":           moveToOwn,
	"dns-at-esps-cdn":            moveToOwn,
	"dns-no-address":             moveToOwn,
	"dns-private-address":        moveToOwn,
	"dns-ipv6-dead":              "Let the server listen on IPv6, as an address without a host does, --http :{http-port} and --https :{https-port} (with systemd, ListenStream= with the port alone), open the firewall, or remove the AAAA record.",
	"tls-no-connection":          "Give the server --certificates, or --cert and --key, and open port {https-port} in the firewall.",
	"tls-handshake-failed":       certificateAtOwn,
	"tls-wrong-name":             certificateAtOwn,
	"tls-expired":                renewAtOwn,
	"tls-expires-soon":           renewAtOwn,
	"tls-esp-certificate":        "The record of {host} must lead to the server, which ends TLS itself.",
	"tls-incomplete-chain":       "Let the file of --cert have the issuer's certificate behind {host}'s own. What --certificates fetches is whole.",
	"tls-untrusted":              "Remove --acme-ca, if it names a CA of your own or one for tests, or give --cert a certificate of a public authority.",
	"tls-too-old":                "The server takes TLS 1.2 and 1.3: what answers is another program in front of it.",
	"tls-old-versions":           "The server takes TLS 1.2 and 1.3: what answers is another program in front of it.",
	"tls-no-13":                  "The server takes TLS 1.3: what answers is another program in front of it.",
	"tls-must-staple":            "Let --certificates fetch the certificate, which is stapled where it must be, or get one without must-staple for --cert.",
	"http-dead":                  "Give the server --http :{http-port}, and open port {http-port} in the firewall: the CA asks there too.",
	"http-redirect-loses-path":   "The server does not redirect to https: take the redirect out of the program in front of it.",
	"http-redirect-elsewhere":    "The server does not redirect to https: take the redirect out of the program in front of it.",
	"http-other-answer":          "Let port {http-port} lead to the same server: it answers both.",
	"https-redirect-loop":        "The server does not redirect to https: take the redirect out of the program in front of it, or out of the ESP's settings.",
	"https-no-answer":            "esp_timeout in sites.json bounds how long the ESP is waited for; the server's log has the request with origin_error.",
	"http-no-h2":                 "Nothing to do: the server speaks HTTP/1.1, as every browser does.",
	"http2-no-answer":            "The server speaks HTTP/1.1 only: what offers HTTP/2 is another program in front of it.",
	"http2-differs":              "The server speaks HTTP/1.1 only: what offers HTTP/2 is another program in front of it.",
	"cdn-host-unknown":           "Add {host} to the server's sites.json; it is in service two seconds later.",
	"origin-tls-failed":          "The server connects with SNI {origin}: in its log origin_error says what failed. Look for a proxy or firewall on the way out, and at \"origin\" in sites.json.",
	"origin-certificate-refused": "The server checks against {origin}: look at the authorities of the machine (ca-certificates), and at \"origin\" in sites.json.",
	"origin-unreachable":         "In the server's log origin_error says why. Let the machine resolve {origin}, and reach it.",
	"esp-fails":                  "See the ESP's status page. when_esp_fails: \"redirect\" in sites.json answers readers meanwhile, where links can be read.",
	"esp-another":                "Name the ESP whose links these are with --esp. If it was the right one, set it in the server's sites.json.",
	"esp-not-reached":            "Set the ESP of {host} in the server's sites.json.",
	"esp-links-at-another":       "Name the ESP in \"also\" of sites.json; clickedge check says which paths are whose.",
	"esp-links-404":              "Name the ESP in \"also\" of sites.json.",
	"esp-links-not-reached":      "Name the ESP in \"also\" of sites.json.",
	"esp-retired-asked":          "Set \"retired\" in sites.json; a file of --overrides may still have the ESP of before.",
	"esp-host-overridden":        "The server sends {host} as Host, unless \"host\" in sites.json says otherwise.",
	"esp-invalid-token":          "The server sends {host} as Host, unless \"host\" in sites.json says otherwise.",
	"esp-wrong-region":           "Set the preset of that region in sites.json.",
	"esp-forwarded-host-wanted":  "Set \"x_forwarded_host\": true in sites.json; the Braze presets do.",
	"esp-forwarded-host-harmful": "Set \"x_forwarded_host\": false in sites.json.",
	"cookies-not-stripped":       "Name the ESP's preset in sites.json: those of SES and SparkPost send no cookies on.",
	"cookies-lost":               "Name the ESP's preset in sites.json: those of Iterable pass cookies. On others \"cookies\": \"pass\" does.",
	"app-links-none":             "Nothing to do without an app; with one, app_links in sites.json serves them.",
	"app-links-redirected":       "app_links in sites.json serves the file on {host} itself.",
	"app-links-type":             "app_links in sites.json serves it as application/json.",
	"app-links-one-path":         "app_links in sites.json serves the same file at both paths.",
	"app-links-differ":           "app_links in sites.json serves the same file at both paths.",
	"speed-slow-cdn":             "Run the server nearer to your readers and to the ESP; it keeps connections to the ESP open for a few seconds.",
	"speed-slow-esp":             "clicks: \"redirect\" in sites.json answers readers before the ESP is asked, where links can be read.",
}

const (
	moveToOwn        = "Point {host} at your server, with A and AAAA or with a CNAME. With --certificates it gets the certificate when the first reader comes over https."
	certificateAtOwn = "Add {host} to the server's sites.json: --certificates fetches it when the first reader comes, and standard error says why one cannot be had. A file of --cert must be for {host} as well."
	renewAtOwn       = "--certificates renews by itself: standard error says why it could not (port {http-port} or {https-port} must be open to the CA, and its folder must stay). A file of --cert is read again when it has changed."
)
