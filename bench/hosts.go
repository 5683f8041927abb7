package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/clickedge/clickedge/bench/internal/cargo"
	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
	"github.com/clickedge/clickedge/bench/internal/loopback"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/bench/internal/servers"
)

const hostsUsage = `usage: bench hosts [flags]
Compares hostsim with Viceroy as hosts of the same modules, in one run: requests
per second, CPU time, memory, and how long a start takes.`

// hostsPlan says how much is measured.
type hostsPlan struct {
	rounds      int
	each        time.Duration // of one load
	connections int
	build       guests.Build
	kinds       []clicks.Kind
	sites       []byte
}

// hosted is a module, and the request that it is measured with.
type hosted struct {
	title string
	wasm  []byte
	click *servers.Click
	runs  [2]hostRun // hostsim's and Viceroy's
}

// hostRun is what was measured of a module on one host.
type hostRun struct {
	cold, again    time.Duration // until the first answer: with nothing kept, and once more
	perSecond, cpu []float64     // of each round; cpu in microseconds a request
	memory         int64         // resident after a load, the most of all rounds, in bytes
}

// host is a program that serves a module.
type host struct{ name, path string }

func runHosts(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("hosts", flag.ContinueOnError)
	fs.Usage = func() { fmt.Fprintln(fs.Output(), hostsUsage); fs.PrintDefaults() }
	out := fs.String("out", "HOSTS.md", "the `file` to write")
	p := hostsPlan{build: guests.Build{Dir: "."}, sites: clicks.Sites(measure.UsualSites)}
	fs.IntVar(&p.rounds, "rounds", 5, "how often each load is measured; the rounds of both hosts are interleaved")
	fs.DurationVar(&p.each, "each", 2*time.Second, "how long each load lasts")
	fs.IntVar(&p.connections, "connections", 8, "connections at a time")
	if err := fs.Parse(args); err != nil {
		return err
	}
	var err error
	if p.kinds, err = clicks.Kinds(clicks.Shape{}); err != nil {
		return err
	}
	return p.run(ctx, *out)
}

func (p *hostsPlan) run(ctx context.Context, out string) error {
	machine := measure.ThisMachine()
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	viceroy, err := loopback.FindViceroy()
	if err != nil {
		return err
	}
	said, err := exec.CommandContext(ctx, viceroy, "--version").Output()
	if err != nil {
		return fmt.Errorf("%s --version: %w", viceroy, err)
	}
	progress("building hostsim and the modules")
	hosts := [2]host{{"hostsim", filepath.Join(dir, "hostsim")}, {strings.TrimSpace(string(said)), viceroy}}
	if err := buildCommand(ctx, hosts[0].path, "./hostsim/cmd/hostsim"); err != nil {
		return err
	}
	list, missing, err := p.modules(ctx)
	if err != nil {
		return err
	}
	origin, stop, err := servers.Origin()
	if err != nil {
		return err
	}
	defer stop()
	for _, m := range list {
		progress("%s", m.title)
		if err := p.measure(ctx, m, hosts, origin, dir); err != nil {
			return fmt.Errorf("%s: %w", m.title, err)
		}
	}
	return os.WriteFile(out, p.table(machine, list, hosts, missing), 0o644)
}

// modules builds what is hosted. missing says what could not be.
func (p *hostsPlan) modules(ctx context.Context) (list []*hosted, missing []string, err error) {
	add := func(title string, kind int, build func(context.Context) ([]byte, error)) error {
		wasm, err := build(ctx)
		if errors.Is(err, cargo.ErrAbsent) || errors.Is(err, guests.ErrNoJS) {
			missing = append(missing, fmt.Sprintf("%s (%v)", title, err))
			return nil
		}
		click := servers.ClickOf(&p.kinds[kind])
		list = append(list, &hosted{title: title, wasm: wasm, click: &click})
		return err
	}
	js, err := p.build.NewJS()
	if err != nil {
		return nil, nil, err
	}
	const signedKind, proxiedKind = 0, 2
	err = errors.Join(
		add("Rust, `fastly` crate, a signed click", signedKind, func(ctx context.Context) ([]byte, error) { return p.build.Rust(ctx, "crate") }),
		add("Go, `fsthttp`, a plain 302", signedKind, p.build.FSTHTTP),
		add("Go, `fsthttp`, sent to a backend", proxiedKind, p.build.Proxy),
		add("Go, `edge/handler`, not prewarmed, a proxied click", proxiedKind, p.build.Core),
		add("JavaScript SDK, a plain 302", signedKind, func(ctx context.Context) ([]byte, error) { return js.Module(ctx, "plain") }),
	)
	return list, missing, err
}

// measure starts a module on both hosts and loads them in turn.
func (p *hostsPlan) measure(ctx context.Context, m *hosted, hosts [2]host, origin, dir string) error {
	cache, err := os.MkdirTemp(dir, "cache-") // nothing is kept from before
	if err != nil {
		return err
	}
	module, manifest, err := loopback.Service(dir, m.wasm, p.sites, origin)
	if err != nil {
		return err
	}
	var pids [2]int
	var addrs [2]string
	for i, h := range hosts {
		r := &m.runs[i]
		for _, took := range []*time.Duration{&r.cold, &r.again} {
			addr, err := loopback.FreeAddress()
			if err != nil {
				return err
			}
			cmd := exec.Command(h.path, "-C", manifest, "--addr", addr, module)
			cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache)
			begun := time.Now()
			stop, err := loopback.Start(ctx, cmd, os.Kill, addr)
			if err != nil {
				return err
			}
			if err := servers.Once(ctx, addr, m.click); err != nil {
				stop()
				return fmt.Errorf("%s: %w", h.name, err)
			}
			*took = time.Since(begun)
			if took == &r.cold {
				stop()
				continue
			}
			defer stop()
			pids[i], addrs[i] = cmd.Process.Pid, addr
		}
	}
	for range p.rounds {
		for i, h := range hosts {
			if err := m.runs[i].load(ctx, p, m.click, addrs[i], pids[i]); err != nil {
				return fmt.Errorf("%s: %w", h.name, err)
			}
		}
	}
	return nil
}

func (r *hostRun) load(ctx context.Context, p *hostsPlan, click *servers.Click, addr string, pid int) error {
	before, _ := servers.UsageOf(pid)
	latency, took, err := servers.Load(ctx, addr, click, p.connections, p.each, 0)
	if err != nil {
		return err
	}
	after, _ := servers.UsageOf(pid)
	r.perSecond = append(r.perSecond, float64(len(latency))/took.Seconds())
	r.memory = max(r.memory, after.Memory)
	r.cpu = append(r.cpu, float64((after.CPU-before.CPU).Microseconds())/float64(len(latency)))
	return nil
}

// table is HOSTS.md.
func (p *hostsPlan) table(m measure.Machine, list []*hosted, hosts [2]host, missing []string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# hostsim beside Viceroy\n\n")
	fmt.Fprintf(&b, "Made by `make bench-hosts` on %s, %d cores, %s, %s; load averages before the run: %s. The same module and the\n"+
		"same `fastly.toml`, both programs as they are installed, with the same arguments. Client, origin and hosts share the machine. %d connections are kept open;\n"+
		"each load lasts %v and is measured %d times, the hosts in turn. Figures are medians; CPU is that of the host for a request, memory what it had after a load. Every\n"+
		"answer was compared. A start lasts until the first answer: the first one finds nothing kept, the next what the first has kept (hostsim keeps compiled\n"+
		"modules; Viceroy compiles each time).\n\n", m.CPU, m.Cores, m.Kernel, m.Go, m.Load, p.connections, p.each, p.rounds)
	fmt.Fprintf(&b, "| module | host | requests a second | hostsim / Viceroy | CPU µs a request | memory MB | first start s | next start s |\n|---|---|---:|---:|---:|---:|---:|---:|\n")
	for _, h := range list {
		ratio := fmt.Sprintf("**%.2f**", median(h.runs[0].perSecond)/median(h.runs[1].perSecond))
		for i, r := range h.runs {
			fmt.Fprintf(&b, "| %s | %s | %.0f | %s | %.0f | %.0f | %.2f | %.2f |\n", h.title, hosts[i].name, median(r.perSecond), ratio,
				median(r.cpu), float64(r.memory)/1e6, r.cold.Seconds(), r.again.Seconds())
			ratio = ""
		}
	}
	if len(missing) > 0 {
		fmt.Fprintf(&b, "\nMissing here: %s.\n", strings.Join(missing, "; "))
	}
	return b.Bytes()
}
