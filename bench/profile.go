package main

import (
	"bufio"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/engine"
	"github.com/clickedge/clickedge/bench/internal/guests"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/bench/internal/profile"
)

// profileOptions are the flags of the command.
type profileOptions struct {
	top    int
	folded string
	about  string // show who calls functions of this name, and whom they call
	total  bool
	sites  int
	target int
	pages  bool
	ours   *guests.Ours
}

const profileUsage = `usage: bench profile [flags] KIND
KIND is signed, decoded, proxied or refused.`

func runProfile(ctx context.Context, args []string) error {
	var o profileOptions
	fs := flag.NewFlagSet("profile", flag.ContinueOnError)
	fs.Usage = func() { fmt.Fprintln(fs.Output(), profileUsage); fs.PrintDefaults() }
	fs.IntVar(&o.top, "n", 40, "show this many functions")
	fs.BoolVar(&o.total, "total", false, "sort by what a function and all that it calls use")
	fs.StringVar(&o.about, "about", "", "show callers and callees of the functions whose name holds this")
	fs.StringVar(&o.folded, "folded", "", "write folded stacks, as flame graph tools read them, to this file")
	fs.IntVar(&o.sites, "sites", 3, "number of sites")
	fs.IntVar(&o.target, "destination", 0, "length of the URL that the link leads to")
	fs.BoolVar(&o.pages, "pages", false, "show windows and pages of memory instead: which a click reads or writes first, and which functions touch them")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() != 1 {
		fs.Usage()
		return flag.ErrHelp
	}
	subject, kinds, err := o.subject(ctx, fs.Arg(0))
	if err != nil {
		return err
	}
	if o.pages && o.ours.Unnamed != nil {
		progress("%v", o.ours.Unnamed)
	}
	if o.pages {
		pages, err := measure.Pages(ctx, subject, kinds)
		if err != nil {
			return err
		}
		p := pages[kinds[0].Name]
		p.Name(o.ours.Symbols.At)
		return o.printPages(os.Stdout, p)
	}
	profiles, err := measure.Profiles(ctx, subject, kinds)
	if err != nil {
		return err
	}
	p := profiles[kinds[0].Name]
	if err := o.writeFolded(p); err != nil {
		return err
	}
	w := bufio.NewWriter(os.Stdout)
	o.print(w, p)
	return w.Flush()
}

// subject builds the module with names, and finds the kind of click.
func (o *profileOptions) subject(ctx context.Context, kind string) (s measure.Subject, kinds []clicks.Kind, err error) {
	if kinds, err = clicks.Kinds(clicks.Shape{Destination: o.target}); err != nil {
		return s, nil, err
	}
	at := slices.IndexFunc(kinds, func(k clicks.Kind) bool { return k.Name == kind })
	if at < 0 {
		return s, nil, fmt.Errorf("no kind of click is called %q: want signed, decoded, proxied or refused", kind)
	}
	if o.ours, err = guests.NewOurs(ctx, "."); err != nil {
		return s, nil, err
	}
	sites := clicks.Sites(o.sites)
	wasm, err := o.ours.Named(ctx, sites)
	return measure.Ours(wasm, sites), kinds[at : at+1], err
}

func (o *profileOptions) writeFolded(p *profile.Profile) error {
	if o.folded == "" {
		return nil
	}
	var b strings.Builder
	for _, stack := range slices.Sorted(maps.Keys(p.Folded)) {
		fmt.Fprintf(&b, "%s %d\n", stack, p.Folded[stack])
	}
	return os.WriteFile(o.folded, []byte(b.String()), 0o644)
}

func (o *profileOptions) print(w io.Writer, p *profile.Profile) {
	fmt.Fprintf(w, "%d instructions, %d allocations of %d bytes\n\n", p.Fuel(), p.Allocs, p.AllocBytes)
	if o.about != "" {
		o.printAbout(w, p)
		return
	}
	o.printFunctions(w, p)
	fmt.Fprintf(w, "\n%8s %8s  allocated by\n", "times", "bytes")
	for _, s := range p.Sites() {
		fmt.Fprintf(w, "%8d %8d  %s\n", s.Allocs, s.Bytes, short(s.Name))
	}
	fmt.Fprintf(w, "\n     host call\n")
	for i, c := range p.Calls {
		fmt.Fprintf(w, "%4d %s.%s %s, by %s\n", i+1, strings.TrimPrefix(c.Module, "fastly_"), c.Name, c.Status, short(c.By))
	}
}

func (o *profileOptions) printFunctions(w io.Writer, p *profile.Profile) {
	list := p.Functions()
	if o.total {
		slices.SortStableFunc(list, func(a, b profile.Function) int { return cmp.Compare(b.Total, a.Total) })
	}
	fmt.Fprintf(w, "%8s %8s %6s  function\n", "self", "total", "calls")
	for i, f := range list {
		if i == o.top {
			fmt.Fprintf(w, "… and %d more\n", len(list)-i)
			break
		}
		fmt.Fprintf(w, "%8d %8d %6d  %s\n", f.Self, f.Total, f.Calls, short(f.Name))
	}
}

func (o *profileOptions) printAbout(w io.Writer, p *profile.Profile) {
	for _, f := range p.Functions() {
		if !strings.Contains(short(f.Name), o.about) {
			continue
		}
		fmt.Fprintf(w, "%s: %d itself, %d in all, %d calls\n", short(f.Name), f.Self, f.Total, f.Calls)
		for _, e := range p.Edges() {
			switch f.Name {
			case e.Callee:
				fmt.Fprintf(w, "  %8d %6d  for %s\n", e.Total, e.Calls, short(e.Caller))
			case e.Caller:
				fmt.Fprintf(w, "  %8d %6d  in  %s\n", e.Total, e.Calls, short(e.Callee))
			}
		}
	}
}

// shorter removes the common part of functions' names. The linker writes "_"
// for any character but letters, digits and dots.
var shorter = strings.NewReplacer("github.com_clickedge_clickedge_", "", "github.com_fastly_compute_sdk_go_", "sdk_", "crypto_internal_fips140_", "fips140_")

func short(name string) string {
	name = shorter.Replace(name)
	if at := strings.Index(name, "_go.shape."); at >= 0 {
		name = name[:at]
	}
	return name
}

// who names the access that maps a window or a page.
func who(f profile.First) string {
	name := short(f.By)
	if f.Call != "" {
		name += " (" + strings.TrimPrefix(f.Call, "fastly_") + ")"
	}
	return name
}

// early says that prewarm has the page touched when a request begins.
func early(f profile.First) string {
	if f.Early {
		return "; touched at the entry"
	}
	return ""
}

// longName is where a name is cut: a constant's is its text.
const longName = 60

// where says what lies at the address.
func where(f profile.First) string {
	at := fmt.Sprintf("%#x", f.Address)
	if f.Symbol == "" {
		return at
	}
	name := strings.TrimPrefix(f.Symbol, "github.com/clickedge/clickedge/")
	if len(name) > longName {
		name = name[:longName] + "…"
	}
	return at + ", in " + name
}

func (o *profileOptions) printPages(w io.Writer, p *profile.Pages) error {
	fmt.Fprintf(w, "%d windows of 64 KiB read first, in this order, by\n", len(p.Windows()))
	for _, f := range p.Windows() {
		fmt.Fprintf(w, "  window %#x  %s, at %s%s\n", f.Address&^(profile.WindowSize-1), who(f), where(f), early(f))
	}
	fmt.Fprintf(w, "\n%d pages of 4 KiB written, in this order, by\n", len(p.Writes()))
	for _, f := range p.Writes() {
		late := ""
		if f.Mapped {
			late = "; read before"
		}
		fmt.Fprintf(w, "  page %#x  %s, at %s%s%s\n", f.Address&^(engine.PageSize-1), who(f), where(f), late, early(f))
	}
	if len(p.Zeroes()) > 0 {
		fmt.Fprintf(w, "\n%d pages outside the image read first, by\n", len(p.Zeroes()))
		for _, f := range p.Zeroes() {
			fmt.Fprintf(w, "  page %#x  %s\n", f.Address&^(engine.PageSize-1), who(f))
		}
	}
	list := p.List()
	fmt.Fprintf(w, "\n%d pages touched, in %d regions of 2 MiB\n\n%10s %6s %6s %6s  functions\n", len(list), p.Regions(), "address", "reads", "writes", "host")
	for _, page := range list {
		fmt.Fprintf(w, "%#10x %6d %6d %6d  %s\n", page.Number*engine.PageSize, page.Read, page.Written, page.Host, most(page.Functions, 4))
	}
	return nil
}

// most names the functions with the most accesses.
func most(functions map[string]int, n int) string {
	names := slices.SortedFunc(maps.Keys(functions), func(a, b string) int {
		return cmp.Or(functions[b]-functions[a], strings.Compare(a, b))
	})
	var b strings.Builder
	for i, name := range names {
		if i == n {
			fmt.Fprintf(&b, ", … %d more", len(names)-n)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %d", short(name), functions[name])
	}
	return b.String()
}
