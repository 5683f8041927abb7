package doctortest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

// moduleSites is the sites.json of the module that all set-ups share: it is
// built and compiled once.
const moduleSites = `{"sites": {
  "link.example.com": {
    "esp": "customerio-eu", "destinations": ["*.example.com"], "when_esp_fails": "redirect", "home": "https://www.example.com/"
  },
  "us.example.com": {"esp": "customerio-us"},
  "ses.example.com": {"esp": "ses-us-east-1", "destinations": ["*.example.com"]},
  "braze.example.com": {"esp": "braze-ses-eu-central-1"},
  "sendgrid.example.com": {
    "esp": "sendgrid",
    "app_links": {
      "apple": {"applinks": {"details": [{"appIDs": ["ABCDE12345.com.example.app"], "components": [{"/": "/uni/*"}]}]}},
      "android": [{"relation": ["delegate_permission/common.handle_all_urls"], "target": {"namespace": "android_app", "package_name": "com.example.app", "sha256_cert_fingerprints": ["` + fingerprint + `"]}}]
    }
  },
  "sparkpost.example.com": {"esp": "sparkpost"},
  "mailgun.example.com": {"esp": "mailgun"},
  "iterable.example.com": {"esp": "iterable"},
  "down.example.com": {"esp": "sendgrid-eu"},
  "many.example.com": {
    "esp": "mailgun-eu", "also": [{"esp": "ses-eu-west-1"}, {"esp": "sendgrid", "retired": true}],
    "destinations": ["*.example.com"], "unsubscribes": "https://preferences.example.com"
  },
  "badtls.example.com": {"esp": "sparkpost-eu"}
}}`

// fingerprint is a certificate's, of nobody.
const fingerprint = "14:6D:E9:83:C5:73:06:50:D8:EE:B9:95:2F:34:FC:64:16:A0:83:42:E6:1D:BE:A8:8A:04:96:B2:3F:CF:44:E5"

// built is the module on hostsim, once for https and once for http, with its
// ESPs. It lives as long as the process.
type built struct {
	sites         *core.Sites
	fleet         *origins.Fleet
	secure, plain *hostsim.Host
}

var theModule = sync.OnceValues(func() (*built, error) {
	ctx := context.Background()
	b := &built{}
	var err error
	if b.sites, err = sitesjson.Parse("sites.json", []byte(moduleSites)); err != nil {
		return nil, err
	}
	wasm, _, err := module.Build(ctx, module.Options{Sites: []byte(moduleSites)})
	if err != nil {
		return nil, err
	}
	if b.fleet, err = origins.Start(b.sites.Origins(), origins.Options{Branded: b.sites.Hosts(), PlainToo: true}); err != nil {
		return nil, err
	}
	// Two of the ESPs cannot be had: one is down, one refuses the handshake.
	if err = b.fleet.SetFault("sendgrid-eu", origins.Refuse); err != nil {
		return nil, err
	}
	// The second host takes what was compiled for the first; then nobody needs
	// it any more.
	cache, err := os.MkdirTemp("", "lab-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(cache)
	for scheme, host := range map[string]**hostsim.Host{"https": &b.secure, "http": &b.plain} {
		if *host, err = hostsim.New(ctx, wasm, hostsim.Config{Backends: b.backends(), Scheme: scheme, CacheDir: cache}); err != nil {
			return nil, fmt.Errorf("the module over %s: %w", scheme, err)
		}
	}
	return b, nil
})

// backends reaches each origin under the ESP's own name, and overrides no Host:
// as deployed. One backend has the wrong SNI.
func (b *built) backends() map[string]hostsim.Backend {
	list := map[string]hostsim.Backend{}
	for _, o := range b.sites.Origins() {
		list[o.Backend] = hostsim.Backend{URL: "http://" + b.fleet.Addr(o.Backend)}
		if o.TLS {
			list[o.Backend] = hostsim.Backend{URL: "https://" + b.fleet.Addr(o.Backend), SNI: o.Address, CertHost: o.Address, CA: b.fleet.CA()}
		}
		if o.Backend == "sparkpost-eu" {
			wrong := list[o.Backend]
			wrong.SNI = "badtls.example.com"
			list[o.Backend] = wrong
		}
	}
	return list
}

// site is the one that proxies to a preset.
func (b *built) site(preset string) *core.Site {
	for _, host := range b.sites.Hosts() {
		if site := b.sites.Lookup(host); site.ESP == preset {
			return site
		}
	}
	return nil
}

// moduleWorld is the module in front of the ESP that it was built for, as
// Fastly serves it: on both ports, with Fastly's marks.
func (s *Setup) moduleWorld(w *World) {
	b, err := theModule()
	if err != nil {
		w.T.Fatalf("the module cannot be built: %v", err)
	}
	site := b.site(w.Origin.Preset)
	if site == nil {
		w.T.Fatalf("the module has no site for %q", w.Origin.Preset)
	}
	w.Host, w.Origin, w.Fleet = site.Host, site.Origin, b.fleet
	w.TLS.Cert.Names = []string{site.Host}
	w.Records = strings.ReplaceAll(w.Records, "link.example.com.", site.Host+".")
	for _, o := range site.Origins() {
		if o != site.Origin {
			w.Places[o.Address+":443"], w.Places[o.Address+":80"] = relay(b.fleet.Addr(o.Backend)), relay(b.fleet.PlainAddr(o.Backend))
		}
	}
	w.Place80 = &server{handler: LikeFastly(b.plain)}
	w.Handler = b.secure
	w.Both = append(w.Both, LikeFastly)
}
