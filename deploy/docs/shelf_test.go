package docs

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"

	"github.com/clickedge/clickedge/deploy/internal/doctortest"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/internal/smtptest"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

// shelf is what all pages share.
type shelf struct {
	root  string // of the clone
	wasm  []byte // a module that was built once
	log   []byte // a click log, written by that module
	setUp *doctortest.Running
}

func newShelf(t *testing.T) *shelf {
	root, err := module.Root(".")
	require.NoError(t, err)
	s := &shelf{root: root}
	sites, err := os.ReadFile(filepath.Join(root, "sites.json"))
	require.NoError(t, err)
	s.wasm, _, err = module.Build(t.Context(), module.Options{Sites: sites})
	require.NoError(t, err)
	s.log = clickLog(t, s.wasm)
	setUp, ok := doctortest.Find("clickedge-customerio-eu")
	require.True(t, ok)
	s.setUp = setUp.Start(t)
	return s
}

// missedClick is a click whose ESP cannot be reached, in clickLog.
const missedClick = "/CL0/https:%2F%2Fshop.example.com%2Fa/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"

// clickLog is what the module writes of two clicks while no ESP can be reached.
func clickLog(t *testing.T, wasm []byte) []byte {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	host, err := hostsim.New(t.Context(), wasm, hostsim.Config{Now: func() time.Time { return noon }})
	require.NoError(t, err)
	defer host.Close(context.Background())
	var log bytes.Buffer
	for range 2 {
		_, x, err := host.Do(t.Context(), &hostsim.Request{Method: "GET", Host: "ses.example.com", Target: missedClick})
		require.NoError(t, err)
		for _, line := range x.Logs {
			log.WriteString(strings.TrimSpace(line.Line) + "\n")
		}
	}
	require.Equal(t, 2, strings.Count(log.String(), `"missed":"yes"`), log.String())
	return log.Bytes()
}

// page is one page that is being done: a folder of its own, a shell, and what
// stands on the network around it.
type page struct {
	*shelf
	t        *testing.T
	text     string
	dir      string
	shell    *interp.Runner
	out, err bytes.Buffer // of the shell
	said     string       // standard output of the last block
	api      *fastlytest.API
	apiURL   string
	served   *served
	landing  *origins.Fleet
	looked   doctortest.Loopback
	mailAddr string
	got      <-chan smtptest.Mail
}

func (s *shelf) open(t *testing.T, text string) *page {
	p := &page{shelf: s, t: t, text: text, dir: t.TempDir(), api: fastlytest.New(token)}
	p.lay()
	t.Chdir(p.dir)
	srv := httptest.NewServer(p.api)
	t.Cleanup(srv.Close)
	p.apiURL = srv.URL
	p.looked = s.setUp.Loopback(t)
	p.openLanding()
	p.mailAddr, p.got = smtptest.Mailbox(t)
	var err error
	p.shell, err = interp.New(
		interp.Dir(p.dir),
		interp.Env(expand.ListEnviron("LINK="+p.link(), "KEY="+token, "PATH=/nonexistent")),
		interp.StdIO(strings.NewReader(""), &p.out, &p.err),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return p.exec }),
	)
	require.NoError(t, err)
	t.Cleanup(func() { p.stop() })
	return p
}

// lay writes what lies in the folder of somebody who follows a page: the files
// of a clone, a module, a click log, and nginx's.
func (p *page) lay() {
	for name, data := range map[string][]byte{"main.wasm": p.wasm, logFile: p.log, "sites.json": nil, "nginx/sites-enabled/link.conf": []byte(nginxConf)} {
		if data == nil {
			var err error
			data, err = os.ReadFile(filepath.Join(p.root, name))
			require.NoError(p.t, err)
		}
		path := filepath.Join(p.dir, name)
		require.NoError(p.t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(p.t, os.WriteFile(path, data, 0o600))
	}
	require.NoError(p.t, os.CopyFS(filepath.Join(p.dir, "deploy/examples"), os.DirFS(filepath.Join(p.root, "deploy/examples"))))
}

// openLanding opens the shop to which the links of the doctor's set-up lead,
// and trusts its authority.
func (p *page) openLanding() {
	var err error
	p.landing, err = origins.Start(nil, origins.Options{Landing: []string{"*.example.com"}})
	require.NoError(p.t, err)
	p.t.Cleanup(func() { p.landing.Close() })
	roots, err := os.ReadFile(p.looked.CAFile)
	require.NoError(p.t, err)
	p.looked.CAFile = filepath.Join(p.dir, "roots.pem")
	require.NoError(p.t, os.WriteFile(p.looked.CAFile, append(roots, p.landing.CAPEM()...), 0o600))
}

// nginxConf is a set-up that "migrate" reads.
const nginxConf = `server {
    listen 443 ssl;
    server_name link.example.com;
    location / {
        proxy_pass https://track-eu.customer.io;
        proxy_set_header Host $host;
        proxy_ssl_server_name on;
    }
}
`
