package cli

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/origins"
)

const learnSites = `{"sites": {"link.example.com": {"esp": "sendgrid", "destinations": ["shop.example.com"], "when_esp_fails": "redirect", "learn": true}}}`

// learnRig is a folder with sites.json and a mail, SendGrid's stand-in, and an
// account with Fastly.
type learnRig struct {
	t       *testing.T
	dir     string
	account *origins.SendGridAccount
	fleet   *origins.Fleet
	api     *fastlytest.API
	vars    map[string]string
	in      string
}

func newLearnRig(t *testing.T) *learnRig {
	sites, err := sitesjson.Parse("sites.json", []byte(learnSites))
	require.NoError(t, err)
	r := &learnRig{t: t, dir: t.TempDir(), account: &origins.SendGridAccount{Secret: t.Name()}, api: fastlytest.New(scriptToken)}
	r.fleet, err = origins.Start(sites.Origins(), origins.Options{SendGrid: r.account, PlainToo: true})
	require.NoError(t, err)
	t.Cleanup(func() { r.fleet.Close() })
	srv := httptest.NewServer(r.api)
	t.Cleanup(srv.Close)
	r.api.AddKVStore(contract.LinkStore, nil)
	r.vars = map[string]string{fastlyapi.TokenEnv: scriptToken, fastlyapi.EndpointEnv: srv.URL}
	r.write("sites.json", learnSites)
	return r
}

func (r *learnRig) path(name string) string { return filepath.Join(r.dir, name) }

func (r *learnRig) write(name, text string) {
	require.NoError(r.t, os.WriteFile(r.path(name), []byte(text), 0o600))
}

// mail writes a mail in two parts with these links, in base64 and in
// quoted-printable.
func (r *learnRig) mail(urls ...string) string {
	var page strings.Builder
	for _, url := range urls {
		fmt.Fprintf(&page, "<p><a class=\"button\" href=\"%s\">Open</a></p>\n", strings.ReplaceAll(url, "&", "&amp;"))
	}
	var quoted bytes.Buffer
	w := quotedprintable.NewWriter(&quoted)
	_, _ = w.Write([]byte(page.String()))
	_ = w.Close()
	plain := base64.StdEncoding.EncodeToString([]byte("Open " + urls[0] + ".\nThank you."))
	r.write("mail.eml", "From: shop@example.com\r\nTo: Ann <ann@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"+plain+"\r\n"+
		"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"+quoted.String()+"\r\n--b--\r\n")
	return r.path("mail.eml")
}

func (r *learnRig) run(args ...string) (exit int, out, errs string) {
	var o, e bytes.Buffer
	env := &Env{In: strings.NewReader(r.in), Out: &o, Err: &e, Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
		LookupEnv: func(name string) (string, bool) { v, ok := r.vars[name]; return v, ok }}
	exit = env.Run(r.t.Context(), args)
	return exit, o.String(), e.String()
}

// learn runs the command on a mail, by way of the stand-in.
func (r *learnRig) learn(mail string, more ...string) (exit int, out, errs string) {
	return r.run(append([]string{"learn", mail, "--sites", r.path("sites.json"), "--via", "link.example.com=" + r.fleet.PlainAddr("sendgrid")}, more...)...)
}

func (r *learnRig) asked() (targets []string) {
	for _, s := range r.fleet.Seen() {
		targets = append(targets, s.Method+" "+s.Target)
	}
	return targets
}

const (
	sale     = "https://shop.example.com/sale?utm_source=mail&utm_campaign=1"
	reset    = "https://shop.example.com/reset/5f3c9a0b7d2e41c8a6b0"
	unlisted = "https://elsewhere.example.net/"
)

// Each link is followed once, and what it is not safe to store is left out, with
// the reason.
func TestLearn(t *testing.T) {
	r := newLearnRig(t)
	m := r.account.Message()
	host := "http://link.example.com"
	first, same, personal, bad := m.Long(sale), m.Short(sale), m.Long(reset), m.Short(unlisted)
	mail := r.mail(host+first, host+same, host+personal, host+bad, host+"/asm/unsubscribe/?user_id=1", host+"/wf/unsubscribe?upn=x", host+"/wf/open?upn=x",
		host+"/wf/click?upn=old", "https://shop.example.com/", "mailto:ann@example.com", host+m.Short("https://shop.example.com/hello/ann"))

	exit, _, errs := r.learn(mail)
	require.Equal(t, failure.ExitBad, exit)
	require.Contains(t, errs, `Follow 4 links once each? SendGrid counts each as a click of "ann@example.com". [y/N]`)
	require.Contains(t, errs, "nothing was followed")
	require.Empty(t, r.asked())
	exit, out, errs := r.learn(mail, "--dry-run")
	require.Zero(t, exit, errs)
	require.Contains(t, out, "would be followed")
	require.Empty(t, r.asked())

	r.in = "y\n"
	exit, out, errs = r.learn(mail)
	require.Zero(t, exit, errs)
	require.Len(t, r.asked(), 4)
	require.Equal(t, "GET "+first, r.asked()[0])
	for _, want := range []string{
		"leads to " + sale, "left out: leads where another link of this mail does", "left out: where it leads has a long token", "left out: where it leads has the name of a recipient",
		"left out: the site does not list where it leads", "an unsubscribe link, which is never followed", "not a click but of kind open",
		"has no part that its destination could be known by", "no site has the host", "not a link of the web", "1 link written",
	} {
		require.Contains(t, out, want)
	}
	values := r.api.KVValues(contract.LinkStore)
	require.Len(t, values, 1)
	for _, value := range values {
		require.Contains(t, value, " 1772366400 "+sale)
	}

	exit, out, errs = r.learn(mail, "--yes", "--personal")
	require.Zero(t, exit, errs)
	require.Contains(t, out, "1 link in the store already")
	require.Len(t, r.api.KVValues(contract.LinkStore), 3)
}

// Without the API: into a file, and from there into the store.
func TestLearnIntoAnArchive(t *testing.T) {
	r := newLearnRig(t)
	mail := r.mail("http://link.example.com" + r.account.Message().Short(sale))
	file := r.path("links.ndjson")
	for i := range 2 {
		exit, out, errs := r.learn(mail, "--yes", "--archive", file)
		require.Zero(t, exit, errs)
		require.Contains(t, out, []string{"1 link added", "0 links added"}[i])
		require.Contains(t, errs, "1 learned link: 1 to shop.example.com")
	}
	require.Empty(t, r.api.KVValues(contract.LinkStore))
	exit, _, errs := r.run("archive", "import", file)
	require.Equal(t, failure.ExitBad, exit)
	require.Contains(t, errs, "nothing was written")
	exit, out, errs := r.run("archive", "import", file, "--yes")
	require.Zero(t, exit, errs)
	require.Contains(t, out, "1 link written")
	exit, _, errs = r.run("archive", "export", "-o", r.path("again.ndjson"))
	require.Zero(t, exit, errs)
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	after, err := os.ReadFile(r.path("again.ndjson"))
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
	exit, out, errs = r.run("archive", "import", file, "--yes")
	require.Zero(t, exit, errs)
	require.Equal(t, "1 link in the store already\n", out)
}

// What cannot be read, and what cannot be done.
func TestLearnRefuses(t *testing.T) {
	r := newLearnRig(t)
	r.write("mail.eml", "no mail at all")
	exit, _, errs := r.learn(r.path("mail.eml"), "--yes")
	require.Equal(t, failure.ExitBad, exit)
	require.Contains(t, errs, "not a mail")
	exit, _, errs = r.learn(r.mail("https://shop.example.com/"), "--yes")
	require.Equal(t, failure.ExitBad, exit)
	require.Contains(t, errs, "the mail has no link that can be learned")
	require.NoError(t, r.fleet.SetFault("sendgrid", origins.ServerError))
	exit, out, errs := r.learn(r.mail("http://link.example.com"+r.account.Message().Short(sale)), "--yes")
	require.Equal(t, failure.ExitBad, exit)
	require.Contains(t, out, "answered with status 500")
	require.Contains(t, errs, "nothing was learned")
	r.write("links.ndjson", "{}\n")
	exit, _, errs = r.run("archive", "import", r.path("links.ndjson"), "--yes")
	require.Equal(t, failure.ExitBad, exit)
	require.Contains(t, errs, "line 1: ")
	exit, _, errs = r.run("archive", "export", "--store", "other")
	require.Equal(t, failure.ExitBad, exit)
	require.Contains(t, errs, "no such KV store")
}

// What cannot be written to is said before a link is followed: a click that
// SendGrid has counted cannot be taken back.
func TestLearnOpensBeforeItFollows(t *testing.T) {
	r := newLearnRig(t)
	mail := r.mail("http://link.example.com" + r.account.Message().Short(sale))
	r.write("damaged.ndjson", "{\"name\":")
	for want, args := range map[string][]string{
		"no such KV store":            {"--store", "other"},
		"line 1: the line is cut off": {"--archive", r.path("damaged.ndjson")},
		"there is no such folder":     {"--archive", r.path("none/links.ndjson")},
	} {
		exit, _, errs := r.learn(mail, append(args, "--yes")...)
		require.Equal(t, failure.ExitBad, exit, want)
		require.Contains(t, errs, want)
	}
	delete(r.vars, fastlyapi.TokenEnv)
	exit, _, errs := r.learn(mail, "--yes")
	require.NotZero(t, exit)
	require.Contains(t, errs, fastlyapi.TokenEnv)
	require.Empty(t, r.asked())
}

// What the module wrote to the store while somebody read the question is not
// overwritten.
func TestImportComparesAgain(t *testing.T) {
	r := newLearnRig(t)
	name := "AAECAwQFBgcICQoLDA0ODxAR"
	r.write("links.ndjson", `{"name":"`+name+`","state":"known","since":"2026-03-01T12:00:00Z","destination":"https://shop.example.com/"}`)
	n, _ := learned.ParseName(name)
	x := learned.Entry{State: learned.Contradictory, Since: 5}
	contradiction := string(x.Append(nil, &n))
	var o, e bytes.Buffer
	env := &Env{Out: &o, Err: &e, Now: time.Now, LookupEnv: func(name string) (string, bool) { v, ok := r.vars[name]; return v, ok },
		In: readFunc(func(p []byte) (int, error) {
			r.api.SetKVValue(contract.LinkStore, name, contradiction)
			return copy(p, "y\n"), io.EOF
		})}
	require.Equal(t, failure.ExitBad, env.Run(t.Context(), []string{"archive", "import", r.path("links.ndjson")}), e.String())
	require.Contains(t, e.String(), "the store has changed meanwhile, and nothing was written")
	require.Equal(t, map[string]string{name: contradiction}, r.api.KVValues(contract.LinkStore))
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// A destination that the store contradicts may stand in caches, which the store
// does not reach.
func TestImportSaysWhatCachesHave(t *testing.T) {
	r := newLearnRig(t)
	name := "AAECAwQFBgcICQoLDA0ODxAR"
	line := `{"name":"` + name + `","state":"known","since":"2026-03-01T12:00:00Z","destination":"https://shop.example.com/"}`
	r.write("links.ndjson", line)
	exit, _, errs := r.run("archive", "import", r.path("links.ndjson"), "--yes")
	require.Zero(t, exit, errs)
	require.Empty(t, errs)
	r.write("links.ndjson", strings.Replace(line, "shop", "www", 1))
	exit, out, errs := r.run("archive", "import", r.path("links.ndjson"), "--yes")
	require.Zero(t, exit, errs)
	require.Contains(t, out, name+" led to https://shop.example.com/: two destinations, so it is not used any more")
	require.Contains(t, errs, "fastly purge --key clickedge-link-"+name+" ends that")
}

// What the config store overrides is in effect: a rule that stands only there
// is not taken for SendGrid's own answer. Where nobody can look, that is said.
func TestLearnLooksAtOverrides(t *testing.T) {
	r := newLearnRig(t)
	mail := r.mail("http://link.example.com" + r.account.Message().Short(sale))
	_, _, errs := r.learn(mail, "--yes", "--archive", r.path("before.ndjson"))
	require.Contains(t, errs, `warning: overrides in the config store were not looked at (there is no service "clickedge")`)

	r.api.AddService("clickedge", "", "sendgrid")
	overridden := `{"esp": "sendgrid", "destinations": ["shop.example.com"], "when_esp_fails": "redirect", "learn": true, "recalls": [{"from": "https://shop.example.com/old", "to": "` + sale + `"}]}`
	r.api.SetItem("link.example.com", overridden)
	exit, out, errs := r.learn(mail, "--yes")
	require.Equal(t, failure.ExitBad, exit, errs)
	require.Contains(t, out, "left out: it leads to where the site's recalls send readers")
	require.NotContains(t, errs, "not looked at")
	require.Empty(t, r.api.KVValues(contract.LinkStore))

	asked := len(r.asked())
	r.api.SetItem("link.example.com", strings.Replace(overridden, `"learn": true`, `"learn": false`, 1))
	exit, out, _ = r.learn(mail, "--yes")
	require.Equal(t, failure.ExitBad, exit)
	require.Contains(t, out, `the site has no "learn": true`)
	require.Len(t, r.asked(), asked)

	r.api.SetItem("link.example.com", `{"esp": "none", "unknown": 1}`)
	exit, _, errs = r.learn(mail, "--yes")
	require.Zero(t, exit, "what the module ignores overrides nothing: %s", errs)
	require.Len(t, r.api.KVValues(contract.LinkStore), 1)

	r.vars["FASTLY_SERVICE_ID"] = "nowhere"
	exit, _, errs = r.learn(mail, "--yes")
	require.NotZero(t, exit, errs)
	require.Len(t, r.asked(), asked+1)
	delete(r.vars, fastlyapi.TokenEnv)
	exit, _, errs = r.learn(mail, "--yes", "--archive", r.path("links.ndjson"))
	require.Zero(t, exit, errs)
	require.Contains(t, errs, "warning: overrides in the config store were not looked at ("+fastlyapi.TokenEnv+" is not set)")
}
