package serve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
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

// watcher detects that a file has changed and is complete.
type watcher struct {
	names []string
	seen  map[string]fileState
	next  map[string]fileState // seen once, and different
}

// fileState identifies a state of a file; zero for none.
type fileState struct {
	size int64
	mod  time.Time
	mode fs.FileMode
}

func (w *watcher) states() map[string]fileState {
	now := map[string]fileState{}
	for _, name := range w.names {
		now[name] = fileState{}
		if info, err := os.Stat(name); err == nil {
			now[name] = fileState{info.Size(), info.ModTime(), info.Mode()}
		}
	}
	return now
}

// poll returns the files that have changed since they were last reported, once
// two polls agree: an editor may still be writing.
func (w *watcher) poll() (changed map[string]bool) {
	now := w.states()
	if maps.Equal(now, w.seen) {
		w.next = nil
		return nil
	}
	if !maps.Equal(now, w.next) {
		w.next = now
		return nil
	}
	changed = map[string]bool{}
	for name, state := range now {
		changed[name] = state != w.seen[name]
	}
	w.seen, w.next = now, nil
	return changed
}

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
		changed := w.poll()
		if changed == nil {
			continue
		}
		w.names = s.watched(ctx)
		w.seen = w.states() // before they are read, so that later changes are found
		if err := s.reload(ctx, svc, change{module: s.Module != "" && changed[s.Module], archive: s.Archive != "" && changed[s.Archive]}); err != nil && ctx.Err() == nil {
			failure.Of(err).Report(s.Err)
			fmt.Fprintln(s.Err, "the old version stays in service")
		}
	}
}

// watched are sites.json, the files that it names, and the module.
func (s *server) watched(ctx context.Context) (names []string) {
	if !readOnce(s.Sites) {
		names = append(names, s.Sites)
		if text, err := files.Read(ctx, s.Sites, nil, sitesfile.Most); err == nil {
			_, _ = sitesjson.InlineFiles(s.Sites, text, func(file string) ([]byte, error) {
				names = append(names, filepath.Join(filepath.Dir(s.Sites), file))
				return nil, fs.ErrNotExist
			})
		}
	}
	for _, name := range []string{s.Module, s.Archive} {
		if name != "" && !readOnce(name) {
			names = append(names, name)
		}
	}
	return names
}

// readOnce reports whether a name is standard input or a pipe, which can be
// read only once and does not change. A file that does not exist yet may be
// created.
func readOnce(name string) bool {
	if name == files.Std {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// change says which files have changed, beside sites.json.
type change struct{ module, archive bool }

// reload makes a generation from the present files.
func (s *server) reload(ctx context.Context, svc *service, c change) (err error) {
	old := svc.current()
	sites, text := old.sites, old.text
	if !readOnce(s.Sites) {
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
	svc.replace(g)
	s.sayReloaded(svc, old, g, c)
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
