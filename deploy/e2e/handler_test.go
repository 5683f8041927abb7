package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/internal/handlertest"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/edge/prewarm"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// handlerDiffers lists the golden cases in which edge/handler does not do what
// the module does, with the reason.
const handlerDiffers = "testdata/handler-differs.txt"

// listOf reads a list of cases that differ: lines of a case, the build that it
// concerns, "any" or "untagged", and the reason.
func listOf(t *testing.T, path, build string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	list := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.SplitN(line, " ", 3)
		require.Len(t, f, 3, "%s: %q has no reason", path, line)
		require.Contains(t, []string{"any", "untagged"}, f[1], "%s: %q", path, line)
		if f[1] == "any" || f[1] == build {
			require.NotContains(t, list, f[0], "%s has it twice", path)
			list[f[0]] = f[2]
		}
	}
	return list
}

// TestHandlerGolden sends the golden cases through a program with edge/handler,
// as it is compiled and prewarmed. The SDK keeps header fields in a map, so
// their order is its own; all else is as from the module, but for the cases that
// are listed.
func TestHandlerGolden(t *testing.T) {
	groups := loadGolden(t)
	keys := slices.Sorted(maps.Keys(groups))
	services := servicesOf(t, keys)
	for _, build := range []struct{ name, tags string }{{"tagged", handlertest.Lenient}, {"untagged", ""}} {
		t.Run(build.name, func(t *testing.T) {
			cold, warm := handlerPrograms(t, build.tags, keys)
			listed := listOf(t, handlerDiffers, build.name)
			var differ []string
			for _, s := range services {
				g := groups[keys[s.groups[0]]][0]
				rigs := []*rig{
					s.rig(t, cold, g, func(cfg *hostsim.Config) { cfg.Entry, cfg.FS = contract.Entry, files(keys) }),
					s.rig(t, warm, g, nil),
				}
				for _, at := range s.groups {
					found := differing(t, rigs[0], at, groups[keys[at]], listed)
					require.Equal(t, found, differing(t, rigs[1], at, groups[keys[at]], listed), "prewarmed it answers as before")
					differ = append(differ, found...)
				}
			}
			slices.Sort(differ)
			require.Equal(t, slices.Sorted(maps.Keys(listed)), differ, "the cases that differ are those in %s", handlerDiffers)
		})
	}
}

// handlerService is a service for several groups of golden cases: those with
// the same stores, whose origins agree.
type handlerService struct {
	stores  string
	groups  []int
	origins []*core.Origin
}

// servicesOf puts each group into the first service that has room for it.
func servicesOf(t *testing.T, groups []string) (list []*handlerService) {
	t.Helper()
	for i, key := range groups {
		text, stores, _ := strings.Cut(key, "\x00")
		sites, err := sitesjson.Parse("sites.json", []byte(text))
		require.NoError(t, err)
		at := slices.IndexFunc(list, func(s *handlerService) bool { return s.stores == stores && s.take(sites.Origins()) })
		if at < 0 {
			at, list = len(list), append(list, &handlerService{stores: stores, origins: sites.Origins()})
		}
		list[at].groups = append(list[at].groups, i)
	}
	return list
}

// take adds origins, unless another has the backend of one of them.
func (s *handlerService) take(more []*core.Origin) bool {
	all := slices.Clone(s.origins)
	for _, o := range more {
		at := slices.IndexFunc(all, func(have *core.Origin) bool { return have.Backend == o.Backend })
		switch {
		case at < 0:
			all = append(all, o)
		case !reflect.DeepEqual(all[at], o):
			return false
		}
	}
	s.origins = all
	return true
}

// rig runs a program on the service. g is a case of it, with its stores.
func (s *handlerService) rig(t *testing.T, wasm []byte, g *golden, change func(*hostsim.Config)) *rig {
	t.Helper()
	fleet, err := origins.Start(s.origins, origins.Options{AcceptAnySignature: true})
	require.NoError(t, err)
	t.Cleanup(func() { fleet.Close() })
	cfg := rigConfig(s.origins, fleet)
	cfg.SecretStores = map[string]map[string][]byte{contract.SecretStore: g.keys}
	cfg.KVStores = map[string]map[string]hostsim.KVEntry{contract.LinkStore: g.learned}
	g.reader(&cfg)
	if change != nil {
		change(&cfg)
	}
	h, err := hostsim.New(t.Context(), wasm, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { h.Close(context.Background()) })
	return &rig{fleet: fleet, host: h}
}

// handlerReactor compiles the program once for all tests.
var handlerReactor = sync.OnceValues(func() ([]byte, error) {
	root, err := module.Root(".")
	if err != nil {
		return nil, err
	}
	return handlertest.Reactor(context.Background(), root, handlertest.Guest, handlertest.Lenient)
})

// newHandlerRig runs a program with edge/handler, as it is compiled.
func newHandlerRig(t *testing.T, sitesJSON string, opt origins.Options, change func(*hostsim.Config)) *rig {
	t.Helper()
	wasm, err := handlerReactor()
	require.NoError(t, err)
	return rigOf(t, wasm, sitesJSON, opt, func(cfg *hostsim.Config) {
		cfg.Entry, cfg.FS = contract.Entry, fstest.MapFS{"sites.json": {Data: []byte(sitesJSON)}}
		if change != nil {
			change(cfg)
		}
	})
}

// handlerPrograms are a program with edge/handler as it is compiled, and
// prewarmed with the sites of all these groups: see handlertest.
func handlerPrograms(t *testing.T, tags string, groups []string) (cold, warm []byte) {
	t.Helper()
	root, err := module.Root(".")
	require.NoError(t, err)
	cold, err = handlertest.Reactor(t.Context(), root, handlertest.Guest, tags)
	require.NoError(t, err)
	var sites []string
	for _, key := range groups {
		sites = append(sites, sitesOf(key))
	}
	all := map[string][]byte{"sites.json": []byte(strings.Join(sites, "\x00"))}
	warm, _, err = prewarm.Module(t.Context(), cold, prewarm.Options{Files: all})
	require.NoError(t, err)
	return cold, warm
}

// sitesOf is the sites.json of a group.
func sitesOf(group string) string {
	sites, _, _ := strings.Cut(group, "\x00")
	return sites
}

// files are the sites of the groups, by their number.
func files(groups []string) fstest.MapFS {
	list := fstest.MapFS{}
	for i, key := range groups {
		list[strconv.Itoa(i)+".json"] = &fstest.MapFile{Data: []byte(sitesOf(key))}
	}
	return list
}

// differing returns the cases of a group in which a rig does not do what the
// golden sections say.
func differing(t *testing.T, r *rig, group int, cases []*golden, listed map[string]string) (names []string) {
	t.Helper()
	for _, g := range cases {
		r.host.(*hostsim.Host).PurgeAll() // what is learned in one case is not known in another
		sent := *g
		sent.req.Header = append(slices.Clone(g.req.Header), wire.Field{Name: handlertest.SitesField, Value: strconv.Itoa(group)})
		if why := sent.differs(g.want(), r); why != "" {
			names = append(names, g.name())
			if listed[g.name()] == "" {
				t.Logf("%s: %s", g.name(), why)
			}
		}
	}
	return names
}

// want has the golden sections.
func (g *golden) want() map[string]string {
	want := map[string]string{}
	for _, name := range sections {
		if text := section(g.arch, name); text != "" {
			want[name] = sortedFields(text)
		}
	}
	return want
}

// differs says in what a rig does not do what the golden sections say; "" for
// nothing.
func (g *golden) differs(want map[string]string, r *rig) string {
	got, err := g.try(r)
	if err != nil {
		return err.Error()
	}
	for _, name := range sections {
		if got[name] != want[name] {
			return name + "\nwant\n" + want[name] + "\ngot\n" + got[name]
		}
	}
	return ""
}

// try is run, but returns what run asserts of every request.
func (g *golden) try(r *rig) (map[string]string, error) {
	got := map[string]string{}
	sent, err := g.tryOnce(r, got, "")
	if err != nil || len(sent) == 0 {
		return got, err
	}
	got["sent to the esp"] = sortedFields(showSent(sent))
	if err := r.fleet.SetFault(sent[0].Backend, origins.Refuse); err != nil {
		return nil, err
	}
	_, err = g.tryOnce(r, got, " when the esp fails")
	if up := r.fleet.SetFault(sent[0].Backend, origins.Up); up != nil {
		return nil, up
	}
	return got, err
}

func (g *golden) tryOnce(r *rig, got map[string]string, when string) ([]hostsim.BackendRequest, error) {
	req := g.req
	resp, x, err := r.host.Do(context.Background(), &req)
	switch {
	case err != nil:
		return nil, err
	case !x.Ending.OK() || !x.Responded:
		return nil, fmt.Errorf("%s %s\n%s", x.Ending, x.Ending.Message, x.Stderr)
	case len(clicks(x)) != 1:
		return nil, fmt.Errorf("%d lines of the click log\n%s", len(clicks(x)), x.Stderr)
	}
	got["response"+when] = sortedFields(show(resp))
	got["log"+when] = steady(strings.Join(clicks(x), "\n")) + "\n"
	return x.Sent, nil
}

// sortedFields sorts the fields of a message by name: below its first line, up
// to an empty one. The order of a name's values stays.
func sortedFields(message string) string {
	head, body, _ := strings.Cut(message, "\n\n")
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	slices.SortStableFunc(lines[1:], func(a, b string) int {
		a, _, _ = strings.Cut(a, ":")
		b, _, _ = strings.Cut(b, ":")
		return strings.Compare(a, b)
	})
	return strings.Join(lines, "\n") + "\n" + body
}
