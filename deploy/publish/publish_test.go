package publish_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fastly/go-fastly/v16/fastly"
	"github.com/fastly/go-fastly/v16/fastly/domainmanagement/v1/domains"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/pack"
	"github.com/clickedge/clickedge/deploy/publish"
)

const (
	token  = "token-that-nobody-may-see"
	one    = `"link.example.com": {"esp": "customerio-eu", "destinations": ["example.com"], "keys": ["k1"]}`
	learns = `"link.example.com": {"esp": "sendgrid", "destinations": ["example.com"], "when_esp_fails": "redirect", "learn": true}`
	two    = `"ses.example.com": {"esp": "ses-us-east-1", "destinations": ["example.com"], "esp_timeout": "50s"}`
)

// rig is an account and the wanted state.
type rig struct {
	t      *testing.T
	api    *fastlytest.API
	url    string
	client *fastlyapi.Client
	f      *fastly.Client // of another person, who makes changes by hand
	w      publish.Wanted
	said   []string
	pauses int
	pause  func() // what happens in a pause, besides counting it
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, api: fastlytest.New(token), pause: func() {}}
	srv := httptest.NewServer(r.api)
	t.Cleanup(srv.Close)
	r.url = srv.URL
	var err error
	r.client, err = fastlyapi.New(token, fastlyapi.Options{Endpoint: srv.URL, Pause: func(ctx context.Context, _ time.Duration) error { r.pauses++; r.pause(); return ctx.Err() }})
	require.NoError(t, err)
	r.f, err = fastly.NewClientForEndpoint(token, srv.URL)
	require.NoError(t, err)
	r.api.AddStore("clickedge-keys", "k1=correct-horse-battery-staple-0001")
	r.w = publish.Wanted{Name: "clickedge", TLS: &publish.TLS{Authority: "certainly"}}
	r.sites(one, two)
	return r
}

// sites makes the package of these sites the one that is wanted.
func (r *rig) sites(list ...string) {
	text := `{"sites": {` + strings.Join(list, ", ") + `}}`
	var err error
	r.w.Sites, err = sitesjson.Parse("sites.json", []byte(text))
	require.NoError(r.t, err)
	r.pack(text)
	r.w.Comment = "sites.json of the test"
}

// pack makes the package of a module with this text inside.
func (r *rig) pack(text string) {
	var err error
	r.w.Package, err = pack.Archive("clickedge", []byte("\x00asm\x01\x00\x00\x00"+text), pack.Manifest)
	require.NoError(r.t, err)
	files, err := pack.ReadArchive(bytes.NewReader(r.w.Package))
	require.NoError(r.t, err)
	r.w.Hash = pack.Hash(files)
}

func (r *rig) compare() (*publish.Plan, error) {
	found, err := publish.Find(r.t.Context(), r.client, &r.w)
	if err != nil {
		return &publish.Plan{}, err
	}
	return publish.Compare(&r.w, found)
}

func (r *rig) plan() *publish.Plan {
	r.t.Helper()
	p, err := r.compare()
	require.NoError(r.t, err)
	return p
}

func (r *rig) publish() *publish.Result {
	r.t.Helper()
	result, err := r.plan().Apply(r.t.Context(), r.client, func(line string) { r.said = append(r.said, line) })
	require.NoError(r.t, err)
	return result
}

func (r *rig) refused(want ...string) {
	r.t.Helper()
	r.api.Seen()
	_, err := r.compare()
	var refusal *publish.Refusal
	require.ErrorAs(r.t, err, &refusal)
	for _, w := range want {
		require.Contains(r.t, fmt.Sprint(refusal.Reasons), w)
	}
	r.requireUntouched()
}

// requireUntouched: nothing was written since the last check.
func (r *rig) requireUntouched() {
	r.t.Helper()
	for _, seen := range r.api.Seen() {
		require.False(r.t, seen.Writes(), seen)
	}
}

// lines are the changes and their details.
func lines(p *publish.Plan) string {
	var b strings.Builder
	for _, c := range p.Changes() {
		fmt.Fprintf(&b, "%s %s: %s\n", c.Sign, c.What, strings.Join(c.Details, "; "))
	}
	return b.String()
}

func (r *rig) backends(service string, version int) map[string]*fastly.Backend {
	list, err := r.f.ListBackends(r.t.Context(), &fastly.ListBackendsInput{ServiceID: service, ServiceVersion: version})
	require.NoError(r.t, err)
	byName := map[string]*fastly.Backend{}
	for _, b := range list {
		byName[*b.Name] = b
	}
	return byName
}

func (r *rig) versions(service string) (all, active int) {
	list, err := r.f.ListVersions(r.t.Context(), &fastly.ListVersionsInput{ServiceID: service})
	require.NoError(r.t, err)
	for _, v := range list {
		if *v.Active {
			active = *v.Number
		}
	}
	return len(list), active
}

// All parts are in the active version. With the Fastly CLI alone backends,
// domains, certificates, time-outs and stores were missing, or only in a draft.
func TestEverythingIsInTheActiveVersion(t *testing.T) {
	r := newRig(t)
	result := r.publish()
	all, active := r.versions(result.ServiceID)
	require.Equal(t, 1, all)
	require.Equal(t, 1, active)
	require.Equal(t, 1, result.Version)
	require.Equal(t, []string{"link.example.com", "ses.example.com"}, r.api.Served())

	b := r.backends(result.ServiceID, 1)["customerio-eu"]
	require.Equal(t, "track-eu.customer.io", *b.Address)
	require.Equal(t, 443, *b.Port)
	require.True(t, *b.UseSSL)
	require.True(t, *b.SSLCheckCert)
	require.Equal(t, "track-eu.customer.io", *b.SSLSNIHostname)
	require.Equal(t, "track-eu.customer.io", *b.SSLCertHostname)
	require.Equal(t, "1.2", *b.MinTLSVersion)
	require.Equal(t, 2000, *b.ConnectTimeout)
	require.Equal(t, 60000, *b.FirstByteTimeout, "a POST waits a minute")
	require.Equal(t, 10000, *b.BetweenBytesTimeout)
	require.Nil(t, b.OverrideHost, "the ESP knows a sender by the Host")
	require.Len(t, r.backends(result.ServiceID, 1), 2)

	links, err := r.f.ListResources(t.Context(), &fastly.ListResourcesInput{ServiceID: result.ServiceID, ServiceVersion: 1})
	require.NoError(t, err)
	require.Len(t, links, 2)
	p, err := r.f.GetPackage(t.Context(), &fastly.GetPackageInput{ServiceID: result.ServiceID, ServiceVersion: 1})
	require.NoError(t, err)
	require.Equal(t, r.w.Hash, *p.Metadata.FilesHash)
	certificates, err := publish.Certificates(t.Context(), r.client, r.w.Sites.Hosts())
	require.NoError(t, err)
	require.Equal(t, []publish.Challenge{{"_acme-challenge.link.example.com", "CNAME", fastlytest.Challenge("link.example.com")}}, certificates[0].Certificate.Challenges)
}

// A package that knows fewer learned links than the active version, or older
// ones, is refused before anything is written. What a version has is known by
// its comment alone.
func TestAPackageThatForgetsLinksIsRefused(t *testing.T) {
	r := newRig(t)
	knows := func(links int, last string) {
		r.sites(learns)
		r.pack(fmt.Sprint(links, last))
		r.w.Inside = publish.Inside{Links: links, Last: last}
		r.w.Comment = publish.VersionComment([]byte("{}"), r.w.Hash, r.w.Inside)
	}
	knows(2, "2026-11-01")
	r.publish()
	r.publish() // nothing to change

	knows(1, "2026-11-01")
	r.refused("version 1 has 2 learned links, the last of 2026-11-01 inside, and this package has 1 learned link, the last of 2026-11-01")
	knows(2, "2026-10-01")
	r.refused("the last of 2026-10-01: readers of what it lacks")
	knows(0, "")
	r.refused("and this package has 0 learned links:")
	knows(2, "2026-11-02")
	require.NotContains(t, fmt.Sprint(r.plan().Notes), "learned link")
	knows(0, "")
	r.w.ForgetLinks = true
	require.Contains(t, fmt.Sprint(r.plan().Notes), "what it lacks is forgotten")
	r.publish()
	r.w.ForgetLinks = false
	knows(3, "2026-11-03")
	r.publish()

	// A site that does not learn uses none.
	r.sites(`"link.example.com": {"esp": "sendgrid"}`)
	require.NotContains(t, fmt.Sprint(r.plan().Notes), "learned link")
}

// A version whose comment says nothing of its package is not taken for one that
// knows nothing.
func TestWhatAVersionHasInsideIsNotKnown(t *testing.T) {
	for name, comment := range map[string]string{
		"of before":       "sites.json 0123456789ab",
		"by hand":         "a fix",
		"another package": publish.VersionComment([]byte("{}"), "abcdefabcdefabcdef", publish.Inside{Links: 9}),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.sites(learns)
			r.w.Comment = comment
			r.publish()
			require.NotContains(t, fmt.Sprint(r.plan().Notes), "learned", "the package is the same")
			r.sites(learns, `"more.example.com": {"esp": "sendgrid"}`)
			notes := fmt.Sprint(r.plan().Notes)
			require.Contains(t, notes, "whether version 1 knows learned links that this package lacks (it has 0 learned links) is not known")
			require.Contains(t, notes, "how many it has stands at https://link.example.com/.well-known/clickedge")
		})
	}
}

func TestInsideOf(t *testing.T) {
	require.Zero(t, publish.InsideOf(nil))
	in := publish.InsideOf([]learned.Item{{Entry: learned.KnownSince(1772366400, "https://a.example/")}, {Entry: learned.KnownSince(60, "https://a.example/")}})
	require.Equal(t, publish.Inside{Links: 2, Last: "2026-03-01"}, in)
	comment := publish.VersionComment([]byte("{}"), "0123456789abcdef", in)
	require.Equal(t, publish.Comment([]byte("{}"))+", package 0123456789ab, learned links 2, last 2026-03-01", comment)
	l := publish.Linked{Sites: strings.TrimPrefix(publish.Comment([]byte("{}")), "sites.json ")}
	require.True(t, l.PublishedWith([]byte("{}")))
	require.False(t, l.PublishedWith([]byte("{ }")))
	l.Sites = l.Sites[:12] // as Terraform wrote it
	require.True(t, l.PublishedWith([]byte("{}")))
	l.Sites = l.Sites[:4]
	require.False(t, l.PublishedWith([]byte("{}")))
}

// The store of learned links is made and linked where a site learns, and nowhere
// else.
func TestTheStoreOfLearnedLinks(t *testing.T) {
	r := newRig(t)
	r.publish()
	require.Empty(t, r.api.KVStores(), "no site learns")
	r.sites(one, two, `"sg.example.com": {"esp": "sendgrid", "destinations": ["example.com"], "learn": true}`)
	r.publish()
	require.Equal(t, []string{"clickedge-links"}, r.api.KVStores())
	require.Empty(t, r.plan().Changes(), "a second publish changes nothing")
}

func TestASecondPublishChangesNothing(t *testing.T) {
	for _, classic := range []bool{false, true} {
		r := newRig(t)
		r.w.Classic = classic
		var err error
		r.w.Log, err = publish.ReadLog([]byte(`{"https": {"url": "https://log.example.com/", "header_name": "Authorization"}}`), lookup("CLICKEDGE_LOG_HTTPS_HEADER_VALUE=s3cr3t-value"))
		require.NoError(t, err)
		service := r.publish().ServiceID
		for range 3 {
			r.api.Seen()
			p := r.plan()
			require.Empty(t, lines(p))
			require.True(t, p.Empty())
			r.requireUntouched()
		}
		all, _ := r.versions(service)
		require.Equal(t, 1, all)
		require.Empty(t, r.api.Off())
	}
}

// No link domain is ever off the service, through all changes.
func TestNoHostIsEverOff(t *testing.T) {
	for _, classic := range []bool{false, true} {
		r := newRig(t)
		r.w.Classic = classic
		r.publish()
		third := `"third.example.com": {"esp": "sendgrid"}`
		r.sites(one, two, third)
		require.Equal(t, 2, r.publish().Version)
		r.sites(strings.Replace(one, "customerio-eu", "customerio-us", 1), two, third)
		require.Equal(t, 3, r.publish().Version)
		require.Equal(t, []string{"link.example.com", "ses.example.com", "third.example.com"}, r.api.Served())
		require.Empty(t, r.api.Off())
	}
}

// Find and Compare change nothing.
func TestComparingWritesNothing(t *testing.T) {
	r := newRig(t)
	p := r.plan()
	require.Contains(t, lines(p), `+ service "clickedge"`)
	require.Contains(t, lines(p), `+ certificate for link.example.com: from certainly`)
	r.requireUntouched()
}

// handMade makes a service as from the Fastly CLI and the console: with a Host
// override, the API's default time-outs, another backend, and a domain of
// Fastly's.
func (r *rig) handMade() string {
	ctx := r.t.Context()
	p := fastly.ToPointer[string]
	s, err := r.f.CreateService(ctx, &fastly.CreateServiceInput{Name: p("by hand"), Type: p("wasm")})
	require.NoError(r.t, err)
	id := *s.ServiceID
	for name, address := range map[string]string{"customerio-eu": "track-eu.customer.io", "own-site": "www.example.com"} {
		_, err = r.f.CreateBackend(ctx, &fastly.CreateBackendInput{ServiceID: id, ServiceVersion: 1, Name: p(name), Address: p(address), OverrideHost: p(address), Port: fastly.ToPointer(443)})
		require.NoError(r.t, err)
	}
	for _, host := range []string{"link.example.com", "www.example.com", "a-b.edgecompute.app"} {
		_, err = r.f.CreateDomain(ctx, &fastly.CreateDomainInput{ServiceID: id, ServiceVersion: 1, Name: p(host)})
		require.NoError(r.t, err)
	}
	_, err = r.f.CreateHTTPS(ctx, &fastly.CreateHTTPSInput{ServiceID: id, ServiceVersion: 1, Name: p("other"), URL: p("https://log.example.net/")})
	require.NoError(r.t, err)
	old, err := pack.Archive("clickedge", []byte("\x00asm\x01\x00\x00\x00"), pack.Manifest)
	require.NoError(r.t, err)
	_, err = r.f.UpdatePackage(ctx, &fastly.UpdatePackageInput{ServiceID: id, ServiceVersion: 1, PackageContent: old})
	require.NoError(r.t, err)
	_, err = r.f.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 1})
	require.NoError(r.t, err)
	return id
}

func TestAServiceMadeByHandIsAdopted(t *testing.T) {
	r := newRig(t)
	id := r.handMade()
	r.w.ServiceID = id
	p := r.plan()
	require.Contains(t, lines(p), `~ backend "customerio-eu": override_host: none, was "track-eu.customer.io"; use_ssl: "1", was "0"; ssl_sni_hostname: "track-eu.customer.io", was none`)
	notes := strings.Join(p.Notes, "\n")
	require.Contains(t, notes, `backend "own-site" belongs to no site and stays`)
	require.Contains(t, notes, `log endpoint "other" (https) is not the module's and stays`)
	require.Contains(t, notes, `domain www.example.com is on the service but not in sites.json`)
	require.NotContains(t, notes, "edgecompute")
	require.Equal(t, 2, r.publish().Version)

	after := r.backends(id, 2)
	require.Nil(t, after["customerio-eu"].OverrideHost)
	require.Equal(t, "www.example.com", *after["own-site"].OverrideHost)
	require.Equal(t, []string{"a-b.edgecompute.app", "link.example.com", "ses.example.com", "www.example.com"}, r.api.Served())
	require.Empty(t, r.api.Off())
	require.True(t, r.plan().Empty())
}

// A draft that "fastly backend create --autoclone" left unactivated gets a
// note.
func TestADraftLeftByTheCLIIsNamed(t *testing.T) {
	r := newRig(t)
	r.w.ServiceID = r.handMade()
	_, err := r.f.CloneVersion(t.Context(), &fastly.CloneVersionInput{ServiceID: r.w.ServiceID, ServiceVersion: 1})
	require.NoError(t, err)
	require.Contains(t, strings.Join(r.plan().Notes, "\n"), "version 2 is a newer draft than the one that is built on, version 1")
	require.Equal(t, 3, r.publish().Version)
}

// Sent mail has links to a host that was removed from sites.json.
func TestAHostThatLeftIsNotDropped(t *testing.T) {
	for _, classic := range []bool{false, true} {
		r := newRig(t)
		r.w.Classic = classic
		r.publish()
		r.sites(one)
		r.refused("ses.example.com is a link domain of the service and no longer in sites.json", "--remove-host ses.example.com")
		require.Empty(t, r.api.Off())
		r.w.RemoveHosts = []string{"ses.example.com"}
		r.publish()
		require.Equal(t, []string{"link.example.com"}, r.api.Served())
		require.Len(t, r.api.Off(), 1)
		require.True(t, r.plan().Empty())
		r.w.RemoveHosts = []string{"link.example.com"}
		r.refused("link.example.com is in sites.json and cannot be taken off")
	}
}

// The same holds for a host of a service that was made by hand, once it was
// published.
func TestAnAdoptedHostThatLeftIsNotDropped(t *testing.T) {
	r := newRig(t)
	r.w.ServiceID = r.handMade()
	r.publish()
	r.sites(two)
	r.refused("link.example.com is a link domain of the service and no longer in sites.json")
}

func TestAHostOfAnotherServiceIsRefused(t *testing.T) {
	r := newRig(t)
	other, err := r.f.CreateService(t.Context(), &fastly.CreateServiceInput{Name: fastly.ToPointer("other"), Type: fastly.ToPointer("wasm")})
	require.NoError(t, err)
	_, err = domains.Create(t.Context(), r.f, &domains.CreateInput{FQDN: fastly.ToPointer("link.example.com"), ServiceID: other.ServiceID})
	require.NoError(t, err)
	r.refused("link.example.com is on another service of the account, "+*other.ServiceID, "--service-id "+*other.ServiceID)
}

// The API reports a domain that another service's version has only at
// activation.
func TestAHostOfAnotherServicesVersionIsRefused(t *testing.T) {
	for _, classic := range []bool{false, true} {
		r := newRig(t)
		other := r.handMade()
		r.w.Classic = classic
		r.refused("link.example.com is on another service of the account, "+other, "--service-id "+other)
		require.Empty(t, r.api.Off())
	}
}

func TestADomainOfNoServiceIsTaken(t *testing.T) {
	r := newRig(t)
	_, err := domains.Create(t.Context(), r.f, &domains.CreateInput{FQDN: fastly.ToPointer("link.example.com"), Description: fastly.ToPointer("mine")})
	require.NoError(t, err)
	r.publish()
	require.Equal(t, []string{"link.example.com", "ses.example.com"}, r.api.Served())
	require.True(t, r.plan().Empty())
}

// Without the key of its hashes a log is only poorer: that is said, and nothing
// is refused.
func TestAMissingKeyOfHashesIsSaid(t *testing.T) {
	r := newRig(t)
	r.sites(strings.Replace(one, `"keys":`, `"log_hashes": "h1", "keys":`, 1))
	require.Contains(t, strings.Join(r.plan().Notes, "\n"), "the secret store lacks h1, named by log_hashes: log lines have no hashes until clickedge keys push")
	r.publish()
}

// A key that a site names and the store lacks would make dead links.
func TestAMissingKeyIsRefused(t *testing.T) {
	r := newRig(t)
	r.sites(strings.Replace(one, `"k1"`, `"k1", "k2"`, 1))
	r.refused("the secret store lacks k2 of site link.example.com: links", "clickedge keys push k2 --key-file k2.key --store clickedge-keys")
	r.w.AllowMissingKeys = true
	require.Contains(t, strings.Join(r.plan().Notes, "\n"), "the secret store lacks k2")
	r.publish()
	r.w.AllowMissingKeys = false
	r.refused("the secret store lacks k2")
}

// The error names each key with its own site, and the hint's command pushes all
// of them.
func TestMissingKeysOfSeveralSites(t *testing.T) {
	r := newRig(t)
	r.sites(strings.Replace(one, `"k1"`, `"k1", "k2"`, 1), strings.Replace(two, `"esp_timeout"`, `"keys": ["k3"], "esp_timeout"`, 1))
	r.refused("lacks k2 of site link.example.com, k3 of site ses.example.com: links", "clickedge keys push k2 k3 --key-file k2.key --key-file k3.key --store clickedge-keys")
}

// Terraform and publish would undo each other's changes.
func TestAServiceOfTerraformIsNamed(t *testing.T) {
	r := newRig(t)
	_, err := r.f.CreateService(t.Context(), &fastly.CreateServiceInput{Name: fastly.ToPointer("clickedge"), Type: fastly.ToPointer("wasm"), Comment: fastly.ToPointer("Branded link domains, managed by Terraform.")})
	require.NoError(t, err)
	require.Contains(t, strings.Join(r.plan().Notes, "\n"), "Terraform manages it: the next terraform apply changes back")
	r = newRig(t)
	r.publish()
	require.NotContains(t, strings.Join(r.plan().Notes, "\n"), "Terraform")
}

func TestEveryReasonAtOnce(t *testing.T) {
	r := newRig(t)
	r.publish()
	r.sites(strings.Replace(one, `"k1"`, `"k2"`, 1))
	r.refused("lacks k2", "ses.example.com is a link domain")
}

// A failure before the activation changes nothing for readers, and after one
// later the same command continues.
func TestAFailureActivatesNothing(t *testing.T) {
	for _, f := range []fastlytest.Fault{
		{Method: "PUT", Path: "/service/*/version/1/clone", Status: 500},
		{Method: "POST", Path: "/service/*/version/2/backend", Status: 400},
		{Method: "PUT", Path: "/service/*/version/2/package", Status: 400},
		{Method: "PUT", Path: "/service/*/version/2", Status: 400},
		{Method: "GET", Path: "/service/*/version/2/validate", Status: 200, Body: `{"status": "error", "msg": "no"}`},
		{Method: "PUT", Path: "/service/*/version/2/activate", Status: 400},
	} {
		t.Run(f.Path, func(t *testing.T) {
			r := newRig(t)
			service := r.publish().ServiceID
			r.sites(one, two, `"third.example.com": {"esp": "sendgrid"}`)
			plan := r.plan()
			r.api.Fail(f)
			_, err := plan.Apply(t.Context(), r.client, func(string) {})
			var u *publish.Unfinished
			require.ErrorAs(t, err, &u)
			require.Contains(t, u.State, "nothing was activated: version 1 is active as before")
			if f.Status < 500 {
				require.Contains(t, u.Hint(), "would be refused again")
			}
			_, active := r.versions(service)
			require.Equal(t, 1, active)
			require.Equal(t, []string{"link.example.com", "ses.example.com"}, r.api.Served(), "no host leads to a module that does not know it")
			r.publish()
			require.Equal(t, []string{"link.example.com", "ses.example.com", "third.example.com"}, r.api.Served())
			require.Empty(t, r.api.Off())
		})
	}
}

func TestAFailureAfterTheActivationIsTakenUp(t *testing.T) {
	r := newRig(t)
	plan := r.plan()
	r.api.Fail(fastlytest.Fault{Method: "POST", Path: "/tls/subscriptions", Status: 400})
	_, err := plan.Apply(t.Context(), r.client, func(string) {})
	var u *publish.Unfinished
	require.ErrorAs(t, err, &u)
	require.Contains(t, u.State, "the version is in place, and what comes after it is not complete")
	require.Contains(t, u.Hint(), "would be refused again")
	p := r.plan()
	require.Empty(t, p.Version)
	require.Len(t, p.After, 2)
	r.publish()
	require.True(t, r.plan().Empty())
}

// The hint advises another run only if that may succeed.
func TestHintsOfFailures(t *testing.T) {
	for status, want := range map[int]string{
		0: "the same command again continues", 400: "would be refused again", 402: "would be refused again", 409: "would be refused again", 422: "would be refused again",
		401: "the token is wrong", 403: "the role engineer", 408: "the same command again continues", 429: "wait and try again", 500: "fastlystatus.com",
	} {
		u := &publish.Unfinished{Err: fmt.Errorf("+ x: %w", &fastlyapi.Error{Method: "POST", Path: "/x", Status: status})}
		require.Contains(t, u.Hint(), want, "%d", status)
	}
	u := &publish.Unfinished{Err: errors.New("somebody else activated version 7 meanwhile")}
	require.Contains(t, u.Hint(), "the same command again continues")
}

// An activation whose answer was lost counts.
func TestAnActivationWhoseAnswerWasLost(t *testing.T) {
	r := newRig(t)
	plan := r.plan()
	var lost []fastlytest.Fault
	for range 4 {
		lost = append(lost, fastlytest.Fault{Method: "PUT", Path: "/service/*/version/1/activate", After: true})
	}
	r.api.Fail(lost...)
	_, err := plan.Apply(t.Context(), r.client, func(string) {})
	require.NoError(t, err)
	require.Len(t, r.api.Served(), 2)
}

// After an interruption in the middle of the activation the error does not say
// that nothing was activated.
func TestAnActivationThatWasInterrupted(t *testing.T) {
	for _, down := range []bool{false, true} {
		r := newRig(t)
		plan := r.plan()
		ctx, cancel := context.WithCancel(t.Context())
		r.pause = func() { // the answer is lost, and the operator does not wait for another
			cancel()
			r.pause = func() {}
			for range 4 {
				if down {
					r.api.Fail(fastlytest.Fault{Method: "GET", Path: "/service/*/version/1", Status: 503})
				}
			}
		}
		r.api.Fail(fastlytest.Fault{Method: "PUT", Path: "/service/*/version/1/activate", After: true})
		_, err := plan.Apply(ctx, r.client, func(string) {})
		var u *publish.Unfinished
		require.ErrorAs(t, err, &u)
		if down {
			require.Equal(t, "whether version 1 became active is not known; the same command again finds out", u.State)
		} else {
			require.Contains(t, u.State, "the version is in place")
		}
		r.publish()
		require.Len(t, r.api.Served(), 2)
		require.True(t, r.plan().Empty())
	}
}

// If the answer to the creation of a domain is lost, the next publish finds the
// domain.
func TestADomainWhoseAnswerWasLost(t *testing.T) {
	r := newRig(t)
	plan := r.plan()
	r.api.Fail(fastlytest.Fault{Method: "POST", Path: "/domain-management/v1/domains", After: true})
	_, err := plan.Apply(t.Context(), r.client, func(string) {})
	require.Error(t, err)
	require.NotContains(t, lines(r.plan()), `domain "link.example.com"`)
	r.publish()
	require.Len(t, r.api.Served(), 2)
}

// A service that was created before a failure is found again.
func TestAFirstPublishThatFailedIsTakenUp(t *testing.T) {
	r := newRig(t)
	plan := r.plan()
	r.api.Fail(fastlytest.Fault{Method: "PUT", Path: "/service/*/version/1/package", Status: 400})
	_, err := plan.Apply(t.Context(), r.client, func(string) {})
	var u *publish.Unfinished
	require.ErrorAs(t, err, &u)
	require.Contains(t, u.State, "version 1 is a draft")
	require.Contains(t, u.State, "is found by its name again")
	result := r.publish()
	all, active := r.versions(result.ServiceID)
	require.Equal(t, 1, all)
	require.Equal(t, 1, active)
}

// A version that somebody else activated meanwhile is not undone.
func TestAVersionThatSomebodyElseActivates(t *testing.T) {
	r := newRig(t)
	service := r.publish().ServiceID
	r.sites(one, two, `"third.example.com": {"esp": "sendgrid"}`)
	plan := r.plan()
	_, err := r.f.CloneVersion(t.Context(), &fastly.CloneVersionInput{ServiceID: service, ServiceVersion: 1})
	require.NoError(t, err)
	_, err = r.f.ActivateVersion(t.Context(), &fastly.ActivateVersionInput{ServiceID: service, ServiceVersion: 2})
	require.NoError(t, err)
	_, err = plan.Apply(t.Context(), r.client, func(string) {})
	require.ErrorContains(t, err, "somebody else activated version 2 meanwhile")
	_, active := r.versions(service)
	require.Equal(t, 2, active)
}

func TestStagingLeavesReadersAlone(t *testing.T) {
	r := newRig(t)
	service := r.publish().ServiceID
	r.sites(one, two, `"third.example.com": {"esp": "sendgrid"}`)
	r.w.Stage = true
	require.Contains(t, strings.Join(r.plan().Notes, "\n"), `+ domain "third.example.com": waits for a publish without --stage`)
	r.publish()
	_, active := r.versions(service)
	require.Equal(t, 1, active)
	require.Equal(t, []string{"link.example.com", "ses.example.com"}, r.api.Served())
	require.True(t, r.plan().Empty(), "the second time too")
	r.w.Stage = false
	r.publish()
	require.Len(t, r.api.Served(), 3)
}

func TestAServiceThatIsNotOne(t *testing.T) {
	r := newRig(t)
	r.w.ServiceID = "nowhere"
	r.refused(`the account has no service "nowhere"`)
	s, err := r.f.CreateService(t.Context(), &fastly.CreateServiceInput{Name: fastly.ToPointer("vcl"), Type: fastly.ToPointer("vcl")})
	require.NoError(t, err)
	r.w.ServiceID = *s.ServiceID
	r.refused(`is of type "vcl", not a Compute service`)
	r.w.ServiceID, r.w.TLS.Configuration = "", "none"
	r.refused(`the account has no TLS configuration "none"`)
}

func TestALinkThatLeadsElsewhere(t *testing.T) {
	r := newRig(t)
	r.w.ServiceID = r.handMade()
	v, err := r.f.CloneVersion(t.Context(), &fastly.CloneVersionInput{ServiceID: r.w.ServiceID, ServiceVersion: 1})
	require.NoError(t, err)
	store := r.api.AddStore("other")
	_, err = r.f.CreateResource(t.Context(), &fastly.CreateResourceInput{ServiceID: r.w.ServiceID, ServiceVersion: *v.Number, Name: fastly.ToPointer("clickedge"), ResourceID: &store})
	require.NoError(t, err)
	_, err = r.f.ActivateVersion(t.Context(), &fastly.ActivateVersionInput{ServiceID: r.w.ServiceID, ServiceVersion: *v.Number})
	require.NoError(t, err)
	r.refused(`the service links "clickedge" to something of type "secret-store"`)
}

func TestTwoStoresOfOneName(t *testing.T) {
	r := newRig(t)
	r.api.AddStore("clickedge-keys", "k1=other")
	r.refused(`the account has 2 secret stores named "clickedge-keys"`)
}

func TestWaitingForCertificatesEnds(t *testing.T) {
	r := newRig(t)
	r.publish()
	var said []string
	say := func(line string) { said = append(said, line) }
	err := publish.WaitTLS(t.Context(), r.client, r.w.Sites.Hosts(), time.Minute, say)
	require.ErrorContains(t, err, "after 1m0s there is no certificate yet for link.example.com, ses.example.com")
	require.Equal(t, 4, r.pauses)
	require.Equal(t, []string{"certificates: 0 of 2 issued; waiting for link.example.com, ses.example.com"}, said)
	r.api.Issue("link.example.com")
	r.api.Issue("ses.example.com")
	err = publish.WaitTLS(t.Context(), r.client, r.w.Sites.Hosts(), time.Minute, say)
	require.NoError(t, err)
	require.Equal(t, "certificates: 2 of 2 issued", said[1])
}

func lookup(vars ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, v := range vars {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value, true
			}
		}
		return "", false
	}
}
