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

// varySites builds the module with more and more sites, plain and with all that
// a site can have.
func (b *bench) varySites() error {
	for _, n := range b.sites {
		s, err := b.siteGuest(n, clicks.Sites(n), "")
		if err != nil {
			return err
		}
		b.r.Sites = append(b.r.Sites, s)
	}
	for _, n := range b.fewestAndMost() {
		s, err := b.siteGuest(n, clicks.SitesWithAll(n), report.WithAll)
		if err != nil {
			return err
		}
		b.r.SitesWithAll = append(b.r.SitesWithAll, s)
	}
	return nil
}

func (b *bench) fewestAndMost() []int { return []int{b.sites[0], b.sites[len(b.sites)-1]} }

// siteGuest builds and counts the module with these sites, and adds its lane.
func (b *bench) siteGuest(n int, sites []byte, with string) (s report.Site, err error) {
	name, kinds := report.SitesLane(n, with), b.kinds
	progress("        %s", name)
	if n < measure.UsualSites {
		kinds = kinds[:1]
	}
	wasm, rep, err := b.ours.Module(b.ctx, sites)
	if err != nil {
		return s, err
	}
	s = report.Site{Sites: n, JSON: len(sites), Bytes: len(wasm), PrewarmMS: millis(rep.Prewarm)}
	subject := measure.Ours(wasm, sites)
	if s.Clicks, err = measure.Count(b.ctx, subject, kinds); err != nil {
		return s, err
	}
	pages, err := measure.Pages(b.ctx, subject, kinds[:1])
	if err != nil {
		return s, err
	}
	signed := pages["signed"]
	s.Windows, s.Pages, s.Regions = len(signed.Windows()), len(signed.Writes()), signed.Regions()
	b.more = append(b.more, rusthost.NewLane(name, name, &b.kinds[0], true))
	return s, os.WriteFile(b.file(name), wasm, 0o600)
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
