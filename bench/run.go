package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/clickedge/clickedge/bench/internal/cargo"
	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/bench/internal/report"
	"github.com/clickedge/clickedge/bench/internal/rusthost"
)

// plan says how much a run measures.
type plan struct {
	turns        int   // of timed clicks on wasmtime
	sites        []int // numbers of sites
	destinations []int
	headers      []int
	wazeroRounds int
	load         time.Duration // per server and number of connections; 0: no load
	peers        bool          // all of them
}

var (
	fullPlan = plan{turns: 100, sites: []int{1, 100, 10_000, 100_000}, destinations: []int{62, 512, 2048, report.LongestDestination},
		headers: []int{0, 5, 10, 20, 40}, wazeroRounds: 8, load: 2 * time.Second, peers: true}
	quickPlan = plan{turns: 30, sites: []int{1, 1000}, destinations: []int{62, 2048}, headers: []int{0, 40}}
)

// Clicks of one lane in a turn; the first ones warm the processor's caches.
const (
	clicksInTurn = 8
	warmClicks   = 2
)

// bench is a run.
type bench struct {
	plan
	ctx   context.Context
	start time.Time
	dir   string // for modules
	build guests.Build
	ours  *guests.Ours
	kinds []clicks.Kind
	host  *rusthost.Host // nil: there is no cargo
	all   []*guest
	more  []rusthost.Lane // of modules that are no rows
	r     report.Results
}

// guest is a module with its clicks.
type guest struct {
	measure.Subject
	kinds  []clicks.Kind
	wazero bool
}

func runBench(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := fs.Bool("quick", false, "measure less, in a minute or two")
	out := fs.String("out", ".", "folder for RESULTS.md, results.json and plot.svg")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unknown command %q: want profile or budget, or none", fs.Arg(0))
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{plan: fullPlan, ctx: ctx, start: time.Now(), dir: dir, build: guests.Build{Dir: "."}}
	if *quick {
		b.plan = quickPlan
	}
	b.r = report.Results{Date: time.Now().UTC().Format(time.DateOnly), Quick: *quick, Machine: measure.ThisMachine(), Notes: []string{}}
	if err := b.run(); err != nil {
		return err
	}
	return b.write(*out)
}

// step is a part of the run.
type step struct {
	title string
	do    func() error
}

func (b *bench) run() error {
	steps := []step{
		{"build the host in Rust", b.buildHost},
		{"build the guests", b.buildGuests},
		{"count what our clicks take", b.countOurs},
		{"count what the peers' clicks take", b.countPeers},
		{"vary the number of sites", b.varySites},
		{"vary links and headers", b.varyShapes},
		{"time clicks on wasmtime", b.timeGuests},
		{"time clicks on wazero", b.timeWazero},
		{"load proxies over loopback", b.loadProxies},
	}
	for i, s := range steps {
		progress("[%d/%d] %4.0f s  %s", i+1, len(steps), time.Since(b.start).Seconds(), s.title)
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
	}
	b.r.SetTargets()
	progress("done after %.0f s", time.Since(b.start).Seconds())
	return nil
}

func (b *bench) write(dir string) error {
	if err := b.r.Save(filepath.Join(dir, "results.json")); err != nil {
		return err
	}
	plot, err := b.r.Plot()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "plot.svg"), plot, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "RESULTS.md"), b.r.Markdown(), 0o644)
}

// note adds a note to the results, and prints it.
func (b *bench) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	b.r.Notes = append(b.r.Notes, text)
	progress("        note: %s", text)
}

func (b *bench) buildHost() (err error) {
	b.host, err = rusthost.Build(b.ctx, ".")
	if errors.Is(err, cargo.ErrAbsent) {
		b.note("Nothing was timed on wasmtime, and the peers in Rust are missing: %v.", err)
		return nil
	}
	return err
}

func (b *bench) buildGuests() (err error) {
	if b.kinds, err = clicks.Kinds(clicks.Shape{}); err != nil {
		return err
	}
	if b.ours, err = guests.NewOurs(b.ctx, "."); err != nil {
		return err
	}
	if b.r.Machine.SDK, err = b.build.SDK(b.ctx); err != nil {
		return err
	}
	sites := clicks.Sites(measure.UsualSites)
	wasm, rep, err := b.ours.Module(b.ctx, sites)
	if err != nil {
		return err
	}
	long, err := clicks.Kinds(clicks.Shape{Destination: report.LongDestination})
	if err != nil {
		return err
	}
	long[0].Name, long[0].Title = report.Long, "signed redirect to a destination of 2 KB"
	b.add(measure.Ours(wasm, sites), append(b.kinds[:len(b.kinds):len(b.kinds)], long[0]), true)
	m := b.module(report.Ours)
	m.PrewarmMS, m.MemoryPages, m.DataSegments = millis(rep.Prewarm), rep.MemoryPages, rep.Segments
	empty := b.plain()
	empty[0].Status, empty[0].Location = 204, ""
	b.add(measure.Subject{Name: report.Empty, Title: "empty module, 204", Wasm: guests.Empty(0)}, empty, true)
	if err := b.rustPeers(long[0]); err != nil {
		return err
	}
	if err := b.goPeers(); err != nil {
		return err
	}
	return b.jsPeers()
}

// plain is the click for guests that answer all requests alike.
func (b *bench) plain() []clicks.Kind {
	k := b.kinds[0]
	k.Name, k.Title = report.Plain, "plain answer"
	return []clicks.Kind{k}
}

func (b *bench) add(s measure.Subject, kinds []clicks.Kind, wazero bool) {
	b.all = append(b.all, &guest{Subject: s, kinds: kinds, wazero: wazero})
	b.r.Modules = append(b.r.Modules, report.Module{Name: s.Name, Title: s.Title, Bytes: len(s.Wasm)})
}

func (b *bench) module(name string) *report.Module {
	for i := range b.r.Modules {
		if b.r.Modules[i].Name == name {
			return &b.r.Modules[i]
		}
	}
	return nil
}

// rustPeers are the same click in Rust: as it is written with Fastly's crate,
// and as little as can be.
func (b *bench) rustPeers(long clicks.Kind) error {
	if b.host == nil {
		return nil
	}
	for _, p := range []struct{ name, crate, title string }{
		{report.Crate, "crate", "Rust, `fastly` crate, the same click"},
		{report.Raw, "raw", "Rust without a runtime, the same host calls"},
	} {
		wasm, err := b.build.Rust(b.ctx, p.crate)
		if errors.Is(err, cargo.ErrAbsent) {
			b.note("%s is missing: %v.", p.title, err)
			continue
		}
		if err != nil {
			return err
		}
		subject := measure.Subject{Name: p.name, Title: p.title, Wasm: wasm, Check: (*clicks.Kind).CheckLogged}
		b.add(subject, []clicks.Kind{b.kinds[0], long}, true)
	}
	return nil
}

func (b *bench) goPeers() error {
	wasm, err := b.build.FSTHTTP(b.ctx)
	if err != nil {
		return err
	}
	b.add(measure.Subject{Name: report.FSTHTTP, Title: "Go `fsthttp`, a plain 302", Wasm: wasm}, b.plain(), true)
	if err := b.prewarmed(report.FSTHTTPWarm, "Go `fsthttp`, a plain 302, prewarmed", b.build.FSTHTTPPrewarmed, b.plain(), nil); err != nil {
		return err
	}
	if !b.peers {
		b.note("Run quickly: our core under fsthttp, the JavaScript SDK, wazero and loopback were left out.")
		return nil
	}
	if wasm, err = b.build.Core(b.ctx); err != nil {
		return err
	}
	check := (*clicks.Kind).CheckLogged
	b.add(measure.Subject{Name: report.Core, Title: "our core under `fsthttp`", Wasm: wasm, Check: check}, b.kinds, false)
	return b.prewarmed(report.CoreWarm, "our core under `fsthttp`, prewarmed", b.build.CorePrewarmed, b.kinds, check)
}

func (b *bench) prewarmed(name, title string, build func(context.Context) ([]byte, error), kinds []clicks.Kind, check measure.Check) error {
	start := time.Now()
	wasm, err := build(b.ctx)
	if err != nil {
		return err
	}
	took := time.Since(start)
	b.add(measure.Subject{Name: name, Title: title, Wasm: wasm, Check: check}, kinds, true)
	b.module(name).PrewarmMS = millis(took)
	return nil
}

func (b *bench) jsPeers() error {
	if !b.peers {
		return nil
	}
	js, err := b.build.NewJS()
	if err != nil {
		return err
	}
	for _, p := range []struct {
		source  string
		subject measure.Subject
		kinds   []clicks.Kind
	}{
		{"plain", measure.Subject{Name: report.JSPlain, Title: "JavaScript SDK, a plain 302"}, b.plain()},
		{"signed", measure.Subject{Name: report.JSSigned, Title: "JavaScript SDK, the same HMAC check", Check: (*clicks.Kind).CheckLogged}, b.kinds[:1]},
	} {
		if !js.Ready(p.source) {
			progress("        building js/%s.js with @fastly/js-compute %s from npm", p.source, js.Version)
		}
		p.subject.Wasm, err = js.Module(b.ctx, p.source)
		if errors.Is(err, guests.ErrNoJS) {
			b.note("The rows of the JavaScript SDK are missing: %v.", err)
			return nil
		}
		if err != nil {
			return err
		}
		b.add(p.subject, p.kinds, false)
	}
	b.r.JS = js.Version
	return nil
}

func (b *bench) countOurs() error {
	ours := b.all[0]
	closely, err := measure.Closely(b.ctx, b.ours, ours.Sites, ours.kinds)
	if err != nil {
		return err
	}
	for _, k := range ours.kinds {
		c := closely[k.Name]
		b.r.Rows = append(b.r.Rows, report.Row{Module: report.Ours, Kind: k.Name, Title: "**clickedge**", Counts: c.Counts, Click: &c})
	}
	for _, f := range closely["signed"].Opened {
		b.r.Windows = append(b.r.Windows, report.Access{Page: f.Address &^ 0xffff, By: who(f), Where: where(f)})
	}
	for _, f := range closely["signed"].Wrote {
		b.r.Pages = append(b.r.Pages, report.Access{Page: f.Address &^ 0xfff, By: who(f), Where: where(f)})
	}
	b.r.HMAC, err = measure.HMAC(b.ctx, b.build, clicks.SignedText(&b.kinds[0]))
	return err
}

func (b *bench) countPeers() error {
	for _, g := range b.all[1:] {
		progress("        %s", g.Title)
		counts, err := measure.Count(b.ctx, g.Subject, g.kinds)
		if err != nil {
			return err
		}
		for _, k := range g.kinds {
			b.r.Rows = append(b.r.Rows, report.Row{Module: g.Name, Kind: k.Name, Title: g.Title, Counts: counts[k.Name]})
		}
	}
	return nil
}

// rounds returns a function that prints the progress.
func rounds(all int) func(int) {
	return func(r int) {
		if r%5 == 0 {
			progress("        round %d of %d", r+1, all)
		}
	}
}

func (b *bench) timeWazero() error {
	if b.wazeroRounds == 0 {
		return nil
	}
	var lanes []*measure.Lane
	var rows []*report.Row
	for _, g := range b.all {
		if !g.wazero {
			continue
		}
		session, err := measure.OpenWazero(b.ctx, g.Subject)
		if err != nil {
			return err
		}
		defer session.Close(b.ctx)
		b.module(g.Name).WazeroMS = millis(session.Compile)
		for i := range g.kinds {
			lanes = append(lanes, &measure.Lane{Session: session, Kind: &g.kinds[i]})
			rows = append(rows, b.r.Row(g.Name, g.kinds[i].Name))
		}
	}
	if err := measure.Time(b.ctx, lanes, b.wazeroRounds, 20, rounds(b.wazeroRounds)); err != nil {
		return err
	}
	for i, l := range lanes {
		took := l.Spread()
		rows[i].Wazero = &took
	}
	return nil
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
