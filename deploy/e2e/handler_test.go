package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/internal/handlertest"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/edge/prewarm"
	"github.com/clickedge/clickedge/hostsim"
)

// handlerDiffers lists the golden cases in which edge/handler does not do what
// the module does, with the reason.
const handlerDiffers = "testdata/handler-differs.txt"

// differs reads the list: lines of a case, the build that it concerns, "any" or
// "untagged", and the reason.
func differs(t *testing.T, build string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(handlerDiffers)
	require.NoError(t, err)
	list := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.SplitN(line, " ", 3)
		require.Len(t, f, 3, "%s: %q has no reason", handlerDiffers, line)
		require.Contains(t, []string{"any", "untagged"}, f[1], "%s: %q", handlerDiffers, line)
		if f[1] == "any" || f[1] == build {
			require.NotContains(t, list, f[0], "%s has it twice", handlerDiffers)
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
	for _, build := range []struct{ name, tags string }{{"tagged", handlertest.Lenient}, {"untagged", ""}} {
		t.Run(build.name, func(t *testing.T) {
			groups := loadGolden(t)
			keys := slices.Sorted(maps.Keys(groups))
			programs := newHandlerPrograms(t, build.tags, keys)
			var differ []string
			for i, key := range keys {
				cases := groups[key]
				cold, warm := programs.rigs(t, i, cases[0])
				for _, g := range cases {
					want := g.want()
					switch {
					case g.differs(t, want, cold):
						differ = append(differ, g.name())
					case g.differs(t, want, warm):
						t.Errorf("%s: prewarmed it is another", g.name())
					}
				}
			}
			listed := differs(t, build.name)
			for _, name := range differ {
				if listed[name] == "" {
					t.Errorf("%s: not as from the module", name)
				}
			}
			for name := range listed {
				if !slices.Contains(differ, name) {
					t.Errorf("%s: it is as from the module, and %s lists it", name, handlerDiffers)
				}
			}
		})
	}
}

// handlerPrograms are a program with edge/handler as it is compiled, and
// prewarmed, with several sites.json: see handlertest.
type handlerPrograms struct {
	sites      []string
	cold, warm []byte
}

// newHandlerPrograms compiles the program, for the groups of golden cases.
func newHandlerPrograms(t *testing.T, tags string, groups []string) *handlerPrograms {
	t.Helper()
	root, err := module.Root(".")
	require.NoError(t, err)
	p := &handlerPrograms{}
	for _, key := range groups {
		sites, _, _ := strings.Cut(key, "\x00")
		p.sites = append(p.sites, sites)
	}
	p.cold, err = handlertest.Reactor(t.Context(), root, tags)
	require.NoError(t, err)
	p.warm, _, err = prewarm.Module(t.Context(), p.cold, prewarm.Options{Files: map[string][]byte{"sites.json": p.file()}})
	require.NoError(t, err)
	return p
}

func (p *handlerPrograms) file() []byte { return []byte(strings.Join(p.sites, "\x00")) }

// rigs runs the programs with one sites.json, and the stores of a golden case.
func (p *handlerPrograms) rigs(t *testing.T, at int, g *golden) (cold, warm *rig) {
	t.Helper()
	service := func(cfg *hostsim.Config) {
		cfg.SecretStores = map[string]map[string][]byte{contract.SecretStore: g.keys}
		cfg.KVStores = map[string]map[string]hostsim.KVEntry{contract.LinkStore: g.learned}
		cfg.ConfigStores = map[string]map[string]string{"handlertest": {"sites": strconv.Itoa(at)}}
	}
	cold = rigOf(t, p.cold, p.sites[at], origins.Options{}, func(cfg *hostsim.Config) {
		service(cfg)
		cfg.Entry, cfg.FS = contract.Entry, fstest.MapFS{"sites.json": {Data: p.file()}}
	})
	return cold, rigOf(t, p.warm, p.sites[at], origins.Options{}, service)
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

// differs reports whether a rig does not do what the golden sections say.
func (g *golden) differs(t *testing.T, want map[string]string, r *rig) bool {
	t.Helper()
	got, err := g.try(r)
	if err != nil {
		t.Logf("%s: %v", g.name(), err)
		return true
	}
	for _, name := range sections {
		if got[name] != want[name] {
			t.Logf("%s: %s\nwant\n%s\ngot\n%s", g.name(), name, want[name], got[name])
			return true
		}
	}
	return false
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
