package docs

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/cli"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/pack"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const (
	learnHost = "link.example.com"
	// Where SendGrid's links lead: two readers clicked on clicked, one on once,
	// and nobody but the sender on mailed, sale and the personal one.
	clicked  = "https://shop.example.com/clicked"
	once     = "https://shop.example.com/once"
	mailed   = "https://shop.example.com/spring?utm_source=mail"
	sale     = "https://shop.example.com/sale"
	personal = "https://shop.example.com/cart/5f3c9a0b7d2e41c8a6b0"
)

// learning is the guide's world: SendGrid's stand-in, the service with the
// package that was last published, and its KV store.
type learning struct {
	t       *testing.T
	api     *fastlytest.API
	url     string
	fastly  *fastlyapi.Client
	cache   string
	account *origins.SendGridAccount
	fleet   *origins.Fleet
	ca      string
	host    *hostsim.Host
	front   *wire.Server
	addr    string // of front
	said    string
	wasm    []byte // that runs
	// known says which destinations must be known by now.
	known map[string]bool
	// now is when all of it happens: the certificates are valid then.
	now time.Time
}

func (l *learning) clock() time.Time { return l.now }

func newLearning(t *testing.T, sites string) *learning {
	l := &learning{t: t, api: fastlytest.New(token), cache: t.TempDir(), account: &origins.SendGridAccount{Secret: "guide"}, known: map[string]bool{}, now: time.Now()}
	srv := httptest.NewServer(l.api)
	t.Cleanup(srv.Close)
	l.url = srv.URL
	var err error
	l.fastly, err = fastlyapi.New(token, fastlyapi.Options{Endpoint: l.url})
	require.NoError(t, err)
	parsed, err := sitesjson.Parse("sites.json", []byte(sites))
	require.NoError(t, err)
	l.fleet, err = origins.Start(parsed.Origins(), origins.Options{SendGrid: l.account})
	require.NoError(t, err)
	wasm, _, err := module.Build(t.Context(), module.Options{Sites: []byte(`{"sites": {"other.example.com": {"esp": "sendgrid"}}}`)})
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	l.ca = "ca.pem"
	for name, data := range map[string][]byte{"main.wasm": wasm, l.ca: l.fleet.CAPEM(), "spring-sale.eml": l.mail()} {
		require.NoError(t, os.WriteFile(name, data, 0o600))
	}
	t.Cleanup(func() {
		l.stop()
		l.fleet.Close()
	})
	return l
}

// mail is the sender's own copy.
func (l *learning) mail() []byte {
	own := l.account.Message()
	var b bytes.Buffer
	b.WriteString("From: shop@example.com\r\nTo: sender@example.com\r\nContent-Type: text/html; charset=utf-8\r\n\r\n")
	for _, target := range []string{own.Short(mailed), own.Short(sale), own.Short(personal), "/asm/unsubscribe/?user_id=1"} {
		fmt.Fprintf(&b, "<a href=\"https://%s%s\">Open</a>\r\n", learnHost, target)
	}
	return b.Bytes()
}

func (l *learning) stop() {
	if l.host != nil {
		l.front.Close()
		l.host.Close(context.Background())
		l.host = nil
	}
}

// start starts the module in a place of the network where nobody has clicked:
// its cache is empty, and the store has what the account's has, or nothing.
func (l *learning) start(store map[string]string) {
	l.stop()
	cfg := hostsim.Config{Backends: map[string]hostsim.Backend{}, CacheDir: l.cache, Now: l.clock, KVStores: map[string]map[string]hostsim.KVEntry{contract.LinkStore: {}}}
	for name, value := range store {
		cfg.KVStores[contract.LinkStore][name] = hostsim.KVEntry{Value: []byte(value)}
	}
	cfg.Backends["sendgrid"] = hostsim.Backend{URL: "https://" + l.fleet.Addr("sendgrid"), SNI: "sendgrid.net", CertHost: "sendgrid.net", CA: l.fleet.CA()}
	var err error
	l.host, err = hostsim.New(l.t.Context(), l.wasm, cfg)
	require.NoError(l.t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(l.t, err)
	cert, err := l.fleet.Certificate(learnHost)
	require.NoError(l.t, err)
	l.front = &wire.Server{Handler: l.host, TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}}}
	go l.front.Serve(ln)
	l.addr = ln.Addr().String()
}

// run runs the commands of a block.
func (l *learning) run(s step) {
	for line := range strings.Lines(s.text) {
		words := strings.Fields(line)
		require.Equal(l.t, "clickedge", words[0], s)
		switch words[1] {
		case "learn":
			words = append(words, "--via", learnHost+"="+l.addr, "--ca", l.ca)
		case "explain":
			require.Equal(l.t, `"$LINK"`, words[len(words)-1], s)
			words[len(words)-1] = "https://" + learnHost + l.account.Message().Short(mailed)
		}
		var out, errs bytes.Buffer
		vars := map[string]string{fastlyapi.TokenEnv: token, fastlyapi.EndpointEnv: l.url}
		env := &cli.Env{In: strings.NewReader(""), Out: &out, Err: &errs, Now: l.clock, SigningKey: l.api.SigningKey(),
			LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
		require.Equal(l.t, failure.ExitOK, env.Run(l.t.Context(), words[1:]), "%s: %v\n%s%s", s, words, &out, &errs)
		l.said = out.String()
		if words[1] == "publish" {
			files, err := pack.ReadArchive(bytes.NewReader(l.api.Package(learnHost)))
			require.NoError(l.t, err)
			l.wasm = files[0].Data
			l.start(l.store())
		}
	}
}

func (l *learning) store() map[string]string { return l.api.KVValues(contract.LinkStore) }

// read lets readers click while SendGrid answers, and puts what the module
// wrote into the account's store.
func (l *learning) read(destinations ...string) {
	var pairs []fastlyapi.KVPair
	for _, destination := range destinations {
		target := l.account.Message().Short(destination)
		require.Equal(l.t, destination, l.click(target))
		link, ok := learned.Read(learnHost, esp.FamilySendGrid, target)
		require.True(l.t, ok)
		if e, ok := l.host.KV(contract.LinkStore, link.Name.String()); ok {
			pairs = append(pairs, fastlyapi.KVPair{Key: link.Name.String(), Value: e.Value})
		}
	}
	store, err := l.fastly.FindKVStore(l.t.Context(), contract.LinkStore)
	require.NoError(l.t, err)
	require.NoError(l.t, l.fastly.PutKV(l.t.Context(), store.StoreID, pairs))
}

// click returns where a link leads, "" for a page.
func (l *learning) click(target string) string {
	l.t.Helper()
	resp, _, err := l.host.Do(l.t.Context(), &hostsim.Request{Method: "GET", Host: learnHost, Target: target})
	require.NoError(l.t, err)
	location, _ := resp.Header.Get("Location")
	return location
}

// outage clicks on every link while SendGrid is down, in a place where nobody
// has clicked before: what must be known leads there, and nothing else does.
func (l *learning) outage(s step, store map[string]string) {
	l.t.Helper()
	l.start(store)
	require.NoError(l.t, l.fleet.SetFault("sendgrid", origins.Refuse))
	for _, destination := range []string{clicked, once, mailed, sale, personal} {
		want := ""
		if l.known[destination] {
			want = destination
		}
		require.Equal(l.t, want, l.click(l.account.Message().Short(destination)), "%s: %s", s, destination)
	}
	require.NoError(l.t, l.fleet.SetFault("sendgrid", origins.Up))
	l.start(l.store())
}

// The guide is followed as it is written, and after each command SendGrid goes
// down: what the guide says is known by then leads home.
func TestLearn(t *testing.T) {
	steps := readGuide(t, "learn.md")
	require.Equal(t, "sites.json", steps[0].file)
	l := newLearning(t, steps[0].text)
	follows := map[string]func(step){
		"clickedge check sites.json\n": func(s step) {
			l.outage(s, nil)
			l.read(clicked, once)
			l.outage(s, l.store())
			l.read(clicked, clicked)
			l.known[clicked] = true
			l.outage(s, l.store())
		},
		"clickedge learn ": func(step) {
			l.known[mailed], l.known[sale] = true, true
		},
		"clickedge archive export ": func(s step) {
			require.Contains(t, l.said, "3 learned links inside", "what publish says of the package")
			l.outage(s, nil) // without the store
			resp, _, err := l.host.Do(t.Context(), &hostsim.Request{Method: "GET", Host: learnHost, Target: "/.well-known/clickedge"})
			require.NoError(t, err)
			require.Contains(t, string(resp.Body), `"learned":3}`)
			l.api.AddKVStore("other-links", nil)
		},
		"clickedge explain ": func(step) {
			require.Contains(t, l.said, mailed)
			require.Contains(t, l.said, "since "+l.now.UTC().Format(time.DateOnly))
		},
		"clickedge archive import ": func(step) {
			require.Len(t, l.store(), 3)
			require.Equal(t, l.store(), l.api.KVValues("other-links"))
		},
	}
	for _, s := range steps {
		switch s.kind {
		case "json":
			require.NoError(t, os.WriteFile(s.file, []byte(s.text), 0o600))
		case "text":
			require.Equal(t, s.text, l.said, s)
		case "sh":
			l.run(s)
			for start, do := range follows {
				if strings.HasPrefix(s.text, start) {
					do(s)
					delete(follows, start)
				}
			}
			l.outage(s, l.store())
		default:
			require.Fail(t, "a block that no test runs", "%s: %q", s, s.kind)
		}
	}
	require.Empty(t, follows, "the guide does not do that any more")
	require.Empty(t, l.api.Off())
}
