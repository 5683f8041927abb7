// Package doctortest builds set-ups of branded link domains on loopback,
// healthy ones and ones with one thing wrong, for tests of what examines them:
// a name server, certificates, TLS fronts, nginx, clickedge itself on hostsim,
// look-alikes of CDNs, and stand-ins for the ESPs behind.
//
// Start with [Setups], the table of all of them, and [Setup.Start], which runs
// one until the test ends. [Running] then has resolvers,
// authorities to trust, and [Running.Dial], which stands in for the internet:
// names resolve to addresses that are kept for documentation, and Dial leads
// from there to ports of 127.0.0.1. Nothing else is ever contacted; what was
// dialled and is not of the lab is kept for [Running.Strange].
// [Running.Loopback] is the same for a program that cannot be given a function.
//
// # What it is not
//
// The look-alikes of CDNs have their marks and their best-known error pages, no
// more. Packets that vanish are imitated at Dial, before the network. No
// certificate is logged, no OCSP responder answers.
package doctortest

import "slices"

var moduleSetups = []Setup{
	{Name: "clickedge-customerio-eu", Front: Module, Also: []string{"esp-ok", "dns-ok", "tls-ok", "http-ok", "fidelity-ok", "filters-ok", "cache-ok", "speed-ok"}},
	{Name: "clickedge-customerio-us", Front: Module, Preset: "customerio-us", Also: []string{"esp-ok", "fidelity-ok"}},
	{Name: "clickedge-ses", Front: Module, Preset: "ses-us-east-1", Also: []string{"esp-ok", "fidelity-ok"}},
	{Name: "clickedge-braze-ses", Front: Module, Preset: "braze-ses-eu-central-1", Also: []string{"esp-ok", "fidelity-ok"}},
	{Name: "clickedge-sendgrid", Front: Module, Preset: "sendgrid", Also: []string{"esp-ok", "fidelity-ok", "app-links-ok"}},
	{Name: "clickedge-sparkpost", Front: Module, Preset: "sparkpost", Also: []string{"esp-ok", "fidelity-ok"}},
	{Name: "clickedge-mailgun", Front: Module, Preset: "mailgun", Also: []string{"esp-ok", "fidelity-ok"}},
	{Name: "clickedge-iterable", Front: Module, Preset: "iterable", Also: []string{"esp-ok", "fidelity-ok"}},
	{
		Name: "clickedge-several", Front: Module, Preset: "mailgun-eu", Also: []string{"esp-ok"},
		Tell: Tell{ESPs: []string{"ses-eu-west-1"}, Retired: []string{"sendgrid"}, Unsubscribes: "https://preferences.example.com"},
		Says: []string{
			"mailgun-eu mailgun-eu, ", "ses-eu-west-1 ses-eu-west-1, as r.eu-west-1.awstrack.me itself (302)",
			"sendgrid (retired) answered here, with the page of a retired ESP (410)", "unsubscribes: preferences.example.com:443 answers",
		},
		Change: func(w *World) { w.another("sendgrid", w.Host) },
	},
	{Name: "clickedge-esp-down", Wrong: "the ESP behind clickedge refuses connections", Front: Module, Preset: "sendgrid-eu", Want: []string{"origin-unreachable"}},
	{Name: "clickedge-esp-tls", Wrong: "the backend of clickedge has the link domain as SNI", Front: Module, Preset: "sparkpost-eu", Want: []string{"origin-tls-failed"}},
	{
		Name: "clickedge-without-the-site", Wrong: "the link domain is not in the sites.json that was published", Front: Module, Want: []string{"cdn-host-unknown"},
		Change: func(w *World) {
			w.Host, w.TLS.Cert.Names = "new.example.com", []string{"new.example.com"}
			w.Records = "new.example.com. CNAME d.sni.global.fastly.net."
		},
	},
	{
		Name: "clickedge-expired", Wrong: "the certificate in front of clickedge has expired", Front: Module, Want: []string{"tls-expired"},
		Change: func(w *World) { w.TLS.Cert.Left = -Day },
	},
}

// Setups is the table of all set-ups. Names are unique.
func Setups() []Setup {
	return withNearMisses(slices.Concat(moduleSetups, ownSetups, dnsSetups, tlsSetups, httpSetups, espSetups, fidelitySetups, cacheSetups, appLinkSetups, speedSetups, severalSetups, claimSetups, http2Setups, causeSetups, nginxSetups, serverSetups, senderSetups))
}

// Find returns the set-up of a name; ok is false where there is none.
func Find(name string) (s Setup, ok bool) {
	for _, s := range Setups() {
		if s.Name == name {
			return s, true
		}
	}
	return Setup{}, false
}
