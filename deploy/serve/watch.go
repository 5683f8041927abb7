package serve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/build"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// watchEvery is how often sites.json and the module are checked, with stat:
// that works on every file system, also on those without notifications.
const watchEvery = 250 * time.Millisecond

// watch puts changed sites and a rebuilt module into service until ctx ends.
func (s *server) watch(ctx context.Context, svc *service) {
	w := svc.files
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		changed := w.Poll()
		if changed == nil {
			continue
		}
		w.Names = s.watched(ctx)
		w.Mark() // before they are read, so that later changes are found
		if err := s.reload(ctx, svc, change{module: s.Module != "" && changed[s.Module], archive: s.Archive != "" && changed[s.Archive]}); err != nil && ctx.Err() == nil {
			failure.Of(err).Report(s.Err)
			fmt.Fprintln(s.Err, "the old version stays in service")
		}
	}
}

// watched are sites.json, the files that it names, and the module.
func (s *server) watched(ctx context.Context) (names []string) {
	if !files.ReadOnce(s.Sites) {
		names = append(names, s.Sites)
		if text, err := files.Read(ctx, s.Sites, nil, sitesfile.Most); err == nil {
			_, _ = sitesjson.InlineFiles(s.Sites, text, func(file string) ([]byte, error) {
				names = append(names, filepath.Join(filepath.Dir(s.Sites), file))
				return nil, fs.ErrNotExist
			})
		}
	}
	for _, name := range []string{s.Module, s.Archive} {
		if name != "" && !files.ReadOnce(name) {
			names = append(names, name)
		}
	}
	return names
}

// change says which files have changed, beside sites.json.
type change struct{ module, archive bool }

// reload makes a generation from the present files.
func (s *server) reload(ctx context.Context, svc *service, c change) (err error) {
	old := svc.current()
	sites, text := old.sites, old.text
	if !files.ReadOnce(s.Sites) {
		if sites, text, err = sitesfile.Load(s.In, s.Sites); err != nil {
			return err
		}
	}
	stamp := module.StampOf(text)
	if c == (change{}) && stamp == old.stamp {
		return nil // written again with the same text
	}
	known := s.learned
	defer func() {
		if err != nil {
			s.learned = known
		}
	}()
	if c.archive {
		if err := s.readArchive(); err != nil {
			return err
		}
	}
	wasm, err := s.changedModule(old, text, stamp, c.module)
	if err != nil {
		return err
	}
	g, err := s.newGeneration(ctx, old, sites, text, func() ([]byte, error) { return wasm, nil })
	if err != nil {
		return err
	}
	dropped := s.bench.adopt(g)
	s.sayReloaded(svc, old, g, c)
	for _, text := range dropped {
		s.page.Say(text)
	}
	s.page.Changed()
	return nil
}

// changedModule is the rebuilt module, or the present one with other sites.
func (s *server) changedModule(old *generation, text []byte, stamp module.Stamp, rebuilt bool) ([]byte, error) {
	wasm := old.wasm
	if rebuilt {
		var err error
		if wasm, err = s.readModule(); err != nil {
			return nil, err
		}
	}
	if s.Archive != "" {
		return s.withArchive(wasm, text)
	}
	if stamp == old.stamp {
		s.warnStale(wasm, text)
		return wasm, nil
	}
	if in, ok := module.ReadStamp(wasm); ok && in == stamp {
		return wasm, nil // rebuilt with these sites
	}
	swapped, _, err := module.Swap(wasm, text, s.Sites)
	if errors.Is(err, module.ErrNotOurs) {
		return nil, failure.Bad(fmt.Errorf("%s has changed, and the module cannot take other sites: %w", s.Sites, err), "build it anew and start again")
	}
	if err != nil {
		return nil, build.Failure(err)
	}
	return swapped, nil
}

func (s *server) sayReloaded(svc *service, old, g *generation, c change) {
	var names []string
	if g.stamp != old.stamp {
		names = append(names, s.Sites)
	}
	if c.module {
		names = append(names, s.Module)
	}
	if c.archive {
		names = append(names, s.Archive)
	}
	what := strings.Join(names, " and ") + " has changed"
	if len(names) > 1 {
		what = strings.Join(names, " and ") + " have changed"
	}
	for _, host := range g.sites.Hosts() {
		if !old.sites.Has(host) {
			s.greetSite(g, "http://"+dialable(svc.ln.Addr()), g.sites.Lookup(host))
		}
	}
	fmt.Fprintf(s.Err, "%s: in service now, with %s\n", what, output.Count(g.sites.Len(), "site"))
}
