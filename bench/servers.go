package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/bench/internal/servers"
)

const serversUsage = `usage: bench servers [flags]
Compares clickedge server with nginx, Caddy, and hosts of the module, in one run:
clicks per second, CPU time of a click, latency at half the load, memory.`

// serversPlan says how much is measured.
type serversPlan struct {
	rounds      int
	each        time.Duration // of one load
	connections int
	sites, open int // for memory
}

// served is one program with what was measured of it.
type served struct {
	*servers.Program
	kinds map[string]*load
}

// load is what one kind of click took.
type load struct {
	// of each round; cpu in microseconds a click, latencies at half the load in
	// milliseconds
	perSecond, cpu, p50, p99 []float64
}

const (
	signedLoad  = "signed"
	proxiedLoad = "proxied"
)

func (s *served) click(kind string) *servers.Click {
	if kind == signedLoad {
		return s.Signed
	}
	return s.Proxied
}

func runServers(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("servers", flag.ContinueOnError)
	fs.Usage = func() { fmt.Fprintln(fs.Output(), serversUsage); fs.PrintDefaults() }
	out := fs.String("out", "SERVERS.md", "the `file` to write")
	p := serversPlan{sites: 100_000, open: 1000}
	fs.IntVar(&p.rounds, "rounds", 7, "how often each load is measured; the rounds of all programs are interleaved")
	fs.DurationVar(&p.each, "each", 2*time.Second, "how long each load lasts")
	fs.IntVar(&p.connections, "connections", 32, "connections at a time")
	if err := fs.Parse(args); err != nil {
		return err
	}
	return p.run(ctx, *out)
}

func (p *serversPlan) run(ctx context.Context, out string) error {
	machine := measure.ThisMachine()
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	origin, stop, err := servers.Origin()
	if err != nil {
		return err
	}
	defer stop()
	setup, err := prepareServers(ctx, origin, dir)
	if err != nil {
		return err
	}
	memory, err := p.memory(ctx, setup)
	if err != nil {
		return err
	}
	programs, missing, err := setup.All(ctx)
	if err != nil {
		return err
	}
	var list []*served
	for _, program := range programs {
		defer program.Stop()
		list = append(list, &served{program, map[string]*load{signedLoad: {}, proxiedLoad: {}}})
	}
	rates, err := p.measure(ctx, list)
	if err != nil {
		return err
	}
	return os.WriteFile(out, p.table(machine, list, rates, missing, memory), 0o644)
}

// prepareServers builds the server and the module.
func prepareServers(ctx context.Context, origin, dir string) (*servers.Setup, error) {
	setup, err := servers.New(origin, dir)
	if err != nil {
		return nil, err
	}
	setup.Binary = filepath.Join(dir, "servertest")
	progress("building the server and the module")
	if err := buildCommand(ctx, setup.Binary, "./deploy/internal/servertest"); err != nil {
		return nil, err
	}
	ours, err := guests.NewOurs(ctx, ".")
	if err != nil {
		return nil, err
	}
	setup.Sites = clicks.Sites(measure.UsualSites)
	setup.Module, _, err = ours.Module(ctx, setup.Sites)
	return setup, err
}

// buildCommand builds a command of the module that is measured.
func buildCommand(ctx context.Context, out, pkg string) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", out, pkg)
	build.Dir = ".."
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, said)
	}
	return nil
}

// measure loads the programs in turn. rates are those of the latencies.
func (p *serversPlan) measure(ctx context.Context, list []*served) (rates map[string]float64, err error) {
	rates = map[string]float64{}
	for _, kind := range []string{signedLoad, proxiedLoad} {
		for round := range p.rounds {
			progress("%s clicks, round %d of %d", kind, round+1, p.rounds)
			for _, s := range turned(list, round) {
				if err := p.full(ctx, s, kind); err != nil {
					return nil, fmt.Errorf("%s, %s: %w", s.Name, kind, err)
				}
			}
		}
		rates[kind] = median(list[0].kinds[kind].perSecond) / 2
		for round := range p.rounds {
			for _, s := range turned(list, round) {
				latency, _, err := servers.Load(ctx, s.Addr, s.click(kind), p.connections, p.each, min(rates[kind], median(s.kinds[kind].perSecond)/2))
				if err != nil {
					return nil, fmt.Errorf("%s, %s at half the load: %w", s.Name, kind, err)
				}
				s.kinds[kind].late(latency)
			}
		}
	}
	return rates, nil
}

// turned begins with another program each round, so that none is always the one
// behind the slowest.
func turned(list []*served, round int) []*served {
	at := round % len(list)
	return slices.Concat(list[at:], list[:at])
}

// late takes the latencies of a round. The quantiles are those of a round, so
// that one stall of the machine is not the figure of the whole run.
func (l *load) late(latency []time.Duration) {
	micros := measure.InMicros(latency)
	slices.Sort(micros)
	l.p50 = append(l.p50, measure.Quantile(micros, 0.5)/1000)
	l.p99 = append(l.p99, measure.Quantile(micros, 0.99)/1000)
}

// full loads one program as far as it goes.
func (p *serversPlan) full(ctx context.Context, s *served, kind string) error {
	before, known := servers.UsageOf(s.PID)
	latency, took, err := servers.Load(ctx, s.Addr, s.click(kind), p.connections, p.each, 0)
	if err != nil {
		return err
	}
	l := s.kinds[kind]
	l.perSecond = append(l.perSecond, float64(len(latency))/took.Seconds())
	if after, _ := servers.UsageOf(s.PID); known && s.PID != 0 {
		l.cpu = append(l.cpu, float64((after.CPU-before.CPU).Microseconds())/float64(len(latency)))
	}
	return nil
}

// memory is what the server has with many sites and open connections, each of
// which has clicked; 0 where it is not known.
func (p *serversPlan) memory(ctx context.Context, setup *servers.Setup) (int64, error) {
	progress("memory with %d sites and %d connections", p.sites, p.open)
	s, err := setup.Server(ctx, p.sites, "many")
	if err != nil {
		return 0, err
	}
	defer s.Stop()
	var most int64
	stop := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for {
			usage, _ := servers.UsageOf(s.PID)
			most = max(most, usage.Memory)
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	_, _, err = servers.Load(ctx, s.Addr, s.Signed, p.open, max(p.each, 2*time.Second), 0)
	close(stop)
	<-watched
	return most, err
}

func median(values []float64) float64 {
	return measure.Quantile(slices.Sorted(slices.Values(values)), 0.5)
}

// table is SERVERS.md.
func (p *serversPlan) table(m measure.Machine, list []*served, rates map[string]float64, missing []string, memory int64) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# `clickedge server` beside nginx, Caddy, and hosts of the module\n\n")
	fmt.Fprintf(&b, "Made by `make bench-servers` on %s, %d cores, %s, %s; load averages before the run: %s. Client, ESP and servers share\n"+
		"the machine. %d connections are kept open, without TLS; each load lasts %v and is measured %d times, the programs in turn. Figures are medians of\n"+
		"these rounds; CPU is that of the program and its workers for a click. Every answer was compared. Only `clickedge server`\n"+
		"and hosts of the module verify the link, and write the click log (the server to a file); nginx and Caddy answer each link with one destination, and log nothing. A worker of nginx keeps its connections:\n"+
		"where other work takes its core they wait, so on a busy machine compare CPU rather than clicks a second.\n\n",
		m.CPU, m.Cores, m.Kernel, m.Go, m.Load, p.connections, p.each, p.rounds)
	for _, kind := range []string{signedLoad, proxiedLoad} {
		title := map[string]string{signedLoad: "Signed redirects (nginx: `return 302`; Caddy: `redir`)", proxiedLoad: "Proxied clicks (nginx: `proxy_pass` with `keepalive`; Caddy: `reverse_proxy`)"}[kind]
		fmt.Fprintf(&b, "## %s\n\nLatency is at %.0f clicks a second, half of what the server takes, or half of what the program takes if that is less;\nit counts from the time at which a click was due.\n\n", title, rates[kind])
		b.WriteString("| program | clicks a second | × the server's | CPU µs a click | latency p50 ms | p99 ms |\n|---|---|---|---|---|---|\n")
		ours := median(list[0].kinds[kind].perSecond)
		for _, s := range list {
			l := s.kinds[kind]
			cpu := "not measured"
			if len(l.cpu) > 0 {
				cpu = fmt.Sprintf("%.1f", median(l.cpu))
			}
			fmt.Fprintf(&b, "| %s | %.0f | %.2f | %s | %.2f | %.2f |\n", s.Name, median(l.perSecond), median(l.perSecond)/ours, cpu,
				median(l.p50), median(l.p99))
		}
		b.WriteString("\n")
	}
	if memory > 0 {
		fmt.Fprintf(&b, "With %d sites and %d connections that click, the server's memory was %.1f MB at most.\n", p.sites, p.open, float64(memory)/1e6)
	}
	if len(missing) > 0 {
		fmt.Fprintf(&b, "\nMissing here: %s.\n", strings.Join(missing, "; "))
	}
	return b.Bytes()
}
