package applytest

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = ".."

const (
	link = "link.example.com"
	mail = "mail.example.com"
	news = "news.example.com"

	linkSite = `"link.example.com": {"esp": "customerio-eu", "destinations": ["example.com"], "keys": ["k1"]}`
	mailSite = `"mail.example.com": {"esp": "sparkpost"}`
	newsSite = `"news.example.com": {"esp": "mailgun"}`
)

func sitesOf(sites ...string) string { return `{"sites": {` + strings.Join(sites, ",\n") + `}}` }

// keeps fails if one of the hosts was off the service after a request.
func keeps(t *testing.T, requests []request, hosts ...string) {
	t.Helper()
	require.NotEmpty(t, requests)
	for _, r := range requests {
		for _, host := range hosts {
			require.Contains(t, r.served, host, "%s is off the service after %s", host, r)
		}
	}
}

// settled: a plan has no change, an apply writes nothing, and the stand-in knew
// all requests.
func settled(t *testing.T, w *workspace, f *fastly) {
	t.Helper()
	before := f.requests()
	code, out := w.plan(t)
	require.Zero(t, code, out)
	w.apply(t)
	asked := f.since(before)
	require.NotEmpty(t, asked)
	for _, r := range asked {
		require.False(t, r.writes(), "%s", r)
	}
	for _, r := range f.since(0) {
		require.NotEqual(t, http.StatusNotFound, r.status, "the stand-in does not know %s", r)
	}
}

// applied is a service with two sites, and the number of requests so far.
func applied(t *testing.T, folder, arguments string) (*workspace, *fastly, int) {
	t.Helper()
	t.Parallel()
	f := newFastly(t)
	w := newWorkspace(t, f.URL)
	w.module(t, folder, arguments, "")
	w.sites(t, sitesOf(linkSite, mailSite))
	w.apply(t)
	n := f.requests()
	require.Equal(t, []string{link, mail}, f.since(n - 1)[0].served)
	return w, f, n
}

// Repeated applies keep all domains. Once every second apply removed them from
// the service.
func TestApplyThreeTimesThenChange(t *testing.T) {
	w, f, n := applied(t, module, "")
	settled(t, w, f)
	settled(t, w, f)
	f.issue(link, mail)
	settled(t, w, f)

	w.sites(t, sitesOf(linkSite, mailSite, newsSite)) // one added
	w.apply(t)
	keeps(t, f.since(n), link, mail)
	settled(t, w, f)
	f.issue(news)
	n = f.requests()

	w.sites(t, sitesOf(linkSite, mailSite, strings.Replace(newsSite, "mailgun", "iterable", 1))) // one changed
	w.apply(t)
	settled(t, w, f)
	keeps(t, f.since(n), link, mail, news)

	w.module(t, module, `retired_hosts = ["mail.example.com"]`, "")
	w.apply(t)
	keeps(t, f.since(n), link, mail, news)
	require.False(t, slices.ContainsFunc(f.since(n), func(r request) bool { return r.writes() && strings.HasPrefix(r.path, "/tls") }))
	w.sites(t, sitesOf(linkSite, newsSite)) // one removed
	w.apply(t)
	settled(t, w, f)
	keeps(t, f.since(n), link, news)
	all := f.since(0)
	require.NotContains(t, all[len(all)-1].served, mail)
}

// A host that is removed from sites.json by mistake is kept: Fastly refuses to
// delete its certificate, and nothing else is sent before that.
func TestLostByMistake(t *testing.T) {
	for _, arguments := range []string{"", "versionless_domains = false"} {
		t.Run(arguments, func(t *testing.T) {
			w, f, n := applied(t, module, arguments)
			f.issue(link, mail)
			w.sites(t, sitesOf(linkSite))
			code, out := w.run(t, "apply", "-auto-approve", "-input=false")
			require.Equal(t, 1, code)
			require.Contains(t, out, "its domains have TLS enabled")
			for _, r := range f.since(n) {
				require.True(t, !r.writes() || r.status == 400, "%s", r)
			}
			keeps(t, f.since(n), link, mail)
			w.sites(t, sitesOf(linkSite, mailSite))
			settled(t, w, f)
		})
	}
}

// Another authority and tls = false delete certificates. Those in use stay, and
// nothing else is sent.
func TestCertificatesInUseStay(t *testing.T) {
	w, f, n := applied(t, module, "")
	f.issue(link, mail)
	for _, arguments := range []string{`certificate_authority = "globalsign"`, "tls = false"} {
		w.module(t, module, arguments, "")
		code, out := w.run(t, "apply", "-auto-approve", "-input=false")
		require.Equal(t, 1, code)
		require.Contains(t, out, "its domains have TLS enabled")
	}
	for _, r := range f.since(n) {
		require.True(t, !r.writes() || r.status == 400, "%s", r)
	}
	w.module(t, module, "", "")
	settled(t, w, f)
}

// withLinks is an older form of the module, with a link for each domain.
func withLinks(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	names, err := filepath.Glob(module + "/*.tf")
	require.NoError(t, err)
	for _, name := range append(names, module+"/clicklog.json") {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		switch filepath.Base(name) {
		case "domains.tf":
			text, err = os.ReadFile("testdata/domains-with-links.tf")
			require.NoError(t, err)
		case "tls.tf":
			text = bytes.Replace(text, []byte("fastly_domain.host]"), []byte("fastly_domain_service_link.host]"), 1)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(name)), text, 0o600))
	}
	return dir
}

// The stand-in shows the fault of the older form; the module fixes it from
// either state.
func TestFromLinks(t *testing.T) {
	for name, twice := range map[string]bool{"on the service": false, "off the service": true} {
		t.Run(name, func(t *testing.T) {
			w, f, n := applied(t, withLinks(t), "")
			if twice {
				w.apply(t)
				last := f.since(f.requests() - 1)[0]
				require.Empty(t, last.served, "the second apply with links leaves the domains on")
				n = f.requests()
			}
			w.module(t, module, "", "")
			out := w.apply(t)
			require.NotContains(t, out, "fastly_domain.host[\"link.example.com\"] will be destroyed")
			if !twice {
				keeps(t, f.since(n), link, mail)
			}
			keeps(t, f.since(f.requests()-1), link, mail)
			n = f.requests()
			settled(t, w, f)
			settled(t, w, f)
			keeps(t, f.since(n), link, mail)
		})
	}
}

const imports = `
data "fastly_domains" "all" {}
import {
  for_each = { for d in data.fastly_domains.all.domains : d.fqdn => d.id
    if contains(keys(jsondecode(file("sites.json")).sites), d.fqdn) }
  to = module.clickedge.fastly_domain.host[each.key]
  id = each.value
}
`

// The README's steps keep the domains; a shorter way is refused before anything
// is sent.
func TestFromVersions(t *testing.T) {
	w, f, n := applied(t, module, "versionless_domains = false")
	settled(t, w, f)
	for _, host := range []string{link, mail} { // Fastly has such a record of each
		f.ask(t, "POST", "/domain-management/v1/domains", `{"fqdn": "`+host+`"}`, &map[string]any{})
	}
	w.module(t, module, "", "")
	before := f.requests()
	code, out := w.run(t, "apply", "-auto-approve", "-input=false")
	require.Equal(t, 1, code)
	require.Contains(t, out, "versionless_domains cannot change in one step")
	require.False(t, slices.ContainsFunc(f.since(before), request.writes))

	w.module(t, module, "versionless_domains = true\nkeep_versioned_domains = true", imports)
	w.apply(t)
	settled(t, w, f)
	w.module(t, module, "versionless_domains = true", "")
	w.apply(t)
	settled(t, w, f)
	keeps(t, f.since(n), link, mail)
	require.Empty(t, f.parts(t, "domain"))
	readme, err := os.ReadFile(module + "/README.md")
	require.NoError(t, err)
	require.Contains(t, strings.ReplaceAll(string(readme), "\n   ", "\n"), strings.TrimSpace(imports))
}

// Another name does not create a new store: the secrets would be lost.
func TestAnotherName(t *testing.T) {
	w, f, n := applied(t, module, "")
	w.module(t, module, `name = "brands"`, "")
	w.apply(t)
	for _, r := range f.since(n) {
		require.False(t, r.writes() && strings.HasPrefix(r.path, "/resources/"), "%s", r)
	}
	keeps(t, f.since(n), link, mail)
	settled(t, w, f)
}

// Readers do not get a staged version until stage is false again.
func TestStage(t *testing.T) {
	w, f, n := applied(t, module, "")
	w.module(t, module, "stage = true", "")
	w.sites(t, sitesOf(linkSite, mailSite, newsSite))
	w.apply(t)
	require.Equal(t, 1, f.service(t).Active.Number)
	require.Equal(t, 2, f.service(t).Stages[0].Version)
	// The provider compares the staged version's comment with the active one's.
	code, out := w.plan(t)
	require.Equal(t, 2, code)
	require.Contains(t, out, "0 to add, 1 to change, 0 to destroy")
	require.Regexp(t, `~ version_comment = "[^"]*" -> "[^"]*" # \(\d+ unchanged attributes hidden\) # \(\d+ unchanged blocks hidden\) } Plan:`, out)
	w.module(t, module, "", "")
	w.apply(t)
	require.Equal(t, 2, f.service(t).Active.Number)
	settled(t, w, f)
	keeps(t, f.since(n), link, mail)
}

// Every log target is settled after one apply.
func TestLogTargets(t *testing.T) {
	w, f, n := applied(t, module, "")
	for _, arguments := range []string{
		"log = { https = { url = \"https://logs.example.com/\", header_name = \"Authorization\" } }\nlog_secrets = { https_header_value = \"x\" }",
		"log = { s3 = { bucket = \"b\" } }\nlog_secrets = { s3_access_key = \"k\", s3_secret_key = \"s\" }",
		"log = { gcs = { bucket = \"b\", account_name = \"a\" } }",
		"log = { bigquery = { project_id = \"p\", dataset = \"d\", table = \"t\", account_name = \"a\" } }",
		"log = { kafka = { brokers = \"k:9093\", topic = \"t\" } }",
	} {
		w.module(t, module, arguments, "")
		w.apply(t)
		settled(t, w, f)
	}
	keeps(t, f.since(n), link, mail)
	require.Empty(t, f.parts(t, "logging/s3"))
	require.Equal(t, "k:9093", f.parts(t, "logging/kafka")[0]["brokers"])
}

// Everything can be destroyed on purpose.
func TestDestroy(t *testing.T) {
	w, f, _ := applied(t, module, "")
	f.issue(link, mail)
	code, out := w.run(t, "destroy", "-auto-approve", "-input=false")
	require.Equal(t, 1, code)
	require.Contains(t, out, "its domains have TLS enabled")
	w.module(t, module, "force_destroy = true", "")
	w.apply(t)
	code, out = w.run(t, "destroy", "-auto-approve", "-input=false")
	require.Zero(t, code, failure(out))
	for _, path := range []string{"/service", "/resources/stores/config"} {
		var list []any
		f.ask(t, "GET", path, "", &list)
		require.Empty(t, list, path)
	}
	for _, path := range []string{"/resources/stores/secret", "/tls/subscriptions", "/domain-management/v1/domains"} {
		var list struct{ Data []any }
		f.ask(t, "GET", path, "", &list)
		require.Empty(t, list.Data, path)
	}
}

// A host with several ESPs has the backends of all, and where the unsubscribes
// of a retired one go; one that is asked for nothing any more loses its own.
func TestSeveralESPs(t *testing.T) {
	w, f, n := applied(t, module, "")
	backends := func() (names []string) {
		for _, b := range f.parts(t, "backend") {
			names = append(names, b["name"].(string)+" "+b["address"].(string))
		}
		slices.Sort(names)
		return names
	}
	several := func(retired string) string {
		return `"link.example.com": {"esp": "customerio-eu", "destinations": ["example.com"], "keys": ["k1"],
			"also": [{"esp": "ses-eu-west-1"}, {"esp": "sendgrid", "second_origin": "https://second.example.net", "retired": ` + retired + `}],
			"unsubscribes": "https://preferences.example.com"}`
	}
	w.sites(t, sitesOf(several(`"2099-01-01"`), mailSite))
	w.apply(t)
	settled(t, w, f)
	all := []string{
		"custom-preferences.example.com preferences.example.com", "custom-second.example.net second.example.net", "customerio-eu track-eu.customer.io",
		"sendgrid sendgrid.net", "ses-eu-west-1 r.eu-west-1.awstrack.me", "sparkpost spgo.io",
	}
	require.Equal(t, all, backends())
	w.sites(t, sitesOf(several("true"), mailSite))
	w.apply(t)
	settled(t, w, f)
	require.Equal(t, []string{all[0], all[2], all[4], all[5]}, backends())
	keeps(t, f.since(n), link, mail)
}
