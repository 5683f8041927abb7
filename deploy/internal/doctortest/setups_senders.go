package doctortest

import (
	"net"
	"net/http"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/origins"
)

// further starts the stand-in of a further ESP that knows the link domain, and
// hands it the targets that begin with one of the prefixes.
func further(preset string, prefixes ...string) func(*World) {
	return func(w *World) { w.furtherProxy(preset, prefixes...) }
}

func (w *World) furtherProxy(preset string, prefixes ...string) (*Proxy, *origins.Fleet) {
	fleet, o := w.another(preset, w.Host)
	p := w.ProxyTo(fleet, o)
	w.Both = append(w.Both, When(begins(prefixes...), p.ServeHTTP))
	return p, fleet
}

func begins(prefixes ...string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(r.RequestURI, p) {
				return true
			}
		}
		return false
	}
}

// all makes several changes.
func all(changes ...func(*World)) func(*World) {
	return func(w *World) {
		for _, change := range changes {
			change(w)
		}
	}
}

// linkOfLast is a link in mail of the last ESP of the set-up.
func linkOfLast(r *Running) string {
	i := len(r.world.others) - 1
	for _, l := range r.world.Fleets[i].Links(&core.Site{Host: r.Host, Origin: r.world.others[i]}) {
		if l.Kind == esp.KindClick {
			return "https://" + r.Host + l.Target
		}
	}
	return ""
}

var sesPaths = []string{"/CL0/", "/CI0/", "/L0/", "/I0/"}

// senderSetups have several ESPs on one host.
var senderSetups = []Setup{
	{
		Name: "several-esps", Also: []string{"esp-ok"}, Tell: Tell{ESPs: []string{"ses-us-east-1", "sendgrid"}},
		Says:   []string{"customerio-eu and 2 more", "ses-us-east-1, as r.us-east-1.awstrack.me itself (302)", "sendgrid, as sendgrid.net itself (302)"},
		Not:    []string{"esp-links-unproven", "esp-another"},
		Change: all(further("ses-us-east-1", sesPaths...), further("sendgrid", "/ls/", "/wf/", "/ss/", "/asm", "/uni/")),
	},
	{
		Name: "several-esps-not-asked", Also: []string{"esp-links-unproven"}, Tell: Tell{ESPs: []string{"ses-us-east-1", "sendgrid"}, NoOrigin: true},
		Says:   []string{"ses-us-east-1, redirected to where the link says (302)", "which ESP answers links of sendgrid, because the ESPs were not asked directly"},
		Change: all(further("ses-us-east-1", sesPaths...), further("sendgrid", "/ls/", "/wf/")),
	},
	{
		Name: "several-esps-links-only", Preset: "ses-us-east-1", Also: []string{"esp-ok"}, Tell: Tell{ESPs: []string{"sendgrid"}, LinksOnly: true},
		Change: all(func(w *World) { // what is no link is answered by nobody
			w.Both = append(w.Both, When(func(r *http.Request) bool {
				return w.Origin.Family.Owns(r.RequestURI) == 0 && !strings.HasPrefix(r.RequestURI, "/ls/") && !strings.HasPrefix(r.RequestURI, "/wf/")
			},
				Answer(http.StatusNotFound, "not_found")))
		}, further("sendgrid", "/ls/", "/wf/")),
	},
	{
		Name: "several-esps-all-to-one", Wrong: "every path goes to the one ESP, whose mail is the first", Want: []string{"esp-links-404"}, Tell: Tell{ESPs: []string{"ses-us-east-1"}},
		Says:   []string{"customerio-eu would answer it like that, and so would other servers"},
		Change: func(w *World) { w.another("ses-us-east-1", w.Host) },
	},
	{
		Name: "several-esps-not-asked-all-to-one", Also: []string{"esp-links-unproven"}, Tell: Tell{ESPs: []string{"ses-us-east-1"}, NoOrigin: true},
		Change: func(w *World) { w.another("ses-us-east-1", w.Host) },
	},
	{
		Name: "several-esps-shorter-path-first", Wrong: "/u/ goes to Mailgun, Iterable's /u/click with it", Preset: "mailgun", Want: []string{"esp-links-at-another"}, Tell: Tell{ESPs: []string{"iterable"}},
		Says:   []string{"iterable mailgun, "},
		Change: func(w *World) { w.another("iterable", w.Host) },
	},
	{
		Name: "several-esps-longer-path-lost", Wrong: "Iterable has the host, and /u/ goes to Mailgun", Preset: "iterable", Want: []string{"esp-links-at-another"}, Tell: Tell{ESPs: []string{"mailgun"}},
		Change: further("mailgun", "/u/", "/c/", "/o/"),
	},
	{
		Name: "several-esps-one-down", Wrong: "one of two ESPs refuses connections", Want: []string{"esp-links-fail"}, Tell: Tell{ESPs: []string{"ses-us-east-1"}},
		Also: []string{"fidelity-ok"}, // the other is not concerned
		Change: func(w *World) {
			p, _ := w.furtherProxy("ses-us-east-1", sesPaths...)
			p.Dial = func() (net.Conn, error) { return nil, net.ErrClosed }
		},
	},
	{
		Name: "several-esps-host-overridden", Wrong: "the second ESP gets its own name as Host", Want: []string{"esp-host-overridden"}, Tell: Tell{ESPs: []string{"ses-us-east-1"}},
		Change: func(w *World) {
			p, _ := w.furtherProxy("ses-us-east-1", sesPaths...)
			p.Change = append(p.Change, SendHost(p.Origin.Address))
		},
	},
	{
		Name: "several-esps-website", Wrong: "the website answers the paths of the second ESP", Want: []string{"esp-links-not-reached"}, Tell: Tell{ESPs: []string{"ses-us-east-1"}},
		Change: func(w *World) {
			w.another("ses-us-east-1", w.Host)
			w.Both = append(w.Both, When(begins(sesPaths...), Answer(http.StatusOK, "<!DOCTYPE html><title>Shop</title>", "Content-Type", "text/html")))
		},
	},
	{
		Name: "several-esps-link-of-the-second", Also: []string{"esp-ok"}, Not: []string{"link-of-another-esp"},
		Tell:   Tell{ESPs: []string{"mailgun"}, Link: linkOfLast},
		Change: further("mailgun", "/u/", "/o/", "/c/"),
	},
	{
		Name: "retired-still-asked", Wrong: "the retired ESP still gets its links", Want: []string{"esp-retired-asked"}, Tell: Tell{Retired: []string{"sendgrid"}},
		Says:   []string{"sendgrid (retired) sendgrid, as sendgrid.net itself (302)"},
		Change: further("sendgrid", "/ls/", "/wf/"),
	},
	{
		Name: "retired-account-gone", Tell: Tell{Retired: []string{"ses-us-east-1"}}, Not: []string{"esp-retired-asked"},
		Says: []string{"not seen: whether the retired ses-us-east-1 still gets requests, because r.us-east-1.awstrack.me gave no answer to compare with"},
		Change: func(w *World) {
			_, fleet := w.furtherProxy("ses-us-east-1")
			if err := fleet.SetFault("ses-us-east-1", origins.Refuse); err != nil {
				w.T.Fatal(err)
			}
		},
	},
	{
		Name: "retired-read-from-the-link", Tell: Tell{Retired: []string{"ses-us-east-1"}},
		Says: []string{"not seen: whether the retired ses-us-east-1 still gets requests, because whoever reads the link redirects to where it says"},
		Change: func(w *World) {
			w.another("ses-us-east-1", w.Host)
			w.Both = append(w.Both, When(begins(sesPaths...), Answer(http.StatusFound, "", "Content-Type", "text/html; charset=utf-8",
				"Location", "https://clickedge-doctor.invalid/made%2Fup?a=b"))) // as the doctor's own link says
		},
	},
	{
		Name: "unsubscribes-down", Wrong: "nobody listens where unsubscribes of the retired ESP go", Want: []string{"unsubscribes-no-answer"},
		Tell: Tell{Retired: []string{"sendgrid"}, Unsubscribes: "https://preferences.example.com"},
		Change: func(w *World) {
			w.another("sendgrid", w.Host)
			w.Refused = append(w.Refused, "preferences.example.com:443")
		},
	},
	{
		Name: "unsubscribes-broken", Wrong: "the server of the unsubscribes answers 500", Want: []string{"unsubscribes-no-answer"},
		Tell: Tell{Retired: []string{"sendgrid"}, Unsubscribes: "http://preferences.example.com"},
		Change: func(w *World) {
			w.another("sendgrid", w.Host)
			w.Places["preferences.example.com:80"] = &server{handler: Answer(http.StatusInternalServerError, "no database")}
		},
	},
}
