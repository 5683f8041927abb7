package main

import (
	"os"
	"path/filepath"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
	"github.com/clickedge/clickedge/bench/internal/report"
	"github.com/clickedge/clickedge/bench/internal/rusthost"
)

// resident is how much of a memory the host keeps mapped where pages are kept.
// More than guests touch makes the kernel search more, which is paid at the end
// of each click.
const resident = 4 << 20

// What a window, a page, a region and a host call cost is shown by modules that
// have so many of them, beside the same without.
const modelled, modelledCalls, modelledRegions = 16, 1000, 5

// timeGuests times every guest, in one run of the host in Rust.
func (b *bench) timeGuests() error {
	if b.host == nil {
		return nil
	}
	p := &rusthost.Plan{Turns: b.turns, Clicks: clicksInTurn, WarmClicks: warmClicks, ResidentBytes: resident, Service: rusthost.NewService(), Lanes: b.more}
	for _, g := range b.all {
		if err := b.guestFile(p, g.Name, g.Wasm); err != nil {
			return err
		}
		for i := range g.kinds {
			if under := g.Name == report.Core || g.Name == report.CoreWarm; under && g.kinds[i].Name != "signed" {
				continue // the SDK's requests need host calls that the host lacks
			}
			p.Lanes = append(p.Lanes, rusthost.NewLane(laneName(g.Name, g.kinds[i].Name), g.Name, &g.kinds[i], g.Check != nil))
		}
	}
	if err := b.models(p); err != nil {
		return err
	}
	for _, l := range b.more {
		p.Guests = append(p.Guests, rusthost.Guest{Name: l.Guest, File: b.file(l.Guest)})
	}
	host, err := b.host.Run(b.ctx, p)
	if err != nil {
		return err
	}
	b.timed(host)
	return nil
}

func laneName(guest, kind string) string { return guest + " " + kind }

func (b *bench) file(guest string) string { return filepath.Join(b.dir, guest+".wasm") }

func (b *bench) guestFile(p *rusthost.Plan, name string, wasm []byte) error {
	p.Guests = append(p.Guests, rusthost.Guest{Name: name, File: b.file(name)})
	return os.WriteFile(b.file(name), wasm, 0o600)
}

// models adds the modules that show what a window, a page and a call cost.
func (b *bench) models(p *rusthost.Plan) error {
	k := clicks.Kind{Request: b.kinds[0].Request, Status: 204}
	for _, m := range []struct {
		name string
		wasm []byte
	}{
		{"image", guests.Mapped(0, 0)},
		{"windows", guests.Mapped(modelled, 0)},
		{"pages", guests.Mapped(0, modelled)},
		{"regions", guests.Scattered(modelledRegions)},
		{"calls", guests.Empty(modelledCalls)},
	} {
		if err := b.guestFile(p, "model-"+m.name, m.wasm); err != nil {
			return err
		}
		p.Lanes = append(p.Lanes, rusthost.NewLane(m.name, "model-"+m.name, &k, false))
	}
	return nil
}

// timed puts what the host reports into the results.
func (b *bench) timed(host *rusthost.Report) {
	b.r.Machine.Wasmtime, b.r.PagemapScan = host.Wasmtime, host.PagemapScan
	for _, g := range host.Guests {
		if m := b.module(g.Name); m != nil {
			m.CompileMS = g.CompileMS
		}
	}
	request := func(lane string) float64 { return host.Lane(lane).Fresh.Request.Median }
	total := func(lane string) float64 { return host.Lane(lane).Fresh.Total.Median }
	b.r.Costs = report.Costs{
		Window:      (request("windows") - request("image")) / modelled,
		WindowTotal: (total("windows") - total("image")) / modelled,
		Page:        (request("pages") - request("image")) / modelled,
		PageTotal:   (total("pages") - total("image")) / modelled,
		RegionTotal: (total("regions")-total("image"))/modelledRegions - (total("pages")-total("image"))/modelled,
		HostCall:    (request("calls") - request(laneName(report.Empty, report.Plain))) / modelledCalls,
	}
	signed := host.Lane(laneName(report.Ours, "signed"))
	for i := range b.r.Rows {
		row := &b.r.Rows[i]
		if l := host.Lane(laneName(row.Module, row.Kind)); l != nil {
			row.Timed(l, signed, b.r.Costs)
			b.compare(row, l)
		}
	}
	b.r.SetRatios(host)
	for with, list := range map[string][]report.Site{"": b.r.Sites, report.WithAll: b.r.SitesWithAll} {
		for i := range list {
			if l := host.Lane(report.SitesLane(list[i].Sites, with)); l != nil {
				list[i].Signed = &l.Fresh
			}
		}
	}
}

// compare notes where the kernel has mapped something else than was counted.
func (b *bench) compare(row *report.Row, l *rusthost.Measured) {
	if c := row.Click; c != nil && (c.Windows != l.Windows || c.PagesWritten != l.PagesWritten) {
		b.note("Of a %s click, %d windows and %d pages were counted, and the kernel mapped %d and %d.", row.Kind, c.Windows, c.PagesWritten, l.Windows, l.PagesWritten)
	}
}
