package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pack"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/deploy/terminal"
)

type build struct {
	env      *Env
	sites    string
	source   string
	reactor  string
	module   string
	out      string
	manifest string
	room     string
	keyFiles []string
	json     bool
}

func (env *Env) buildCommand() *cobra.Command {
	b := &build{env: env}
	cmd := &cobra.Command{
		Use:   "build [--sites sites.json] [-o bin/main.wasm | -o pkg/clickedge.tar.gz]",
		Short: "Build the module with sites.json inside, or the package that Fastly takes",
		Long: `Checks sites.json, initialises the guest with sites.json at hand, and writes the memory
that this leaves as the module that Fastly Compute runs. Where -o ends in .tar.gz, the
package that the Fastly CLI and Terraform take is written. Either is written whole or
not at all.

A released command has the guest inside, compiled; no Go is needed. --source compiles it
from the source tree that a folder lies in, as a command without a guest inside does in
the current folder. What GOOS and GOARCH the environment names does not matter then;
GOFLAGS does. With --reactor a compiled guest is used. With --module a module that was
built once gets these sites instead of its own, in an instant; --room says how many bytes
of sites such a module will ever hold.

Before anything is written the module is checked: every import is a function of Compute,
by name and type; one memory; _start; at most 100,000 data segments and 100,000,000
bytes; and no secret in it. Looked for are private keys and the secrets that this
command is told of: --key-file, CLICKEDGE_KEY_<KID>, FASTLY_API_TOKEN, and those of
[local_server] in fastly.toml.`,
		Example: `  clickedge build
  clickedge build --sites production.json -o pkg/clickedge.tar.gz
  clickedge build --sites production.json --module main.wasm -o pkg/clickedge.tar.gz`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("source") && b.source == "" {
				return failure.Usage(errors.New("--source is given, but empty"), "name a folder of the clone; --source . is the current one")
			}
			return b.run(cmd.Context())
		},
	}
	sitesFlag(cmd, &b.sites)
	f := cmd.Flags()
	f.StringVar(&b.module, "module", "", "`file` with a module that was built already")
	f.StringVar(&b.source, "source", "", "`folder` in the source tree to compile the guest from")
	f.StringVar(&b.reactor, "reactor", "", "`file` with the guest, compiled as a reactor")
	f.StringVar(&b.room, "room", "", "`size` of the room for sites, as 8MiB (default: twice what these need, 4MiB at least)")
	f.StringVarP(&b.out, "output", "o", "bin/main.wasm", "the `file` to write; a package where it ends in .tar.gz")
	f.StringVar(&b.manifest, "manifest", "", "the package's fastly.toml `file` (default: one that is made for it)")
	f.StringArrayVar(&b.keyFiles, "key-file", nil, "`file` with secrets that must not be inside; may be given again")
	f.BoolVar(&b.json, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("module", "reactor", "source")
	cmd.MarkFlagsMutuallyExclusive("module", "room")
	_ = cmd.MarkFlagFilename("module", "wasm")
	_ = cmd.MarkFlagFilename("reactor", "wasm")
	_ = cmd.MarkFlagDirname("source")
	return cmd
}

// built is what build --json prints; sizes in bytes, times in milliseconds.
type built struct {
	Output      string `json:"output"`
	Sites       int    `json:"sites"`
	Table       int    `json:"sites_bytes"`
	Room        int    `json:"room_bytes"`         // for sites
	Reactor     int    `json:"reactor_bytes"`      // 0 where a module was given
	Prebuilt    bool   `json:"prebuilt,omitempty"` // the guest that this command brings along
	Module      int    `json:"module_bytes"`
	Package     int    `json:"package_bytes,omitempty"`
	Hash        string `json:"hash,omitempty"` // of the package's files, as fastly compute hash-files has it
	Imports     int    `json:"imports"`
	MemoryPages int    `json:"memory_pages"`
	Segments    int    `json:"segments"`
	Data        int    `json:"segment_bytes"`
	CompileMS   int64  `json:"compile_ms"`
	PrewarmMS   int64  `json:"prewarm_ms"`
}

func (b *build) run(ctx context.Context) error {
	if b.out == files.Std && b.json {
		return failure.Usage(errors.New("the module and --json both go to standard output"), "give -o a file")
	}
	sites, text, err := sitesfile.Load(b.env.in, b.sites)
	if err != nil {
		return err
	}
	p, err := b.packing(sites)
	if err != nil {
		return err
	}
	wasm, rep, err := b.wasm(ctx, text)
	if stop := interrupt.Of(b.env.in.Ctx, "nothing was written"); stop != nil {
		return stop
	}
	if err != nil {
		return buildFailure(err)
	}
	checked, err := pack.Check(ctx, wasm, p.secrets)
	if err != nil {
		return buildFailure(err)
	}
	data, hash, err := p.pack(wasm)
	if err != nil {
		return buildFailure(err)
	}
	if err := interrupt.Of(b.env.in.Ctx, "nothing was written"); err != nil {
		return err
	}
	if err := b.write(data); err != nil {
		return err
	}
	result := built{Output: b.out, Sites: sites.Len(), Table: rep.Table, Room: rep.Room, Reactor: rep.Reactor, Prebuilt: rep.Prebuilt, Module: len(wasm), Hash: hash, Imports: checked.Imports,
		MemoryPages: checked.MemoryPages, Segments: checked.Segments, Data: checked.SegmentBytes,
		CompileMS: rep.Compile.Milliseconds(), PrewarmMS: rep.Prewarm.Milliseconds()}
	if p.name != "" {
		result.Package = len(data)
	}
	return b.report(result)
}

// write writes what was built. Nobody reads a module on a terminal.
func (b *build) write(data []byte) error {
	if b.out == files.Std && terminal.Is(b.env.Out) {
		return failure.Usage(errors.New("a module is not written to a terminal"), "name a file with -o, or pipe it on")
	}
	return output.File(b.env.Out, b.out, data, 0o644, "choose another place with -o")
}

// wasm makes the module, from what the flags name.
func (b *build) wasm(ctx context.Context, text []byte) ([]byte, module.Report, error) {
	if b.module != "" {
		return b.swapped(text)
	}
	room, err := parseSize(b.room)
	if err != nil {
		return nil, module.Report{}, failure.Usage(fmt.Errorf("--room %q: %w", b.room, err), "write it as 8MiB, 512KiB or a number of bytes")
	}
	o := module.Options{Sites: text, SitesName: b.sites, Room: room, Dir: b.source}
	if b.reactor != "" {
		if o.Reactor, err = b.env.in.Read("the reactor", b.reactor, input.MostModule, "leave --reactor out to compile the guest"); err != nil {
			return nil, module.Report{}, err
		}
	}
	wasm, rep, err := module.Build(ctx, o)
	if err == nil && rep.Prebuilt {
		b.env.notePrebuilt()
	}
	return wasm, rep, err
}

// notePrebuilt tells whoever stands in a clone that what was changed there is
// not in the module.
func (env *Env) notePrebuilt() {
	if root, err := module.Root("."); err == nil {
		fmt.Fprintf(env.Err, "note: the guest is the one inside this command, not the sources in %q\nhint: clickedge build --source . compiles those\n", root)
	}
}

// swapped is the module given, with these sites.
func (b *build) swapped(text []byte) ([]byte, module.Report, error) {
	wasm, err := b.env.in.Read("the module", b.module, input.MostModule, "leave --module out to compile the guest")
	if err != nil {
		return nil, module.Report{}, err
	}
	return module.Swap(wasm, text, b.sites)
}

// parseSize reads a number of bytes, with or without a unit; "" is 0.
func parseSize(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	number, shift := s, 0
	for unit, bits := range map[string]int{"KiB": 10, "MiB": 20} {
		if n, ok := strings.CutSuffix(s, unit); ok {
			number, shift = n, bits
		}
	}
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil || n == 0 || n<<shift > 1<<31 {
		return 0, errors.New("is no size")
	}
	return int(n << shift), nil
}

// buildFailure finds the hint for whatever went wrong.
func buildFailure(err error) error {
	var sites *core.SitesError
	var unfit *pack.Error
	var full *module.RoomError
	switch {
	case errors.As(err, new(*failure.Error)):
		return err
	case errors.As(err, &unfit):
		return unfitModule(unfit)
	case errors.As(err, &full) && full.Need <= module.MostRoom:
		return failure.Bad(err, fmt.Sprintf("build it with --room %dKiB or more, or without --module", (full.Need+1023)/1024))
	case errors.Is(err, module.ErrNotOurs):
		return failure.Bad(err, "leave --module out to build one")
	case errors.As(err, &sites):
		return sitesfile.Failure(sites.Name, err)
	case errors.Is(err, module.ErrNoSource):
		return failure.Usage(err, "take a released clickedge, which has the guest inside, run this inside a clone of the repository, or give a built module with --module")
	case errors.Is(err, module.ErrNoGo):
		return failure.Usage(err, "install Go (https://go.dev/dl/), take a released clickedge, which has the guest inside, or give a built module with --module")
	}
	return failure.Bad(err, "")
}

// unfitModule puts each problem on a line of its own.
func unfitModule(e *pack.Error) error {
	hint := "build it from the sources of this command's version"
	if e.Has(pack.HoldsSecret) {
		hint = "take it out of where it came from; secrets belong into the secret store, put there by clickedge keys push"
	}
	f := failure.Bad(fmt.Errorf("the module is not fit for Fastly: %s; nothing was written", output.Count(len(e.Problems), "problem")), hint)
	f.Detail = e.Error()
	return f
}

func (b *build) report(r built) error {
	if b.json {
		return output.JSON(b.env.Out, r)
	}
	w := b.env.Out
	if b.out == files.Std {
		w = b.env.Err
	}
	written := r.Module
	if r.Package > 0 {
		written = r.Package
	}
	fmt.Fprintf(w, "%s  %s, with %s\n", r.Output, size(written), output.Count(r.Sites, "site"))
	fmt.Fprintf(w, "  sites   %s of %s\n", size(r.Table), size(r.Room))
	if r.Reactor > 0 {
		inside := ""
		if r.Prebuilt {
			inside = ", from inside this command"
		}
		fmt.Fprintf(w, "  guest   %s%s%s\n", size(r.Reactor), inside, took(r.CompileMS))
	}
	fmt.Fprintf(w, "  memory  %s in %s, %s at the start%s\n", size(r.Data), output.Count(r.Segments, "segment"), size(r.MemoryPages<<16), took(r.PrewarmMS))
	if r.Package > 0 {
		fmt.Fprintf(w, "  module  %s\n  hash    %s\n", size(r.Module), r.Hash)
	}
	return nil
}

func took(ms int64) string {
	if ms == 0 {
		return ""
	}
	return fmt.Sprintf(" (%.1f s)", (time.Duration(ms) * time.Millisecond).Seconds())
}

func size(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	}
	return output.Count(n, "byte")
}
