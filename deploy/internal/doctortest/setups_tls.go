package doctortest

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// short is a timeout for set-ups where something never answers: long for a busy
// machine that does answer.
const short = 3 * time.Second

var tlsSetups = []Setup{
	{
		Name: "https-refused", Wrong: "nobody listens on port 443", Want: []string{"tls-no-connection"},
		Change: func(w *World) { w.Refused = []string{FrontAddr + ":443"} },
	},
	{
		Name: "https-dropped", Wrong: "a firewall drops what comes to port 443", Want: []string{"tls-no-connection"},
		Tell: Tell{Timeout: short}, Change: func(w *World) { w.Dropped = []string{FrontAddr + ":443"} },
	},
	{
		Name: "https-reset", Wrong: "connections to port 443 are reset before the handshake", Want: []string{"tls-handshake-failed"},
		Change: func(w *World) { w.Place443 = placeFunc(reset) },
	},
	{
		Name: "https-is-http", Wrong: "port 443 speaks http", Want: []string{"tls-handshake-failed"},
		Change: func(w *World) { w.Place443 = &server{handler: w.Proxy} },
	},
	{
		Name: "no-certificate-for-the-name", Wrong: "the CDN has no certificate for the link domain", Want: []string{"tls-handshake-failed"},
		Change: func(w *World) {
			none := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }}
			w.Place443 = &server{config: none, handler: w.Proxy}
		},
	},
	{
		Name: "certificate-of-the-esp", Wrong: "the CDN passes TLS through, so that the ESP's certificate arrives", Preset: "ses-us-east-1", Want: []string{"tls-esp-certificate"},
		Change: func(w *World) { w.TLS.Cert.Names = []string{"r.us-east-1.awstrack.me"} },
	},
	{
		Name: "certificate-of-another-name", Wrong: "the certificate is for another name", Want: []string{"tls-wrong-name"},
		Change: func(w *World) { w.TLS.Cert.Names = []string{"www.example.com", "example.com"} },
	},
	{
		Name: "certificate-a-label-short", Wrong: "a wildcard certificate one label short", Want: []string{"tls-wrong-name"},
		Change: func(w *World) { w.TLS.Cert.Names = []string{"*.mail.example.com"} },
	},
	{
		Name: "certificate-expired", Wrong: "the certificate expired three days ago", Want: []string{"tls-expired"},
		Change: func(w *World) { w.TLS.Cert.Left = -3 * Day },
	},
	{
		Name: "certificate-from-tomorrow", Wrong: "the certificate is valid from tomorrow", Want: []string{"tls-not-yet-valid"},
		Change: func(w *World) { w.TLS.Cert.Starts = Day },
	},
	{
		Name: "certificate-ends-soon", Wrong: "the certificate has five days left", Want: []string{"tls-expires-soon"},
		Change: func(w *World) { w.TLS.Cert.Left = 5*Day + time.Hour },
	},
	{
		Name: "chain-incomplete", Wrong: "the server does not send the intermediate certificate", Want: []string{"tls-incomplete-chain"},
		Change: func(w *World) { w.TLS.Cert.Alone = true },
	},
	{
		Name: "self-signed", Wrong: "the certificate is signed by itself", Want: []string{"tls-untrusted"},
		Change: func(w *World) { w.TLS.Cert.Issuer = "self" },
	},
	{
		Name: "authority-unknown", Wrong: "the certificate is from an authority of the house", Want: []string{"tls-untrusted"},
		Change: func(w *World) { w.TLS.Cert.Issuer = "stranger" },
	},
	{
		Name: "certificate-for-clients", Wrong: "the certificate is not for servers", Want: []string{"tls-untrusted"},
		Change: func(w *World) { w.TLS.Cert.ClientOnly = true },
	},
	{
		Name: "tls-1.1", Wrong: "the server stops at TLS 1.1", Want: []string{"tls-too-old"},
		Change: func(w *World) { w.TLS.Oldest, w.TLS.Newest = tls.VersionTLS10, tls.VersionTLS11 },
	},
	{
		Name: "tls-1.0-too", Wrong: "the server takes TLS 1.0 as well", Want: []string{"tls-old-versions"},
		Change: func(w *World) { w.TLS.Oldest = tls.VersionTLS10 },
	},
	{
		Name: "tls-1.2", Also: []string{"tls-no-13"},
		Change: func(w *World) { w.TLS.Newest = tls.VersionTLS12 },
	},
	{
		Name: "rsa-1024", Wrong: "the key is RSA with 1024 bits", Want: []string{"tls-weak-key"},
		Change: func(w *World) { w.TLS.Cert.Key = "rsa1024" },
	},
	{
		Name: "rsa-2048", Also: []string{"tls-ok"},
		Change: func(w *World) { w.TLS.Cert.Key = "rsa2048" },
	},
	{
		Name: "rsa-3072", Also: []string{"tls-large-key"},
		Change: func(w *World) { w.TLS.Cert.Key = "rsa3072" },
	},
	{
		Name: "p-384", Also: []string{"tls-ok"},
		Change: func(w *World) { w.TLS.Cert.Key = "p384" },
	},
	{
		Name: "must-staple-and-does-not", Wrong: "the certificate demands a stapled OCSP answer, and none is sent", Want: []string{"tls-must-staple"},
		Change: func(w *World) { w.TLS.Cert.MustStaple = true },
	},
	{
		Name: "must-staple-and-does", Also: []string{"tls-ok"},
		Change: func(w *World) { w.TLS.Cert.MustStaple, w.TLS.Cert.Staple = true, "good" },
	},
	{
		Name: "staple-revoked", Wrong: "the stapled OCSP answer says revoked", Want: []string{"tls-staple-bad"},
		Change: func(w *World) { w.TLS.Cert.Staple = "revoked" },
	},
	{
		Name: "staple-unknown", Wrong: "the stapled OCSP answer says that the authority does not know the certificate", Want: []string{"tls-staple-bad"},
		Not: []string{"tls-ok"}, Says: []string{"does not know the certificate"}, Unsaid: []string{"response says good"},
		Change: func(w *World) { w.TLS.Cert.Staple = "unknown" },
	},
	{
		Name: "staple-old", Wrong: "the stapled OCSP answer is a week too old", Want: []string{"tls-staple-bad"},
		Change: func(w *World) { w.TLS.Cert.Staple = "old" },
	},
	{Name: "no-sct", Wrong: "no certificate transparency log has seen the certificate", Want: []string{"tls-no-sct"}, Tell: Tell{CT: true}},
	{
		Name: "sct-sent", Tell: Tell{CT: true}, Also: []string{"tls-ok"},
		Change: func(w *World) { w.TLS.Cert.SCT = true },
	},
	{
		Name: "needs-sni", Also: []string{"tls-sni-required"},
		Change: func(w *World) { w.TLS.NeedsSNI = true },
	},
	{
		Name: "other-certificate-without-sni", Also: []string{"tls-sni-required"},
		Change: func(w *World) { w.TLS.WithoutSNI = &Cert{Names: []string{"default.cdn.example"}} },
	},
	{
		Name: "tls-and-then-nothing", Wrong: "after the handshake every connection is reset", Want: []string{"https-no-answer"},
		Change: func(w *World) {
			pair := w.Authority.Issue(w.T, w.TLS.Cert)
			w.Place443 = resetAfterTLS(w.TLS.config(pair, &pair))
		},
	},
}

// resetAfterTLS shakes hands, waits for a request, and resets the connection.
func resetAfterTLS(config *tls.Config) Place {
	return placeFunc(func(conn net.Conn) {
		secured := tls.Server(conn, config)
		if secured.Handshake() == nil {
			_, _ = secured.Read(make([]byte, 1)) // a client that goes without asking is as well
			reset(conn)
		}
	})
}

// parentSays are the fields of example.com's answers.
func parentSays(fields ...string) func(*World) {
	return func(w *World) { w.ParentSays = fields }
}

var httpSetups = []Setup{
	{
		Name: "http-refused", Wrong: "nobody listens on port 80, to which the links of old mail lead", Want: []string{"http-dead"},
		Change: func(w *World) { w.Refused = []string{FrontAddr + ":80"} },
	},
	{
		Name: "http-redirected", Also: []string{"http-redirect"},
		Change: func(w *World) { w.Over80 = []Wrap{When(Always, RedirectTo(301, "https://{host}{target}"))} },
	},
	{
		Name: "http-redirected-home", Wrong: "port 80 redirects every link to the home page of the link domain", Want: []string{"http-redirect-loses-path"},
		Change: func(w *World) { w.Over80 = []Wrap{When(Always, RedirectTo(301, "https://{host}/"))} },
	},
	{
		Name: "http-redirected-elsewhere", Wrong: "port 80 redirects to the website", Want: []string{"http-redirect-elsewhere"},
		Change: func(w *World) { w.Over80 = []Wrap{When(Always, RedirectTo(302, "https://www.example.com/"))} },
	},
	{
		Name: "http-other-server", Wrong: "on port 80 a default page answers", Want: []string{"http-other-answer"},
		Change: func(w *World) {
			w.Place80 = &server{handler: Answer(http.StatusOK, "<h1>It works!</h1>", "Content-Type", "text/html")}
		},
	},
	{
		Name: "http-redirects-to-itself", Wrong: "port 80 redirects every link to itself", Want: []string{"http-other-answer"},
		Not: []string{"http-redirect"}, Says: []string{"Port 80 redirects a link to itself"}, Unsaid: []string{"answers unlike"},
		Change: func(w *World) { w.Over80 = []Wrap{When(Always, RedirectTo(301, "http://{host}{target}"))} },
	},
	{
		Name: "hsts-of-parent", Also: []string{"http-hsts-parent"},
		Change: func(w *World) {
			w.ParentSays = []string{"Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload"}
		},
	},
	{
		Name: "hsts-of-parent-without-https", Wrong: "the parent domain demands https of its subdomains, and the link domain is still at the ESP", Front: Straight,
		Want: []string{"dns-still-at-esp", "http-hsts-parent-no-https"},
		Change: func(w *World) {
			w.ParentSays = []string{"Strict-Transport-Security", "max-age=31536000; includeSubDomains"}
		},
	},
	{
		Name: "hsts-of-parent-alone", Also: []string{"esp-ok"},
		Change: parentSays("Strict-Transport-Security", "max-age=31536000"),
	},
	{
		Name: "hsts-given-up", Also: []string{"esp-ok"},
		Change: before(Say("Strict-Transport-Security", "max-age=0")),
	},
	{
		Name: "hsts-of-its-own", Also: []string{"http-hsts-own"},
		Change: before(Say("Strict-Transport-Security", "max-age=31536000")),
	},
	{
		Name: "https-redirects-to-itself", Wrong: "https redirects to https: a loop", Want: []string{"https-redirect-loop"},
		Change: before(When(Always, RedirectTo(301, "https://{host}{target}"))),
	},
	{
		Name: "https-and-http-redirect-to-each-other", Wrong: "https redirects to http and http to https", Want: []string{"https-redirect-loop"},
		Change: func(w *World) {
			w.Over443 = []Wrap{When(Always, RedirectTo(302, "http://{host}{target}"))}
			w.Over80 = []Wrap{When(Always, RedirectTo(302, "https://{host}{target}"))}
		},
	},
	{
		Name: "proxy-switched-on", Wrong: "Cloudflare's proxy is switched on in front of Fastly", Front: Cloudflare, Want: []string{"http-two-cdns"},
		Change: before(Say("X-Served-By", "cache-fra-eddf8230099-FRA", "X-Timer", "S1700000000.000000,VS0,VE1")),
	},
	{
		Name: "http-1.1-only", Also: []string{"http-no-h2"},
		Change: func(w *World) { w.TLS.NoHTTP2 = true },
	},
	{
		Name: "compressed-unasked", Wrong: "answers are compressed for readers that cannot read that", Want: []string{"http-compressed-unasked"},
		Change: before(Gzip),
	},
}
