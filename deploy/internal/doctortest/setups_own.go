package doctortest

import (
	"net/http"

	"github.com/clickedge/clickedge/deploy/origins"
)

// own makes a set-up behind "clickedge server", which the doctor is to
// recognise: nothing is to be said of it that is true of Fastly alone.
func own(name, preset string, also ...string) Setup {
	return Setup{Name: "server-" + name, Front: Server, Preset: preset, Also: also,
		Says: []string{"through clickedge server"}, Unsaid: []string{"Fastly", "fastly", "the service's"}}
}

// but is a set-up with something wrong.
func (s Setup) but(wrong string, change func(*World), want ...string) Setup {
	s.Wrong, s.Change, s.Want = wrong, change, want
	return s
}

var ownSetups = []Setup{
	own("customerio-eu", "customerio-eu", "esp-ok", "dns-ok", "tls-ok", "http-ok", "fidelity-ok", "filters-ok", "cache-ok", "speed-ok", "http-no-h2"),
	own("customerio-us", "customerio-us", "esp-ok", "fidelity-ok"),
	own("ses", "ses-us-east-1", "esp-ok", "fidelity-ok"),
	own("braze-ses", "braze-ses-eu-central-1", "esp-ok", "fidelity-ok"),
	own("sendgrid", "sendgrid", "esp-ok", "fidelity-ok", "app-links-ok").site(map[string]any{"app_links": map[string]any{
		"apple":   map[string]any{"applinks": map[string]any{"details": []any{map[string]any{"appIDs": []string{"ABCDE12345.com.example.app"}, "components": []any{map[string]string{"/": "/uni/*"}}}}}},
		"android": []any{map[string]any{"relation": []string{"delegate_permission/common.handle_all_urls"}, "target": map[string]any{"namespace": "android_app", "package_name": "com.example.app", "sha256_cert_fingerprints": []string{fingerprint}}}},
	}}),
	own("sparkpost", "sparkpost", "esp-ok", "fidelity-ok"),
	own("mailgun", "mailgun", "esp-ok", "fidelity-ok"),
	own("iterable", "iterable", "esp-ok", "fidelity-ok"),
	own("ses-answered-first", "ses-us-east-1", "esp-ok", "fidelity-ok").site(map[string]any{"clicks": "redirect"}),
	own("several", "mailgun-eu", "esp-ok").site(map[string]any{"also": []any{map[string]any{"esp": "ses-eu-west-1"}, map[string]any{"esp": "sendgrid", "retired": true}},
		"unsubscribes": "https://preferences.example.com"}).several(),
	own("esp-down", "sendgrid-eu").but("the ESP behind the server refuses connections", func(w *World) {
		if err := w.Fleet.SetFault("sendgrid-eu", origins.Refuse); err != nil {
			w.T.Fatal(err)
		}
	}, "origin-unreachable"),
	own("without-the-site", "customerio-eu").but("the link domain is not in the sites.json of the server", func(w *World) {
		w.Host, w.TLS.Cert.Names = "new.example.com", []string{"new.example.com"}
		w.Records = "new.example.com. A " + FrontAddr
	}, "cdn-host-unknown"),
	own("expired", "customerio-eu").but("the certificate of the server has expired", func(w *World) { w.TLS.Cert.Left = -Day }, "tls-expired"),
	own("other-name", "customerio-eu").but("--cert names a certificate of another host", func(w *World) { w.TLS.Cert.Names = []string{"www.example.com"} }, "tls-wrong-name").told("--certificates fetches it when the first reader comes"),
}

// site gives the site more members.
func (s Setup) site(members map[string]any) Setup {
	s.Site = members
	return s
}

// told tells the doctor what answers, which then says how it is fixed there.
func (s Setup) told(fix string) Setup {
	s.Tell.CDN, s.Says = "server", append(s.Says, fix)
	return s
}

// several tells the doctor of the site's other ESPs, and starts them.
func (s Setup) several() Setup {
	s.Tell = Tell{ESPs: []string{"ses-eu-west-1"}, Retired: []string{"sendgrid"}, Unsubscribes: "https://preferences.example.com"}
	s.Says = append(s.Says, "ses-eu-west-1 ses-eu-west-1, as r.eu-west-1.awstrack.me itself (302)",
		"sendgrid (retired) answered here, with the page of a retired ESP (410)", "unsubscribes: preferences.example.com:443 answers")
	s.Change = func(w *World) {
		w.another("ses-eu-west-1", w.Host)
		w.another("sendgrid", w.Host)
		w.Places["preferences.example.com:443"] = w.Serve(TLS{Cert: Cert{Names: []string{"preferences.example.com"}}}, Answer(http.StatusNotFound, ""))
	}
	return s
}
