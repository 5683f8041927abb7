package report

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/bench/internal/measure"
)

// Markdown writes RESULTS.md.
func (r *Results) Markdown() []byte {
	w := &writer{}
	w.line("# What a click costs")
	w.line("")
	w.line("Written by `make bench` on %s%s. Times differ from machine to machine and hour to hour; ratios within the run do so less, and counts do not.", r.Date, quickly(r.Quick))
	w.line("")
	r.headline(w)
	w.line("")
	w.line("![Instructions and time of a click, by guest](plot.svg)")
	r.targets(w)
	r.machine(w)
	r.clicks(w)
	r.closely(w)
	r.stages(w)
	r.modules(w)
	r.scale(w)
	r.loopback(w)
	w.line("\n## How it was measured\n")
	w.line("%s", method)
	if r.HostCall > 0 {
		w.line("- A host call that does nothing takes %.2f µs in this harness, most of it the way from wasmtime into Go and back; it is part of every time here.", r.HostCall)
	}
	for _, note := range r.Notes {
		w.line("- %s", note)
	}
	return w.Bytes()
}

const method = `- Every request gets an instance of its own, as in production. The host calls are hostsim's, on wasmtime and on wazero alike.
- Instructions are wasmtime's fuel between the call of the module's entry and its end. Each instruction that the guest executes counts
  1; ` + "`nop`, `drop`, `block`, `loop`, `unreachable`, `return`, `else` and `end`" + ` count 0; entering a function counts 1. What the host does within a
  call, WASI included, does not count. In counted runs clocks, randomness and vCPU time repeat, so that the counts do, but for guests that
  poll for the ESP's answer, as ` + "`fsthttp`" + ` does: their proxied clicks take more or less from run to run.
- A timed run has no fuel and wasmtime's own WASI. Instances come from wasmtime's pooling allocator, as at Fastly. Host calls go
  through Go, some 3 µs each, which a host in Rust does not pay. Instantiate is a store with its WASI and an instance whose memory is mapped
  copy-on-write; request is the call of the entry; drop lets the instance go. Guests take turns, a few clicks at a time; a ratio is that
  of two medians of the same turn, and what is given is the median of these, with quartiles.
- Host calls are those of the Fastly ABI; calls of WASI are counted beside them. Before the first one means before the first of the ABI.
- Touched pages, of 4 KiB, are counted by a module in which every load and store reports its address; host calls' accesses are counted in.
  Changed pages are those whose bytes differ afterwards.
- Allocations are calls of the Go allocator, seen by a module in which every function reports that it begins and ends.
- The request is a browser's, with 12 fields beside Host, over https, unless the table says otherwise. The ESP is a handler in the process.`

// writer collects lines and tables.
type writer struct{ bytes.Buffer }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// table begins a table; a column whose title ends in ":" is aligned right.
func (w *writer) table(columns ...string) {
	rule := make([]string, len(columns))
	for i, c := range columns {
		rule[i] = "---"
		if strings.HasSuffix(c, ":") {
			columns[i], rule[i] = strings.TrimSuffix(c, ":"), "---:"
		}
	}
	w.row(columns...)
	w.row(rule...)
}

func (w *writer) row(cells ...string) { w.line("| %s |", strings.Join(cells, " | ")) }

func quickly(quick bool) string {
	if quick {
		return ", quickly: fewer guests and fewer clicks"
	}
	return ""
}

// headline writes each ratio in a sentence.
func (r *Results) headline(w *writer) {
	ours := r.Row(Ours, "signed")
	if ours == nil || ours.Stages == nil {
		return
	}
	w.line("A signed redirect, log line included, takes **%s** on wasmtime and **%s instructions**, %s of which are HMAC-SHA256.",
		Micros(ours.Stages.Total.Median), Thousands(ours.Counts.Instructions), Thousands(min(r.HMAC, ours.Counts.Instructions)))
	w.line("In the same run:")
	w.line("")
	for _, id := range [][2]string{{FSTHTTP, Plain}, {Core, "signed"}, {CoreWarm, "signed"}, {JSPlain, Plain}, {JSSigned, "signed"}, {Empty, Plain}} {
		row := r.Row(id[0], id[1])
		if row == nil || row.Ratio.N == 0 {
			continue
		}
		w.line("- %s takes **%.2f ×** that time (quartiles %.2f to %.2f) and %.2f × the instructions;", row.Title, row.Ratio.Median, row.Ratio.Low, row.Ratio.High,
			float64(row.Counts.Instructions)/float64(ours.Counts.Instructions))
	}
}

func (r *Results) targets(w *writer) {
	w.line("\n## What is to be reached\n")
	w.table("", "limit:", "now:", "peer:", "reached")
	for _, t := range r.Targets {
		w.row(t.What, t.Limit, t.Now, t.Beside, mark(t.Reached))
	}
	w.line("\nThe peer is `fsthttp` with a plain 302 unless the line names another.")
}

func mark(reached string) string {
	if reached == "no" {
		return "**no**"
	}
	return reached
}

func (r *Results) machine(w *writer) {
	m := r.Machine
	w.line("\n## Machine\n")
	w.table("", "")
	w.row("CPU", fmt.Sprintf("%s, %d cores", m.CPU, m.Cores))
	w.row("system", m.System+", "+m.Kernel)
	if m.Load != "" {
		w.row("load before the run", m.Load)
	}
	w.row("Go", m.Go)
	w.row("wasmtime", m.Wasmtime)
	w.row("wazero", m.Wazero)
	w.row("compute-sdk-go", m.SDK)
	w.row("js-compute", orNone(r.JS))
	w.row("nginx", orNone(r.Nginx))
}

func orNone(s string) string { return cmp.Or(s, "not in this run") }

func (r *Results) clicks(w *writer) {
	w.line("\n## Clicks\n")
	w.table("guest", "click", "instructions:", "before the first host call:", "host calls:", "of WASI:", "wasmtime, median (quartiles):", "against a signed redirect:", "wazero:")
	for _, row := range r.Rows {
		total, wazero := "–", "–"
		if row.Stages != nil {
			total = spread(row.Stages.Total)
		}
		if row.Wazero != nil {
			wazero = spread(*row.Wazero)
		}
		c := row.Counts
		w.row(row.Title, row.Kind, Thousands(c.Instructions), Thousands(c.BeforeFirstCall), fmt.Sprint(c.HostCalls), fmt.Sprint(c.WASICalls), total, times(row.Ratio), wazero)
	}
	if r.HMAC > 0 {
		w.line("\n`crypto/hmac` itself takes %s instructions for HMAC-SHA256 over the text of the signed link.", Thousands(r.HMAC))
	}
}

func (r *Results) closely(w *writer) {
	w.line("\n## Our click, closely\n")
	w.table("click", "instructions:", "allocations:", "bytes:", "pages touched:", "written:", "changed:", "memory at the end:")
	for _, row := range r.Rows {
		if c := row.Click; c != nil {
			w.row(row.Kind, Thousands(c.Instructions), fmt.Sprint(c.Allocations), Thousands(c.AllocatedBytes), fmt.Sprint(c.Touched), fmt.Sprint(c.GuestWrites), fmt.Sprint(c.Written), Bytes(c.Memory))
		}
	}
}

func (r *Results) stages(w *writer) {
	w.line("\n## Stages on wasmtime\n")
	w.table("guest", "click", "instantiate:", "request:", "drop:", "page faults:")
	for _, row := range r.Rows {
		if s := row.Stages; s != nil {
			w.row(row.Title, row.Kind, spread(s.Instantiate), spread(s.Request), spread(s.Drop), fmt.Sprintf("%.0f", s.Faults.Median))
		}
	}
}

func (r *Results) modules(w *writer) {
	w.line("\n## Modules\n")
	w.table("guest", "size:", "compile, wasmtime:", "compile, wazero:", "prewarm:")
	for _, m := range r.Modules {
		w.row(m.Title, Bytes(m.Bytes), dash(m.CompileMS), dash(m.WazeroMS), dash(m.PrewarmMS))
	}
}

func orDash(n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprint(n)
}

func dash(ms float64) string {
	if ms == 0 {
		return "–"
	}
	return millis(ms)
}

func (r *Results) scale(w *writer) {
	if len(r.Sites) > 0 {
		w.line("\n## By number of sites\n")
		w.table("sites:", "sites.json:", "module:", "prewarm:", "signed:", "decoded:", "proxied:", "pages touched, signed:", "signed on wasmtime:")
		for _, s := range r.Sites {
			total := "–"
			if s.Signed != nil {
				total = spread(s.Signed.Total)
			}
			w.row(Thousands(uint64(s.Sites)), Bytes(s.JSON), Bytes(s.Bytes), millis(s.PrewarmMS), count(s.Clicks, "signed"), count(s.Clicks, "decoded"), count(s.Clicks, "proxied"), orDash(s.Touched), total)
		}
		w.line("\nThe three kinds are instructions. One site is that of signed links only.")
	}
	r.shapes(w, "length of the destination", r.Links, func(s *Shape) string { return fmt.Sprintf("%d bytes", s.Destination) })
	r.shapes(w, "number of request headers", r.Headers, func(s *Shape) string { return fmt.Sprint(s.Headers) })
}

func (r *Results) shapes(w *writer, title string, list []*Shape, name func(*Shape) string) {
	if len(list) == 0 {
		return
	}
	w.line("\n## By %s\n", title)
	w.table(title, "signed:", "beside crypto/hmac:", "decoded:", "proxied:", "refused:", "pages touched, signed:", "proxied:")
	for _, s := range list {
		beside := "–"
		if s.HMAC > 0 {
			beside = Thousands(s.Clicks["signed"].Instructions - min(s.HMAC, s.Clicks["signed"].Instructions))
		}
		w.row(name(s), count(s.Clicks, "signed"), beside, count(s.Clicks, "decoded"), count(s.Clicks, "proxied"), count(s.Clicks, "refused"),
			orDash(s.Touched["signed"]), orDash(s.Touched["proxied"]))
	}
}

func count(clicks map[string]measure.Counts, kind string) string {
	c, ok := clicks[kind]
	if !ok {
		return "–"
	}
	return Thousands(c.Instructions)
}

func (r *Results) loopback(w *writer) {
	if len(r.Loopback) == 0 {
		return
	}
	w.line("\n## Over loopback\n")
	w.line("Clicks in front of the same origin, without TLS: hostsim (wazero, in this process, as is the load), nginx, and, where it is installed, the same module on Viceroy.\n")
	w.table("server", "connections:", "requests per second:", "latency:", "p99:")
	for _, l := range r.Loopback {
		w.row(l.Name, fmt.Sprint(l.Connections), Thousands(uint64(l.PerSecond)), spread(l.Latency), Micros(l.Slow))
	}
}
