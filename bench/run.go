package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/engine"
	"github.com/clickedge/clickedge/bench/internal/guests"
	"github.com/clickedge/clickedge/bench/internal/loopback"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/bench/internal/report"
)

// plan says how much a run measures.
type plan struct {
	rounds, perRound int   // of timed clicks
	sites            []int // numbers of sites
	destinations     []int
	headers          []int
	wazeroRounds     int
	load             time.Duration // per server and number of connections; 0: no load
	peers            bool          // all of them
	pages            bool          // touched pages of everything that varies
}

var (
	fullPlan = plan{rounds: 15, perRound: 20, sites: []int{1, 100, 10_000, 100_000}, destinations: []int{62, 512, 2048},
		headers: []int{0, 5, 10, 20, 40}, wazeroRounds: 8, load: 2 * time.Second, peers: true, pages: true}
	quickPlan = plan{rounds: 8, perRound: 15, sites: []int{1, 1000}, destinations: []int{62, 2048}, headers: []int{0, 40}}
)

// bench is a run.
type bench struct {
	plan
	ctx   context.Context
	start time.Time
	build guests.Build
	ours  *guests.Ours
	kinds []clicks.Kind
	all   []*guest
	r     report.Results
}

// guest is a module with its clicks.
type guest struct {
	measure.Subject
	kinds  []clicks.Kind
	lanes  map[string]*measure.Lane
	wazero bool
}

func runBench(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := fs.Bool("quick", false, "measure less, in less than a minute")
	out := fs.String("out", ".", "folder for RESULTS.md, results.json and plot.svg")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unknown command %q: want profile or budget, or none", fs.Arg(0))
	}
	b := &bench{plan: fullPlan, ctx: ctx, start: time.Now(), build: guests.Build{Dir: "."}}
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
		{"build the guests", b.buildGuests},
		{"count what our clicks take", b.countOurs},
		{"count what the peers' clicks take", b.countPeers},
		{"time clicks on wasmtime", b.timeGuests},
		{"time clicks on wazero", b.timeWazero},
		{"vary the number of sites", b.varySites},
		{"vary links and headers", b.varyShapes},
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
	ours := measure.Ours(wasm, sites)
	b.add(ours, b.kinds, true)
	m := b.module(report.Ours)
	m.PrewarmMS, m.MemoryPages, m.DataSegments = millis(rep.Prewarm), rep.MemoryPages, rep.Segments
	b.add(measure.Subject{Name: report.Empty, Title: "empty module, 204", Wasm: guests.Empty(0)}, b.plain(), true)
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

func (b *bench) goPeers() error {
	wasm, err := b.build.FSTHTTP(b.ctx)
	if err != nil {
		return err
	}
	b.add(measure.Subject{Name: report.FSTHTTP, Title: "Go `fsthttp`, a plain 302", Wasm: wasm}, b.plain(), true)
	if !b.peers {
		b.note("Run quickly: our core under fsthttp, the JavaScript SDK, wazero and loopback were left out, and pages were counted for the usual click only.")
		return nil
	}
	if wasm, err = b.build.Core(b.ctx); err != nil {
		return err
	}
	check := (*clicks.Kind).CheckLogged
	b.add(measure.Subject{Name: report.Core, Title: "our core under `fsthttp`", Wasm: wasm, Check: check}, b.kinds, false)
	start := time.Now()
	if wasm, err = b.build.CorePrewarmed(b.ctx); err != nil {
		return err
	}
	b.add(measure.Subject{Name: report.CoreWarm, Title: "our core under `fsthttp`, prewarmed", Wasm: wasm, Check: check}, b.kinds, true)
	b.module(report.CoreWarm).PrewarmMS = millis(time.Since(start))
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
	closely, err := measure.Closely(b.ctx, b.ours, b.all[0].Sites, b.kinds)
	if err != nil {
		return err
	}
	for _, k := range b.kinds {
		c := closely[k.Name]
		b.r.Rows = append(b.r.Rows, report.Row{Module: report.Ours, Kind: k.Name, Title: "**clickedge**", Counts: c.Counts, Click: &c})
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

// timeGuests compiles every guest and then times them in turn.
func (b *bench) timeGuests() error {
	var lanes []*measure.Lane
	for _, g := range b.all {
		progress("        compile %s", g.Title)
		session, err := measure.Open(b.ctx, g.Subject, engine.Options{})
		if err != nil {
			return err
		}
		defer session.Close(b.ctx)
		b.module(g.Name).CompileMS = millis(session.Compile)
		lanes = append(lanes, g.open(session)...)
	}
	if err := measure.Time(b.ctx, lanes, b.rounds, b.perRound, rounds(b.rounds)); err != nil {
		return err
	}
	signed := b.all[0].lanes["signed"].Stages()
	for _, g := range b.all {
		for name, l := range g.lanes {
			row := b.r.Row(g.Name, name)
			row.Stages = l.Stages()
			row.Ratio = signed.Ratio(row.Stages)
		}
	}
	return b.timeHostCall()
}

// open makes a lane for each kind of click that the guest answers.
func (g *guest) open(session *measure.Session) []*measure.Lane {
	g.lanes = map[string]*measure.Lane{}
	var lanes []*measure.Lane
	for i := range g.kinds {
		l := &measure.Lane{Session: session, Kind: &g.kinds[i]}
		g.lanes[g.kinds[i].Name] = l
		lanes = append(lanes, l)
	}
	return lanes
}

// rounds returns a function that prints the progress.
func rounds(all int) func(int) {
	return func(r int) {
		if r%5 == 0 {
			progress("        round %d of %d", r+1, all)
		}
	}
}

// timeHostCall measures a host call that does nothing.
func (b *bench) timeHostCall() error {
	const extra = 1000
	var lanes []*measure.Lane
	for _, n := range []int{0, extra} {
		session, err := measure.Open(b.ctx, measure.Subject{Title: "host calls", Wasm: guests.Empty(n)}, engine.Options{})
		if err != nil {
			return err
		}
		defer session.Close(b.ctx)
		lanes = append(lanes, &measure.Lane{Session: session, Kind: &b.kinds[0]})
	}
	if err := measure.Time(b.ctx, lanes, 5, 20, func(int) {}); err != nil {
		return err
	}
	b.r.HostCall = (lanes[1].Stages().Request.Median - lanes[0].Stages().Request.Median) / extra
	return nil
}

func (b *bench) timeWazero() error {
	if b.wazeroRounds == 0 {
		return nil
	}
	var lanes []*measure.Lane
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
		lanes = append(lanes, g.open(session)...)
	}
	if err := measure.Time(b.ctx, lanes, b.wazeroRounds, b.perRound, rounds(b.wazeroRounds)); err != nil {
		return err
	}
	for _, g := range b.all {
		for name, l := range g.lanes {
			if g.wazero {
				total := l.Stages().Total
				b.r.Row(g.Name, name).Wazero = &total
			}
		}
	}
	return nil
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (b *bench) loadProxies() error {
	if b.load == 0 {
		return nil
	}
	origin, stop, err := loopback.Origin()
	if err != nil {
		return err
	}
	defer stop()
	ours, stopOurs, err := loopback.Simulator(b.ctx, b.all[0].Wasm, b.all[0].Sites, origin)
	if err != nil {
		return err
	}
	defer stopOurs()
	servers := [][2]string{{"clickedge on hostsim", ours}, {"the origin itself", origin}}
	hosts := servers[:1:1] // of the module
	theirs, viceroy, stopTheirs, err := loopback.Viceroy(b.ctx, b.all[0].Wasm, b.all[0].Sites, origin)
	switch {
	case errors.Is(err, loopback.ErrNoViceroy):
		b.note("The comparison of clicks per second and latency on hostsim and on Viceroy did not run: Viceroy is not installed here (`cargo install --locked viceroy`, or its path in VICEROY).")
	case err != nil:
		return err
	default:
		defer stopTheirs()
		hosts = append(hosts, [2]string{"clickedge on " + viceroy, theirs})
		servers = append(servers, hosts[1])
	}
	nginx, version, stopNginx, err := loopback.Nginx(b.ctx, origin)
	switch {
	case errors.Is(err, loopback.ErrNoNginx):
		b.note("nginx is not installed here, so that it is missing from the comparison over loopback (`apt-get install nginx`, or its path in NGINX).")
	case err != nil:
		return err
	default:
		defer stopNginx()
		b.r.Nginx = version
		servers = append(servers, [2]string{version, nginx})
	}
	for _, connections := range []int{1, 8} {
		if err := b.loadServers(servers, "proxied", &b.kinds[2], connections); err != nil {
			return err
		}
		if err := b.loadServers(hosts, "signed", &b.kinds[0], connections); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) loadServers(servers [][2]string, click string, k *clicks.Kind, connections int) error {
	for _, s := range servers {
		result, err := loopback.Load(b.ctx, s[0]+", "+click, s[1], k, connections, b.load)
		if err != nil {
			return err
		}
		b.r.Loopback = append(b.r.Loopback, result)
	}
	return nil
}
