package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/core/sitetable"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/edge/prewarm/wasm"
	"github.com/clickedge/clickedge/internal/wizertest"
)

const wizerUsage = `usage: bench wizer [flags]
Compares edge/prewarm with Wizer, which npm gets, on the same guest and sites.`

// compared is one module in the comparison. Sizes are in bytes.
type compared struct {
	name            string
	wasm            []byte
	took            time.Duration // to make it from the reactor
	segments, pages int
	counts          map[string]measure.Counts // of each kind of click; nil: not counted
}

func runWizer(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("wizer", flag.ContinueOnError)
	fs.Usage = func() { fmt.Fprintln(fs.Output(), wizerUsage); fs.PrintDefaults() }
	out := fs.String("out", "WIZER.md", "the file to write")
	if err := fs.Parse(args); err != nil {
		return err
	}
	tool, err := wizertest.Find(ctx)
	if errors.Is(err, wizertest.ErrAbsent) {
		progress("Nothing was compared, and %s is as it was: %v", *out, err)
		return nil
	}
	if err != nil {
		return err
	}
	kinds, err := clicks.Kinds(clicks.Shape{})
	if err != nil {
		return err
	}
	modules, err := compareWizer(ctx, tool, kinds)
	if err != nil {
		return err
	}
	return os.WriteFile(*out, wizerTable(modules, kinds), 0o644)
}

// compareWizer builds the modules and makes the same clicks on them. A wrong
// answer or log line is an error.
func compareWizer(ctx context.Context, tool *wizertest.Tool, kinds []clicks.Kind) ([]*compared, error) {
	root, err := module.Root(".")
	if err != nil {
		return nil, err
	}
	reactor, err := module.Reactor(ctx, root)
	if err != nil {
		return nil, err
	}
	text := clicks.Sites(measure.UsualSites)
	sites, err := sitesjson.Parse("sites.json", text)
	if err != nil {
		return nil, err
	}
	list := []*compared{{name: "as Go built it", wasm: reactor}, {name: "`edge/prewarm`"}, {name: "Wizer " + wizertest.Version}}
	start := time.Now()
	if list[1].wasm, _, err = module.Build(ctx, module.Options{Sites: text, Reactor: reactor}); err != nil {
		return nil, err
	}
	list[1].took, start = time.Since(start), time.Now()
	if list[2].wasm, err = tool.Module(ctx, reactor, sitetable.Make(sites)); err != nil {
		return nil, err
	}
	list[2].took = time.Since(start)
	for i, m := range list {
		if m.segments, m.pages, err = sectionSizes(m.wasm); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		if i == 0 {
			continue // it imports a file system, which Compute does not have
		}
		progress("count what clicks take: %s", m.name)
		if m.counts, err = measure.Count(ctx, measure.Subject{Name: "wizer", Title: m.name, Wasm: m.wasm, Sites: text, Check: (*clicks.Kind).CheckLogged}, kinds); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// sectionSizes reads the number of data segments and the pages of memory that a
// module begins with.
func sectionSizes(module []byte) (segments, pages int, err error) {
	m, err := wasm.Parse(module)
	if err != nil {
		return 0, 0, err
	}
	memories, err := m.Memories()
	if err != nil {
		return 0, 0, err
	}
	for _, memory := range memories {
		pages += int(memory.Min)
	}
	data, err := m.AllData()
	return len(data), pages, err
}

// wizerTable writes WIZER.md. Only the time differs between machines.
func wizerTable(list []*compared, kinds []clicks.Kind) []byte {
	var b bytes.Buffer
	m := measure.ThisMachine()
	fmt.Fprintf(&b, `# edge/prewarm beside Wizer

Made by `+"`make wizer`"+` on %s: the same guest, compiled once by %s, and the same %d sites. Every click was answered and
logged alike on both. The target also runs the golden cases of `+"`deploy/e2e`"+` on Wizer's module.

| module | bytes | data segments | memory at the start | made in |
|---|---|---|---|---|
`, m.CPU, m.Go, measure.UsualSites)
	for _, c := range list {
		took := ""
		if c.took > 0 {
			took = fmt.Sprintf("%.1f s", c.took.Seconds())
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d pages | %s |\n", c.name, len(c.wasm), c.segments, c.pages, took)
	}
	b.WriteString("\nThe memory of ours holds the room for sites, of which a sandbox touches the pages that it reads.\n\n" +
		"| click | module | instructions | before the first host call | host calls | pages of 4 KiB changed |\n|---|---|---|---|---|---|\n")
	for _, k := range kinds {
		for _, c := range list {
			if n, ok := c.counts[k.Name]; ok {
				fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d |\n", strings.ToLower(k.Title), c.name, n.Instructions, n.BeforeFirstCall, n.HostCalls, n.Written)
			}
		}
	}
	return b.Bytes()
}
