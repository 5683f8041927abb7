//go:build wasip1

// Corefsthttp carries out what core decides with Fastly's SDK alone, as most Go
// programs for Compute are written. Stock, its main is called; prewarmed, serve
// is.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/rtlog"
	"github.com/fastly/compute-sdk-go/secretstore"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/sitesjson"
)

//go:embed sites.json
var text []byte

var sites = load()

func load() *core.Sites {
	s, err := sitesjson.Parse("sites.json", text)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return s
}

// The SDK calls this in an init function, which a prewarmed module has already
// run: see edge/prewarm.
//
//go:wasmimport fastly_abi init
//go:noescape
func abiInit(version uint64) uint32

//go:wasmexport serve
func serve() {
	abiInit(1)
	main()
}

func main() { fsthttp.ServeFunc(handle) }

type keyring struct{}

func (keyring) Secret(kid string) ([]byte, error) {
	return secretstore.Plaintext(contract.SecretStore, kid)
}

func handle(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	now := time.Now()
	site := sites.Lookup(r.Host)
	req := core.Request{Method: r.Method, Target: r.URL.RequestURI(), CDNLoop: r.Header.Get("CDN-Loop"), Keys: keyring{}}
	d := core.Decide(&req, site, now)
	line := clicklog.Record{Time: now, RequestID: os.Getenv("FASTLY_TRACE_ID"), Host: r.Host, Kind: d.Kind, Method: r.Method, Action: d.Action, Code: d.Code, ID: d.ID, KeyID: d.KeyID, Expiry: d.Expiry}
	switch d.Action {
	case core.Redirect:
		line.Status, line.Destination = fsthttp.StatusFound, d.Host
		w.Header().Set("Location", d.Location)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Robots-Tag", "noindex")
		w.WriteHeader(fsthttp.StatusFound)
	case core.Proxy:
		line.Status = proxy(ctx, w, r, site, d.Origin)
	default:
		line.Status = page(w, d.Code, site)
	}
	if site != nil {
		line.ESP = site.ESP
	}
	line.Micros, line.Version = time.Since(now).Microseconds(), os.Getenv("FASTLY_SERVICE_VERSION")
	if _, err := rtlog.Open(contract.LogEndpoint).Write(line.AppendJSON(nil)); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func proxy(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request, site *core.Site, o *core.Origin) int {
	r.Header.Set("Host", site.Host)
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("X-Forwarded-For", r.RemoteAddr)
	r.Header.Set("CDN-Loop", string(core.AppendLoop(nil, site.Host)))
	r.CacheOptions.Pass = true
	resp, err := r.Send(ctx, o.Backend)
	if err != nil {
		return page(w, outcome.ESPUnreachable, site)
	}
	w.Header().Reset(resp.Header)
	w.WriteHeader(resp.StatusCode)
	if _, err := io.Copy(w, resp.Body); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return resp.StatusCode
}

func page(w fsthttp.ResponseWriter, code outcome.Code, site *core.Site) int {
	p := core.Page{Code: code}
	if site != nil {
		p.Home = site.Home
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.StatusCode())
	if _, err := w.Write(p.AppendHTML(nil)); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return p.StatusCode()
}
