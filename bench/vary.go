package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/bench/internal/report"
	"github.com/clickedge/clickedge/bench/internal/rusthost"
)

// siteGuest names the module with a number of sites.
func siteGuest(sites int) string { return fmt.Sprint("sites-", sites) }

// varySites builds the module with more and more sites.
func (b *bench) varySites() error {
	for _, n := range b.sites {
		progress("        %d sites", n)
		sites, kinds := clicks.Sites(n), b.kinds
		if n < measure.UsualSites {
			sites, kinds = clicks.OneSite(), b.kinds[:1]
		}
		wasm, rep, err := b.ours.Module(b.ctx, sites)
		if err != nil {
			return err
		}
		s := report.Site{Sites: n, JSON: len(sites), Bytes: len(wasm), PrewarmMS: millis(rep.Prewarm)}
		subject := measure.Ours(wasm, sites)
		if s.Clicks, err = measure.Count(b.ctx, subject, kinds); err != nil {
			return err
		}
		pages, err := measure.Pages(b.ctx, subject, kinds[:1])
		if err != nil {
			return err
		}
		s.Windows, s.Pages = len(pages["signed"].Windows()), len(pages["signed"].Writes())
		s.Regions = pages["signed"].Regions()
		b.r.Sites = append(b.r.Sites, s)
		if err := os.WriteFile(b.file(siteGuest(n)), wasm, 0o600); err != nil {
			return err
		}
		b.more = append(b.more, rusthost.NewLane(siteGuest(n), siteGuest(n), &b.kinds[0], true))
	}
	return nil
}

// varyShapes makes clicks with longer links, and with fewer and more headers.
func (b *bench) varyShapes() error {
	for _, n := range b.destinations {
		b.r.Links = append(b.r.Links, &report.Shape{Destination: n, Headers: clicks.BrowserHeaders})
	}
	for _, n := range b.headers {
		b.r.Headers = append(b.r.Headers, &report.Shape{Destination: b.destinations[0], Headers: n})
	}
	if err := b.countShapes(slices.Concat(b.r.Links, b.r.Headers)); err != nil {
		return err
	}
	for _, s := range b.r.Links {
		kinds, err := clicks.Kinds(clicks.Shape{Destination: s.Destination})
		if err != nil {
			return err
		}
		if s.HMAC, err = measure.HMAC(b.ctx, b.build, clicks.SignedText(&kinds[0])); err != nil {
			return err
		}
	}
	for _, s := range b.r.Headers {
		s.HMAC = b.r.HMAC
	}
	return nil
}

// countShapes makes all clicks of all shapes in one module, each with its own
// name.
func (b *bench) countShapes(shapes []*report.Shape) error {
	var all []clicks.Kind
	for i, s := range shapes {
		kinds, err := clicks.Kinds(clicks.Shape{Destination: s.Destination, Headers: &s.Headers})
		if err != nil {
			return err
		}
		for _, k := range kinds {
			k.Name = fmt.Sprint(k.Name, " ", i)
			all = append(all, k)
		}
	}
	closely, err := measure.Closely(b.ctx, b.ours, b.all[0].Sites, all)
	if err != nil {
		return err
	}
	for i, s := range shapes {
		s.Clicks = map[string]measure.Click{}
		for _, k := range b.kinds {
			s.Clicks[k.Name] = closely[fmt.Sprint(k.Name, " ", i)]
		}
	}
	return nil
}
