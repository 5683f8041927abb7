package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/spf13/cobra"
)

type build struct {
	env     *Env
	sites   string
	reactor string
	out     string
	json    bool
}

func (env *Env) buildCommand() *cobra.Command {
	b := &build{env: env}
	cmd := &cobra.Command{
		Use:   "build [--sites sites.json] [-o bin/main.wasm]",
		Short: "Build the module with sites.json inside",
		Long: `Checks sites.json, compiles the guest with the Go toolchain, initialises it with
sites.json at hand, and writes the memory that this leaves as the module that Fastly
Compute runs. The module is written whole or not at all.

The guest is compiled from the source tree that the current folder lies in; with
--reactor a compiled one is used and neither sources nor toolchain are needed. What
GOOS and GOARCH the environment names does not matter; GOFLAGS does.`,
		Example: `  clickedge build
  clickedge build --sites production.json -o bin/main.wasm
  clickedge build --reactor bin/reactor.wasm`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	sitesFlag(cmd, &b.sites)
	cmd.Flags().StringVar(&b.reactor, "reactor", "", "`file` with the guest, compiled as a reactor")
	cmd.Flags().StringVarP(&b.out, "output", "o", "bin/main.wasm", "the `file` to write")
	cmd.Flags().BoolVar(&b.json, "json", false, "print JSON")
	_ = cmd.MarkFlagFilename("reactor", "wasm")
	_ = cmd.MarkFlagFilename("output", "wasm")
	return cmd
}

// built is what build --json prints; sizes in bytes, times in milliseconds.
type built struct {
	Output      string `json:"output"`
	Sites       int    `json:"sites"`
	Reactor     int    `json:"reactor_bytes"`
	Module      int    `json:"module_bytes"`
	MemoryPages int    `json:"memory_pages"`
	Segments    int    `json:"segments"`
	Data        int    `json:"segment_bytes"`
	CompileMS   int64  `json:"compile_ms"`
	PrewarmMS   int64  `json:"prewarm_ms"`
}

func (b *build) run(ctx context.Context) error {
	_, text, err := loadSites(b.sites)
	if err != nil {
		return err
	}
	o := module.Options{Sites: text, SitesName: b.sites}
	if b.reactor != "" {
		if o.Reactor, err = os.ReadFile(b.reactor); err != nil {
			return usage(fmt.Errorf("cannot read the reactor: %w", err), "leave --reactor out to compile the guest")
		}
	}
	wasm, rep, err := module.Build(ctx, o)
	if err != nil {
		return buildFailure(err)
	}
	if err := replaceFile(b.out, wasm, 0o644); err != nil {
		return bad(err, "choose another place with -o")
	}
	return b.report(rep)
}

// buildFailure finds the hint for whatever went wrong.
func buildFailure(err error) error {
	var sites *core.SitesError
	switch {
	case errors.As(err, &sites):
		return sitesFailure(sites.Name, err)
	case errors.Is(err, context.Canceled):
		return bad(errors.New("interrupted; nothing was written"), "")
	case errors.Is(err, module.ErrNoSource):
		return usage(err, "run this inside a clone of the repository, or give a compiled guest with --reactor")
	case errors.Is(err, module.ErrNoGo):
		return usage(err, "install Go (https://go.dev/dl/), or give a compiled guest with --reactor")
	}
	return bad(err, "")
}

func (b *build) report(r module.Report) error {
	if b.json {
		return printJSON(b.env.Out, built{b.out, r.Sites, r.Reactor, r.Module, r.MemoryPages, r.Segments, r.Data,
			r.Compile.Milliseconds(), r.Prewarm.Milliseconds()})
	}
	w := b.env.Out
	fmt.Fprintf(w, "%s  %s, with %s\n", b.out, size(r.Module), count(r.Sites, "site"))
	fmt.Fprintf(w, "  guest   %s%s\n", size(r.Reactor), took(r.Compile))
	fmt.Fprintf(w, "  memory  %s in %s, %s at the start%s\n", size(r.Data), count(r.Segments, "segment"), size(r.MemoryPages<<16), took(r.Prewarm))
	return nil
}

func took(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf(" (%.1f s)", d.Seconds())
}

func size(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	}
	return count(n, "byte")
}
