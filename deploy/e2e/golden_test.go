package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

var update = flag.Bool("update", false, "rewrite golden files")

const goldenDir = "../../core/testdata/decide"

// golden is a golden case of core, whose request goes through the module here.
type golden struct {
	path string
	arch *txtar.Archive
	req  hostsim.Request
	keys map[string][]byte
	// learned is what the KV store of links has.
	learned map[string]hostsim.KVEntry
}

func section(arch *txtar.Archive, name string) string {
	for _, f := range arch.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// loadGolden returns the cases, grouped by their sites.json: a module each.
func loadGolden(t *testing.T) map[string][]*golden {
	t.Helper()
	files, err := filepath.Glob(goldenDir + "/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files, "no golden case was found")
	groups := map[string][]*golden{}
	for _, path := range files {
		arch, err := txtar.ParseFile(path)
		require.NoError(t, err)
		g := &golden{path: path, arch: arch, keys: map[string][]byte{}}
		lines := strings.Split(strings.TrimSuffix(section(arch, "request"), "\n"), "\n")
		method, rest, _ := strings.Cut(lines[0], " ")
		g.req.Method, g.req.Target = method, strings.TrimSuffix(rest, " HTTP/1.1")
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(line, ": ")
			g.req.Header = append(g.req.Header, wire.Field{Name: name, Value: value})
		}
		for line := range strings.Lines(section(arch, "keys")) {
			kid, secret, _ := strings.Cut(strings.TrimSpace(line), "=")
			g.keys[kid] = []byte(secret)
		}
		g.learned = learnedOf(t, section(arch, "learned"))
		sites := section(arch, "sites.json") + "\x00" + section(arch, "keys") + "\x00" + section(arch, "learned")
		groups[sites] = append(groups[sites], g)
	}
	return groups
}

// learnedOf reads lines of a host, a target and a destination.
func learnedOf(t *testing.T, lines string) map[string]hostsim.KVEntry {
	store := map[string]hostsim.KVEntry{}
	for line := range strings.Lines(lines) {
		f := strings.Fields(line)
		link, ok := learned.Read(f[0], esp.FamilySendGrid, f[1])
		require.True(t, ok, line)
		e := learned.KnownSince(1, f[2])
		store[link.Name.String()] = hostsim.KVEntry{Value: e.Append(nil, &link.Name)}
	}
	return store
}

func (g *golden) name() string { return strings.TrimSuffix(filepath.Base(g.path), ".txtar") }

// run sends the case's request with the ESP up, and, where it is asked, with
// the ESP refusing connections; it returns the golden sections.
func (g *golden) run(t *testing.T, r *rig) map[string]string {
	t.Helper()
	resp, x := r.do(t, g.req)
	got := map[string]string{"response": show(resp), "log": steady(strings.Join(clicks(x), "\n")) + "\n"}
	if len(x.Sent) == 0 {
		return got
	}
	got["sent to the esp"] = showSent(x.Sent)
	require.NoError(t, r.fleet.SetFault(x.Sent[0].Backend, origins.Refuse))
	resp, x = r.do(t, g.req)
	require.NoError(t, r.fleet.SetFault(x.Sent[0].Backend, origins.Up))
	got["response when the esp fails"] = show(resp)
	got["log when the esp fails"] = steady(strings.Join(clicks(x), "\n")) + "\n"
	return got
}

func showSent(sent []hostsim.BackendRequest) string {
	var b strings.Builder
	for _, s := range sent {
		b.WriteString(s.Backend + ": " + s.Method + " " + s.Target + "\n")
		for _, f := range s.Header {
			b.WriteString(strings.ToLower(f.Name) + ": " + f.Value + "\n")
		}
	}
	return b.String()
}

var sections = []string{"response", "log", "sent to the esp", "response when the esp fails", "log when the esp fails"}

func TestGolden(t *testing.T) {
	for sites, cases := range loadGolden(t) {
		text, _, _ := strings.Cut(sites, "\x00")
		with := func(cfg *hostsim.Config) {
			cfg.SecretStores = map[string]map[string][]byte{contract.SecretStore: cases[0].keys}
			cfg.KVStores = map[string]map[string]hostsim.KVEntry{contract.LinkStore: cases[0].learned}
		}
		t.Run(cases[0].name(), func(t *testing.T) {
			warm, cold := newRig(t, text, with), newColdRig(t, text, with)
			native := newNativeRig(t, text, origins.Options{}, with)
			for _, g := range cases {
				t.Run(g.name(), func(t *testing.T) {
					got := g.run(t, warm)
					require.Equal(t, got, g.run(t, cold), "the module answers alike before and after it was prewarmed")
					require.Equal(t, got, g.run(t, native), "the server answers as the module")
					g.compare(t, got)
				})
			}
		})
	}
}

func (g *golden) compare(t *testing.T, got map[string]string) {
	t.Helper()
	if *update {
		for _, name := range sections {
			setSection(g.arch, name, got[name])
		}
		require.NoError(t, os.WriteFile(g.path, txtar.Format(g.arch), 0o644))
		return
	}
	for _, name := range sections {
		require.Equal(t, section(g.arch, name), got[name], "%s: %s", g.path, name)
	}
}

func setSection(arch *txtar.Archive, name, text string) {
	for i, f := range arch.Files {
		if f.Name == name {
			arch.Files[i].Data = []byte(text)
			return
		}
	}
	if text != "" {
		arch.Files = append(arch.Files, txtar.File{Name: name, Data: []byte(text)})
	}
}
