package report

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/bench/internal/measure"
)

// Markdown writes RESULTS.md.
func (r *Results) Markdown() []byte {
	w := &writer{}
	w.line("# What a click costs")
	w.line("")
	w.line("Written by `make bench` on %s%s. Times differ from machine to machine and hour to hour; ratios within the run do so less, and counts do not.", r.Date, quickly(r.Quick))
	r.targets(w)
	w.line("")
	r.headline(w)
	w.line("")
	w.line("![Where a click's time goes, and the time of a click by guest](plot.svg)")
	r.parts(w)
	r.accesses(w)
	r.machine(w)
	r.clicks(w)
	r.closely(w)
	r.stages(w)
	r.modules(w)
	r.scale(w)
	r.loopback(w)
	w.line("\n## How it was measured\n")
	w.line("%s", method)
	for _, note := range r.Notes {
		w.line("- %s", note)
	}
	return w.Bytes()
}

const method = `- Every request gets an instance of its own, as in production.
- Times are of a host in Rust (` + "`bench/host`" + `): a store and an instance from the pooling allocator, memory mapped copy-on-write from the module's image,
  synchronous host calls that answer from memory, clocks that repeat. Instantiate is store and instance; request is the call of the entry; drop lets both go, and
  the kernel unmap what was mapped. Guests take turns, a few clicks at a time and in another order each time; a ratio is that of two medians of the same turn, and what is given is the
  median of these, with quartiles.
- With pages resident, the host keeps the pages of an instance mapped for the next one, and puts back what was written. That a request takes less so is what
  its windows and pages cost.
- A window is 64 KiB of the image: what the kernel maps when a page is read first. A page is one of 4 KiB that is written, and so copied. Both are counted twice:
  by a module in which every load and store reports its address, host calls' accesses counted in, and by the kernel's own record of the host in Rust.
- A region is 2 MiB, what one table of the processor's page tables maps. Linux gives back the table of a region that lies wholly in the image (6.14 and later),
  so a click pays for a new one where it touches a page of it; the first region and the last lie in the image only in part.
- Instructions are counted by a module that adds up its own, as wasmtime's fuel does. Each that the guest executes counts 1; ` + "`nop`, `drop`, `block`, `loop`," + `
  ` + "`unreachable`, `return`, `else` and `end`" + ` count 0; entering a function counts 1. What the host does within a call, WASI included, does not count. Clocks,
  randomness and vCPU time repeat, so that the counts do, but for guests that poll for the ESP's answer, as ` + "`fsthttp`" + ` does.
- Host calls are those of the Fastly ABI; calls of WASI are counted beside them. Before the first one means before the first of the ABI.
- Changed pages are those whose bytes differ afterwards.
- Allocations are calls of the Go allocator, seen by a module in which every function reports that it begins and ends.
- Times on wazero are those of hostsim, host calls included.
- The request is a browser's, with 12 fields beside Host, over https, unless the table says otherwise. The ESP answers at once.`

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
	if ours == nil {
		return
	}
	if ours.Times == nil {
		w.line("A signed redirect, log line included, takes **%s instructions**, %s of which are HMAC-SHA256. Nothing was timed on wasmtime.",
			Thousands(ours.Counts.Instructions), Thousands(min(r.HMAC, ours.Counts.Instructions)))
		return
	}
	w.line("A signed redirect, log line included, takes **%s** on wasmtime and **%s instructions**, %s of which are HMAC-SHA256.",
		Micros(ours.Times.Total.Median), Thousands(ours.Counts.Instructions), Thousands(min(r.HMAC, ours.Counts.Instructions)))
	w.line("In the same run:")
	w.line("")
	for _, id := range [][2]string{{Crate, "signed"}, {Raw, "signed"}, {FSTHTTP, Plain}, {FSTHTTPWarm, Plain}, {Core, "signed"}, {CoreWarm, "signed"}, {JSPlain, Plain}, {JSSigned, "signed"}, {Empty, Plain}} {
		row := r.Row(id[0], id[1])
		if row == nil || row.Ratio.N == 0 {
			continue
		}
		w.line("- %s takes **%.2f ×** that time (quartiles %.2f to %.2f) and %.2f × the instructions;", row.Title, row.Ratio.Median, row.Ratio.Low, row.Ratio.High,
			float64(row.Counts.Instructions)/float64(ours.Counts.Instructions))
	}
}

func (r *Results) targets(w *writer) {
	w.line("\n## What must be reached\n")
	w.table("", "before:", "must:", "now:", "reached")
	for _, t := range r.Targets {
		w.row(t.What, t.Before, t.Must, orDashText(t.Now), mark(t.Reached))
	}
	w.line("\nTimes are on wasmtime. Before is when the targets were set; another host of the same kind measured it.")
}

func orDashText(s string) string { return cmp.Or(s, "–") }

// parts says where the time of each click goes.
func (r *Results) parts(w *writer) {
	if r.Costs == (Costs{}) {
		return
	}
	w.line("\n## Where the time goes\n")
	w.table("guest", "click", "instantiate:", "windows:", "pages:", "computing:", "calls:", "teardown:", "in all:")
	for _, row := range r.Rows {
		if p := row.Parts; p != nil {
			w.row(row.Title, row.Kind, tenth(p.Instantiate), tenth(p.Windows), tenth(p.Pages), tenth(p.Computing), tenth(p.Calls), tenth(p.Teardown), tenth(row.Times.Total.Median))
		}
	}
	c := r.Costs
	w.line("\nIn microseconds. By itself, a window takes %.2f µs in the request, and %.2f with what it makes the teardown take; a page %.2f and %.2f; the first page in a region of 2 MiB that lies wholly in the image %.2f more; a host call that does nothing %.0f ns.",
		c.Window, c.WindowTotal, c.Page, c.PageTotal, c.RegionTotal, 1000*c.HostCall)
}

func tenth(us float64) string { return fmt.Sprintf("%.1f", us) }

// accesses names what maps each window and page of a signed click.
func (r *Results) accesses(w *writer) {
	if len(r.Windows) == 0 {
		return
	}
	w.line("\n## What a signed click maps\n")
	w.table("", "at:", "first read or written by", "there")
	for _, a := range r.Windows {
		w.row("window", fmt.Sprintf("%#x", a.Page), "`"+a.By+"`", a.Where)
	}
	for _, a := range r.Pages {
		w.row("page", fmt.Sprintf("%#x", a.Page), "`"+a.By+"`", a.Where)
	}
	w.line("\n`go run . profile -pages KIND` says so for every kind of click.")
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
	w.row("wasmtime", orNone(m.Wasmtime))
	w.row("Rust", orNone(m.Rust))
	w.row("wazero", m.Wazero)
	w.row("compute-sdk-go", m.SDK)
	w.row("js-compute", orNone(r.JS))
	w.row("resident pages are put back", map[bool]string{true: "those written (PAGEMAP_SCAN)", false: "all"}[r.PagemapScan])
}

func orNone(s string) string { return cmp.Or(s, "not in this run") }

func (r *Results) clicks(w *writer) {
	w.line("\n## Clicks\n")
	w.table("guest", "click", "instructions:", "before the first host call:", "host calls:", "of WASI:", "wasmtime, median (quartiles):", "against a signed redirect:", "wazero:")
	for _, row := range r.Rows {
		total, wazero := "–", "–"
		if row.Times != nil {
			total = spread(row.Times.Total)
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
	w.table("click", "instructions:", "allocations:", "bytes:", "windows read:", "pages written:", "regions touched:", "changed:", "touched:", "memory at the end:")
	for _, row := range r.Rows {
		if c := row.Click; c != nil {
			w.row(row.Kind, Thousands(c.Instructions), fmt.Sprint(c.Allocations), Thousands(c.AllocatedBytes), fmt.Sprint(c.Windows), fmt.Sprint(c.PagesWritten), fmt.Sprint(c.Regions), fmt.Sprint(c.Written), fmt.Sprint(c.Touched), Bytes(c.Memory))
		}
	}
}

func (r *Results) stages(w *writer) {
	if r.Machine.Wasmtime == "" {
		return
	}
	w.line("\n## Stages on wasmtime\n")
	w.table("guest", "click", "instantiate:", "request:", "drop:", "minor faults:", "windows read:", "pages written:", "with pages resident:", "faults:")
	for _, row := range r.Rows {
		s := row.Times
		if s == nil {
			continue
		}
		resident, faults := "–", "–"
		if row.Resident != nil {
			resident, faults = spread(row.Resident.Total), fmt.Sprintf("%.0f", row.Resident.Faults.Median)
		}
		w.row(row.Title, row.Kind, spread(s.Instantiate), spread(s.Request), spread(s.Drop), fmt.Sprintf("%.0f", s.Faults.Median),
			fmt.Sprint(row.Mapped.Windows), fmt.Sprint(row.Mapped.Pages), resident, faults)
	}
}

func (r *Results) modules(w *writer) {
	w.line("\n## Modules\n")
	w.table("guest", "size:", "compile, wasmtime:", "compile, wazero:", "prewarm:")
	for _, m := range r.Modules {
		w.row(m.Title, Bytes(m.Bytes), dash(m.CompileMS), dash(m.WazeroMS), dash(m.PrewarmMS))
	}
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
		w.table("sites:", "sites.json:", "module:", "prewarm:", "signed:", "decoded:", "proxied:", "windows read, signed:", "pages written, signed:", "regions touched, signed:", "signed on wasmtime:")
		for i, s := range slices.Concat(r.Sites, r.SitesWithAll) {
			name, total := Thousands(uint64(s.Sites)), "–"
			if i >= len(r.Sites) {
				name += ", with all"
			}
			if s.Signed != nil {
				total = spread(s.Signed.Total)
			}
			w.row(name, Bytes(s.JSON), Bytes(s.Bytes), millis(s.PrewarmMS), count(s.Clicks, "signed"), count(s.Clicks, "decoded"), count(s.Clicks, "proxied"), fmt.Sprint(s.Windows), fmt.Sprint(s.Pages), fmt.Sprint(s.Regions), total)
		}
		w.line("\nThe three kinds are instructions. One site is that of signed links only. With all: each site has two more ESPs, one of them retired, links that are learned, and two recalls.")
	}
	r.shapes(w, "length of the destination", r.Links, func(s *Shape) string { return fmt.Sprintf("%d bytes", s.Destination) })
	r.shapes(w, "number of request headers", r.Headers, func(s *Shape) string { return fmt.Sprint(s.Headers) })
}

func (r *Results) shapes(w *writer, title string, list []*Shape, name func(*Shape) string) {
	if len(list) == 0 {
		return
	}
	w.line("\n## By %s\n", title)
	w.table(title, "signed:", "beside crypto/hmac:", "decoded:", "proxied:", "refused:", "signed: windows read:", "pages written:", "allocations:")
	for _, s := range list {
		beside := "–"
		if s.HMAC > 0 {
			beside = Thousands(s.Clicks["signed"].Instructions - min(s.HMAC, s.Clicks["signed"].Instructions))
		}
		c := s.Clicks["signed"]
		w.row(name(s), Thousands(c.Instructions), beside, instructions(s, "decoded"), instructions(s, "proxied"), instructions(s, "refused"),
			fmt.Sprint(c.Windows), fmt.Sprint(c.PagesWritten), fmt.Sprint(c.Allocations))
	}
}

func instructions(s *Shape, kind string) string {
	c, ok := s.Clicks[kind]
	if !ok {
		return "–"
	}
	return Thousands(c.Instructions)
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
	w.line("Clicks in front of the same origin, without TLS: our module on hostsim (wazero, in this process, as is the load) and on Viceroy, and nginx and Caddy as proxies, as far as they are installed. Only hosts of our module answer a signed click; a proxied one is what all of them do.\n")
	w.table("server", "connections:", "requests per second:", "latency:", "p99:", "p99.9:")
	for _, l := range r.Loopback {
		w.row(l.Name, fmt.Sprint(l.Connections), Thousands(uint64(l.PerSecond)), spread(l.Latency), Micros(l.Slow), Micros(l.Slowest))
	}
}
