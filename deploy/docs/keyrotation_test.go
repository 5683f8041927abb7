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

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/cli"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/pack"
	"github.com/clickedge/clickedge/hostsim"
)

const (
	token    = "token-of-the-guide"
	logFile  = "clicks.ndjson"
	keyStore = "clickedge-keys"
)

// inFlight is a link that is in somebody's mail.
type inFlight struct {
	url, kid string
	to       string
	expires  time.Time
}

// rotation is the guide's world: the folder it works in, Fastly's API, and the
// service with the package that was last deployed.
type rotation struct {
	t     *testing.T
	dir   string
	api   *fastlytest.API
	url   string
	now   time.Time
	cache string
	host  *hostsim.Host
	// secrets are those of the API, as the service has them.
	secrets map[string][]byte
	links   []inFlight
	said    string // by the last command
	early   int    // links that were signed before their key was listed
}

// TestKeyRotation does what the guide says, command by command. After every block
// it clicks every link that has not expired: each must lead where it was signed to.
func TestKeyRotation(t *testing.T) {
	r := newRotation(t)
	for _, s := range readGuide(t, filepath.Join(r.dir, "guide.md")) {
		r.now = s.at
		switch s.kind {
		case "sh":
			for line := range strings.Lines(s.text) {
				r.run(s, strings.Fields(line))
				r.clickAll(s)
				r.tooEarly(line)
			}
		case "json":
			require.NoError(t, os.WriteFile(s.file, []byte(s.text), 0o600))
		case "text":
			require.Equal(t, s.text, r.said, s)
		}
	}
	require.Equal(t, 1, r.early)
	r.requireRetired()
}

func newRotation(t *testing.T) *rotation {
	guide, err := os.ReadFile("key-rotation.md")
	require.NoError(t, err)
	r := &rotation{t: t, dir: t.TempDir(), cache: t.TempDir(), api: fastlytest.New(token), secrets: map[string][]byte{}}
	r.api.AddStore(keyStore)
	srv := httptest.NewServer(r.api)
	t.Cleanup(srv.Close)
	r.url = srv.URL
	wasm, _, err := module.Build(t.Context(), module.Options{Sites: []byte(`{"sites": {"other.example.com": {"esp": "sendgrid"}}}`)})
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

// run does one line of a block.
func (r *rotation) run(s step, words []string) {
	switch line := strings.Join(words, " "); {
	case words[0] == "clickedge":
		r.clickedge(s, words[1:])
	case strings.HasPrefix(line, "fastly compute deploy --package "):
		r.deploy(words[len(words)-1])
	case strings.HasPrefix(line, "fastly secret-store-entry delete --store-id store0001 --name "):
		r.api.Remove(keyStore, words[len(words)-1])
	default:
		require.Fail(r.t, "the guide has a command that the test does not know", line)
	}
}

// clickedge runs the command itself, at the guide's time. Secrets are pushed
// unsealed, since the stand-in cannot sign as Fastly does.
func (r *rotation) clickedge(s step, args []string) {
	var out, errs bytes.Buffer
	vars := map[string]string{"FASTLY_API_TOKEN": token, "FASTLY_API_ENDPOINT": r.url}
	env := &cli.Env{In: strings.NewReader(""), Out: &out, Err: &errs, Now: func() time.Time { return r.now },
		LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
	given := args
	if args[1] == "push" {
		given = append(append([]string{}, args...), "--plain")
	}
	require.Equal(r.t, cli.ExitOK, env.Run(r.t.Context(), given), "%s: %v\n%s", s, args, errs.String())
	r.said = out.String()
	if args[0] == "sign" {
		r.mail(strings.TrimSpace(r.said), args[len(args)-1])
	}
}

// mail puts a link in flight.
func (r *rotation) mail(url, to string) {
	link, code := core.Inspect("link.example.com", strings.TrimPrefix(url, "https://link.example.com"))
	require.Equal(r.t, core.OK, code)
	r.links = append(r.links, inFlight{url: url, kid: link.KeyID, to: to, expires: time.Unix(link.Expiry*60, 0)})
}

// deploy puts the package's module onto the simulator. Its secret store is the one
// that the API has, looked into when a request comes.
func (r *rotation) deploy(name string) {
	f, err := os.Open(name)
	require.NoError(r.t, err)
	defer f.Close()
	files, err := pack.ReadArchive(f)
	require.NoError(r.t, err)
	if r.host != nil {
		require.NoError(r.t, r.host.Close(r.t.Context()))
	}
	require.Equal(r.t, "clickedge/bin/main.wasm", files[0].Name)
	r.host = r.start(files[0].Data)
}

func (r *rotation) start(wasm []byte) *hostsim.Host {
	host, err := hostsim.New(r.t.Context(), wasm, hostsim.Config{
		SecretStores: map[string]map[string][]byte{keyStore: r.secrets},
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
		if v, ok := r.api.Value(keyStore, kid); ok {
			r.secrets[kid] = []byte(v)
		}
	}
}

// tooEarly shows why the order is as it is: signed once its secret is in the store,
// but before the service lists the key, a link is dead.
func (r *rotation) tooEarly(line string) {
	if !strings.HasPrefix(line, "clickedge keys push k2") {
		return
	}
	text, err := os.ReadFile("k2.key")
	require.NoError(r.t, err)
	keys, err := keyring.Parse(text)
	require.NoError(r.t, err)
	url, err := core.Mint(core.Link{Host: "link.example.com", KeyID: "k2", Destination: "https://www.example.com/early"}, []byte(keys[0].Secret()))
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
		_, err := fmt.Fprintln(log, strings.TrimSpace(line.Line))
		require.NoError(r.t, err)
	}
	location, _ = resp.Header.Get("Location")
	return resp.Status, location
}

// requireRetired: the links of the old key are refused for good, whatever the time;
// those of the new one live on.
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
	_, stored := r.api.Value(keyStore, "k1")
	require.False(r.t, stored)
}
