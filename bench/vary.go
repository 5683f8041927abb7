package main

import (
	"fmt"
	"slices"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/engine"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/bench/internal/report"
)

// varySites builds the module with more and more sites.
func (b *bench) varySites() error {
	var lanes []*measure.Lane
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
		touched, err := b.touched(subject, kinds[:1])
		if err != nil {
			return err
		}
		s.Touched = touched["signed"]
		b.r.Sites = append(b.r.Sites, s)
		session, err := measure.Open(b.ctx, subject, engine.Options{})
		if err != nil {
			return err
		}
		defer session.Close(b.ctx)
		lanes = append(lanes, &measure.Lane{Session: session, Kind: &b.kinds[0]})
	}
	if err := measure.Time(b.ctx, lanes, b.rounds, b.perRound, func(int) {}); err != nil {
		return err
	}
	for i, l := range lanes {
		b.r.Sites[i].Signed = l.Stages()
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
	counts, err := measure.Count(b.ctx, b.all[0].Subject, all)
	if err != nil {
		return err
	}
	touched, err := b.touched(b.all[0].Subject, all)
	if err != nil {
		return err
	}
	for i, s := range shapes {
		s.Clicks, s.Touched = map[string]measure.Counts{}, map[string]int{}
		for _, k := range b.kinds {
			name := fmt.Sprint(k.Name, " ", i)
			s.Clicks[k.Name], s.Touched[k.Name] = counts[name], touched[name]
		}
	}
	return nil
}

// touched counts the pages of clicks; none if the plan leaves them out.
func (b *bench) touched(s measure.Subject, kinds []clicks.Kind) (map[string]int, error) {
	out := map[string]int{}
	if !b.pages {
		return out, nil
	}
	pages, err := measure.Pages(b.ctx, s, kinds)
	for name, p := range pages {
		out[name] = len(p.List())
	}
	return out, err
}
