// Package build is the command "build" without its flags: it makes the module
// with sites.json inside, or the package that Fastly takes, checks it, and
// writes it whole or not at all. It also reads packages for the commands that
// send them.
//
// Start with [Options.Run] and [ReadPackage]. Package module makes modules and
// package pack makes packages; this is where both meet the operator's files and
// secrets.
package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/archive"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pack"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/deploy/terminal"
)

// Options say what is built, and from what.
type Options struct {
	Sites    string // file
	Source   string // folder in the source tree to compile the guest from, "" for the usual one
	Reactor  string // file with the compiled guest, "" to make it
	Module   string // file with a module that gets these sites, "" to make one
	Room     string // size of the room for sites, "" for the usual one
	Out      string // file; a package where it ends in .tar.gz
	Manifest string // file of the package's fastly.toml, "" to make one
	KeyFiles []string
	Archive  string // file with learned links, "" for none, or for those of Module

	In          *input.Input
	Keys        *keyring.Source
	LookupEnv   func(string) (string, bool)
	Stdout, Err io.Writer
}

// Run builds, checks and writes, and returns what came of it.
func (o *Options) Run(ctx context.Context) (*Report, error) {
	sites, text, err := sitesfile.Load(o.In, o.Sites)
	if err != nil {
		return nil, err
	}
	p, err := o.packing(sites)
	if err != nil {
		return nil, err
	}
	wasm, rep, err := o.module(ctx, text)
	if stop := interrupt.Of(ctx, "nothing was written"); stop != nil {
		return nil, stop
	}
	if err != nil {
		return nil, Failure(err)
	}
	checked, err := pack.Check(ctx, wasm, p.secrets)
	if err != nil {
		return nil, Failure(err)
	}
	data, hash, err := p.pack(wasm)
	if err != nil {
		return nil, Failure(err)
	}
	if err := interrupt.Of(ctx, "nothing was written"); err != nil {
		return nil, err
	}
	o.warnOfForgotten(ctx, rep.Learned)
	if err := o.write(data); err != nil {
		return nil, err
	}
	r := reportOf(sites, rep, checked)
	r.Output, r.Module, r.Hash = o.Out, len(wasm), hash
	if p.name != "" {
		r.Package = len(data)
	}
	return r, nil
}

// warnOfForgotten warns where the file that is replaced knows more learned links
// than the new one: without the archive a build forgets them all.
func (o *Options) warnOfForgotten(ctx context.Context, links int) {
	if info, err := os.Stat(o.Out); err != nil || !info.Mode().IsRegular() {
		return
	}
	old, err := files.Read(ctx, o.Out, nil, input.MostModule)
	if err != nil {
		return // writing it says what is wrong
	}
	if before := len(LearnedIn(old)); before > links {
		fmt.Fprintf(o.Err, "warning: %s had %s inside, and has %d now\nhint: --archive FILE puts those of a file in; clickedge archive export writes what the store has to one\n",
			files.Label(o.Out), output.Count(before, "learned link"), links)
	}
}

// write writes what was built. Nobody reads a module on a terminal.
func (o *Options) write(data []byte) error {
	if o.Out == files.Std && terminal.Is(o.Stdout) {
		return failure.Usage(errors.New("a module is not written to a terminal"), "name a file with -o, or pipe it on")
	}
	const hint = "choose another place with -o"
	if o.Out != o.Module { // a module may get other sites in its place
		if err := o.In.Spare(o.Out, hint); err != nil {
			return err
		}
	}
	return output.File(o.Stdout, o.Out, data, 0o644, hint)
}

// module makes the module, from what the options name.
func (o *Options) module(ctx context.Context, text []byte) ([]byte, module.Report, error) {
	if o.Module != "" {
		given, err := o.In.Read("the module", o.Module, input.MostModule, "leave --module out to compile the guest")
		if err != nil {
			return nil, module.Report{}, err
		}
		if o.Archive == "" {
			return module.Swap(given, text, o.Sites)
		}
		items, err := archive.Load(o.In, o.Archive)
		if err != nil {
			return nil, module.Report{}, err
		}
		return module.SwapLearned(given, text, o.Sites, items)
	}
	room, err := parseSize(o.Room)
	if err != nil {
		return nil, module.Report{}, failure.Usage(fmt.Errorf("--room %q: %w", o.Room, err), "write it as 8MiB, 512KiB or a number of bytes")
	}
	m := module.Options{Sites: text, SitesName: o.Sites, Room: room, Dir: o.Source}
	if o.Archive != "" {
		if m.Learned, err = archive.Load(o.In, o.Archive); err != nil {
			return nil, module.Report{}, err
		}
	}
	if o.Reactor != "" {
		if m.Reactor, err = o.In.Read("the reactor", o.Reactor, input.MostModule, "leave --reactor out to compile the guest"); err != nil {
			return nil, module.Report{}, err
		}
	}
	wasm, rep, err := module.Build(ctx, m)
	if err == nil {
		notePrebuilt(o.Err, rep)
	}
	return wasm, rep, err
}

// Module builds a module with these sites in the usual way, as serve does. Name
// is the sites' file.
func Module(ctx context.Context, sites []byte, name string, talk io.Writer) ([]byte, error) {
	wasm, rep, err := module.Build(ctx, module.Options{Sites: sites, SitesName: name})
	if err != nil {
		return nil, Failure(err)
	}
	notePrebuilt(talk, rep)
	return wasm, nil
}

// notePrebuilt tells whoever stands in a clone that what was changed there is
// not in the module.
func notePrebuilt(w io.Writer, rep module.Report) {
	if !rep.Prebuilt {
		return
	}
	if root, err := module.Root("."); err == nil {
		fmt.Fprintf(w, "note: the guest is the one inside this command, not the sources in %q\nhint: clickedge build --source . compiles those\n", root)
	}
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

// Failure finds the hint for a module that cannot be made.
func Failure(err error) error {
	var sites *sitesjson.Error
	var unfit *pack.Error
	var full *module.RoomError
	switch {
	case failure.Is(err):
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
