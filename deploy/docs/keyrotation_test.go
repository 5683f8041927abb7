package docs

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fastly/go-fastly/v16/fastly"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/cli"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/pack"
	"github.com/clickedge/clickedge/hostsim"
)

const (
	token   = "token-of-the-guide"
	logFile = "clicks.ndjson"
)

// inFlight is a link that is in somebody's mail.
type inFlight struct {
	url, kid string
	to       string
	expires  time.Time
}

// roads are the guide's ways of activating a version. A block for another way
// is skipped.
var roads = []string{"publish", "terraform", "cli"}

// rotation is the guide's world: the folder it works in, Fastly's API, and the
// service with the package that was last deployed.
type rotation struct {
	t     *testing.T
	road  string
	dir   string
	api   *fastlytest.API
	url   string
	now   time.Time
	cache string
	host  *hostsim.Host
	// fastly is the client of the roads that are stood in for.
	fastly *fastly.Client
	// secrets are those of the API, as the service has them.
	secrets  map[string][]byte
	links    []inFlight
	said     string // by the last command
	versions int    // that were deployed
	early    int    // links that were signed before their key was listed
}

// The guide is followed as it is written, in each of its ways. After every
// block every link that has not expired is clicked: each must lead where it was
// signed to.
func TestKeyRotation(t *testing.T) {
	wasm, _, err := module.Build(t.Context(), module.Options{Sites: []byte(`{"sites": {"other.example.com": {"esp": "sendgrid"}}}`)})
	require.NoError(t, err)
	cache := t.TempDir() // of compiled modules: the roads deploy the same ones
	for _, road := range roads {
		t.Run(road, func(t *testing.T) {
			r := newRotation(t, wasm, cache)
			r.road = road
			for _, s := range readGuide(t, filepath.Join(r.dir, "guide.md")) {
				r.now = s.at
				r.step(s)
			}
			require.Equal(t, 1, r.early)
			r.requireRetired()
			require.Equal(t, 1, r.services(), "the guide made another service")
			require.Empty(t, r.api.Off())
		})
	}
}

// step does a block.
func (r *rotation) step(s step) {
	switch {
	case s.kind == "sh" && s.file == "":
		for line := range strings.Lines(s.text) {
			r.run(s, strings.Fields(line))
			r.clickAll(s)
			r.tooEarly(line)
		}
	case s.kind == "sh" && s.file == r.road:
		r.setUp(s)
		for line := range strings.Lines(s.text) {
			r.run(s, strings.Fields(line))
		}
		r.deployed()
		r.clickAll(s)
	case s.kind == "sh":
		require.Contains(r.t, roads, s.file, s)
	case s.kind == "json":
		require.NoError(r.t, os.WriteFile(s.file, []byte(s.text), 0o600))
	case s.kind == "text":
		require.Equal(r.t, s.text, r.said, s)
	}
}

// setUp makes the service where a road takes for granted that there is one.
func (r *rotation) setUp(s step) {
	if r.road != "publish" && r.services() == 0 {
		r.clickedge(s, []string{"publish"})
	}
}

// services counts those of the account.
func (r *rotation) services() int {
	list, err := r.fastly.ListServices(r.t.Context(), &fastly.ListServicesInput{})
	require.NoError(r.t, err)
	return len(list)
}

func newRotation(t *testing.T, wasm []byte, cache string) *rotation {
	guide, err := os.ReadFile("key-rotation.md")
	require.NoError(t, err)
	r := &rotation{t: t, dir: t.TempDir(), cache: cache, api: fastlytest.New(token), secrets: map[string][]byte{}}
	srv := httptest.NewServer(r.api)
	t.Cleanup(srv.Close)
	r.url = srv.URL
	r.fastly, err = fastly.NewClientForEndpoint(token, srv.URL)
	require.NoError(t, err)
	for name, data := range map[string][]byte{"guide.md": guide, "main.wasm": wasm, logFile: nil} {
		require.NoError(t, os.WriteFile(filepath.Join(r.dir, name), data, 0o600))
	}
	t.Chdir(r.dir)
	t.Cleanup(func() {
		if r.host != nil {
			r.host.Close(context.Background())
		}
	})
	return r
}

// run runs one line of a block. Of Terraform and the Fastly CLI, only the
// effect that the guide needs is imitated: the real ones are run against the
// same stand-in elsewhere.
func (r *rotation) run(s step, words []string) {
	switch line := strings.Join(words, " "); {
	case words[0] == "clickedge":
		r.clickedge(s, words[1:])
	case line == "terraform apply":
		r.requirePlan()
		r.upload("pkg/clickedge.tar.gz")
	case strings.HasPrefix(line, `fastly compute deploy --service-id "$FASTLY_SERVICE_ID" --package `):
		r.upload(words[len(words)-1])
	default:
		require.Fail(r.t, "the guide has a command that the test does not know", line)
	}
}

// clickedge runs the command itself, as it stands, at the guide's time.
func (r *rotation) clickedge(s step, args []string) {
	var out, errs bytes.Buffer
	vars := map[string]string{"FASTLY_API_TOKEN": token, "FASTLY_API_ENDPOINT": r.url}
	env := &cli.Env{In: strings.NewReader(""), Out: &out, Err: &errs, Now: func() time.Time { return r.now },
		LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, SigningKey: r.api.SigningKey()}
	require.Equal(r.t, failure.ExitOK, env.Run(r.t.Context(), args), "%s: %v\n%s", s, args, errs.String())
	r.said = out.String()
	if args[0] == "sign" {
		r.mail(strings.TrimSpace(r.said), args[len(args)-1])
	}
}

// requirePlan: the plan is that of the package.
func (r *rotation) requirePlan() {
	text, err := os.ReadFile("clickedge.plan.json")
	require.NoError(r.t, err)
	f, err := os.Open("pkg/clickedge.tar.gz")
	require.NoError(r.t, err)
	defer f.Close()
	files, err := pack.ReadArchive(f)
	require.NoError(r.t, err)
	require.Contains(r.t, string(text), pack.Hash(files))
}

// upload activates a version of the one service with this package.
func (r *rotation) upload(name string) {
	ctx := r.t.Context()
	list, err := r.fastly.ListServices(ctx, &fastly.ListServicesInput{})
	require.NoError(r.t, err)
	require.Len(r.t, list, 1)
	v, err := r.fastly.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: *list[0].ServiceID, ServiceVersion: *list[0].ActiveVersion})
	require.NoError(r.t, err)
	_, err = r.fastly.UpdatePackage(ctx, &fastly.UpdatePackageInput{ServiceID: *list[0].ServiceID, ServiceVersion: *v.Number, PackagePath: &name})
	require.NoError(r.t, err)
	_, err = r.fastly.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: *list[0].ServiceID, ServiceVersion: *v.Number})
	require.NoError(r.t, err)
}

// mail puts a link in flight.
func (r *rotation) mail(url, to string) {
	link, code := signed.Inspect("link.example.com", strings.TrimPrefix(url, "https://link.example.com"))
	require.Equal(r.t, outcome.OK, code)
	r.links = append(r.links, inFlight{url: url, kid: link.KeyID, to: to, expires: time.Unix(link.Expiry*60, 0)})
}

// deployed puts the module that answers for the host onto the simulator. Its
// secret store is the one that the API has, looked into when a request comes.
func (r *rotation) deployed() {
	files, err := pack.ReadArchive(bytes.NewReader(r.api.Package("link.example.com")))
	require.NoError(r.t, err)
	if r.host != nil {
		require.NoError(r.t, r.host.Close(r.t.Context()))
	}
	require.Equal(r.t, "clickedge/bin/main.wasm", files[0].Name)
	r.versions++
	r.host = r.start(files[0].Data)
}

func (r *rotation) start(wasm []byte) *hostsim.Host {
	host, err := hostsim.New(r.t.Context(), wasm, hostsim.Config{
		SecretStores: map[string]map[string][]byte{contract.SecretStore: r.secrets},
		Now:          func() time.Time { return r.now },
		CacheDir:     r.cache,
	})
	require.NoError(r.t, err)
	return host
}

// refresh gives the service the secrets that the API has now.
func (r *rotation) refresh() {
	clear(r.secrets)
	for _, kid := range []string{"k1", "k2"} {
		if v, ok := r.api.Value(contract.SecretStore, kid); ok {
			r.secrets[kid] = []byte(v)
		}
	}
}

// tooEarly shows why the order is as it is: signed once its secret is in the
// store, but before the service lists the key, a link is dead.
func (r *rotation) tooEarly(line string) {
	if !strings.HasPrefix(line, "clickedge keys push k2") {
		return
	}
	text, err := os.ReadFile("k2.key")
	require.NoError(r.t, err)
	keys, err := keyring.Parse(text)
	require.NoError(r.t, err)
	url, err := signed.Mint(signed.Link{Host: "link.example.com", KeyID: "k2", Destination: "https://www.example.com/early"}, []byte(keys[0].Secret()))
	require.NoError(r.t, err)
	status, _ := r.click(inFlight{url: url})
	require.Equal(r.t, 403, status)
	r.early++
}

// clickAll clicks what has not expired. What was signed just now is in nobody's
// mail before the service has been deployed at all.
func (r *rotation) clickAll(s step) {
	if r.host == nil {
		return
	}
	for _, l := range r.links {
		if !r.now.Before(l.expires) {
			continue
		}
		status, location := r.click(l)
		require.Equal(r.t, 302, status, "%s: a dead link in flight: %s", s, l.url)
		require.Equal(r.t, l.to, location)
	}
}

// click asks the service and appends its line to the click log, as the log
// endpoint would.
func (r *rotation) click(l inFlight) (status int, location string) {
	r.refresh()
	resp, x, err := r.host.Do(r.t.Context(), &hostsim.Request{Method: "GET", Host: "link.example.com", Target: strings.TrimPrefix(l.url, "https://link.example.com")})
	require.NoError(r.t, err)
	log, err := os.OpenFile(logFile, os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(r.t, err)
	defer log.Close()
	for _, line := range x.Logs {
		_, err := fmt.Fprintln(log, r.numbered(strings.TrimSpace(line.Line)))
		require.NoError(r.t, err)
	}
	location, _ = resp.Header.Get("Location")
	return resp.Status, location
}

// numbered gives a line a request id that no other has, as on Fastly: the
// simulator counts anew with each module that is deployed.
func (r *rotation) numbered(line string) string {
	const first = `"request":"00000000`
	require.Contains(r.t, line, first)
	return strings.Replace(line, first, fmt.Sprintf(`"request":"%08x`, r.versions), 1)
}

// requireRetired: the links of the old key are refused for good, whatever the
// time; those of the new one live on.
func (r *rotation) requireRetired() {
	dead, alive := 0, 0
	r.now = time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC) // when none had expired
	for _, l := range r.links {
		status, _ := r.click(l)
		switch l.kid {
		case "k1":
			require.Equal(r.t, 403, status)
			dead++
		case "k2":
			require.Equal(r.t, 302, status)
			alive++
		}
	}
	require.Equal(r.t, 2, dead)
	require.Equal(r.t, 1, alive)
	log, err := os.ReadFile(logFile)
	require.NoError(r.t, err)
	require.Equal(r.t, 2+r.early, strings.Count(string(log), `"code":"unknown_key"`))
	_, stored := r.api.Value(contract.SecretStore, "k1")
	require.False(r.t, stored)
}
