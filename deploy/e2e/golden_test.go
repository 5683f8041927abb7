package e2e

import (
	"flag"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	// reader is what the platform knows of who asks.
	reader func(*hostsim.Config)
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
		g.reader = readerOf(t, section(arch, "reader"))
		sites := section(arch, "sites.json") + "\x00" + section(arch, "keys") + "\x00" + section(arch, "learned") + "\x00" + section(arch, "reader")
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

// readerOf reads lines of a name and a value: "scheme", "address", "ja4" and
// "h2", and "place", what geolocation says of the address, or "place fails", the
// status of the lookup. Of other addresses it knows nothing.
func readerOf(t *testing.T, lines string) func(*hostsim.Config) {
	var place string
	status := hostsim.StatusOK
	var set []func(*hostsim.Config)
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "scheme":
			set = append(set, func(cfg *hostsim.Config) { cfg.Scheme = value })
		case "address":
			set = append(set, func(cfg *hostsim.Config) { cfg.ClientIP = netip.MustParseAddr(value) })
		case "ja4":
			set = append(set, func(cfg *hostsim.Config) { cfg.TLS.JA4 = value })
		case "h2":
			set = append(set, func(cfg *hostsim.Config) { cfg.H2Fingerprint = value })
		case "place":
			place = value
		case "place fails":
			n, err := strconv.Atoi(value)
			require.NoError(t, err, line)
			status = hostsim.Status(n)
		default:
			require.Fail(t, "what is "+line)
		}
	}
	return func(cfg *hostsim.Config) {
		for _, s := range set {
			s(cfg)
		}
		cfg.GeoLookup = func(ip netip.Addr) ([]byte, hostsim.Status) {
			if ip == cfg.ClientIP {
				return []byte(place), status
			}
			return nil, hostsim.StatusOK
		}
	}
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

// serverLogs are the sections that a case has if the server's lines differ from
// the module's.
var serverLogs = map[string]string{"log": "log of the server", "log when the esp fails": "log of the server when the esp fails"}

// serverDiffers lists the golden cases whose lines are the server's own, with the
// reason.
const serverDiffers = "testdata/server-differs.txt"

// asServer takes what the server answers to a case: as the module, but for the
// lines of a case that is listed, which are added to got.
func (g *golden) asServer(t *testing.T, got, server map[string]string, listed bool) {
	t.Helper()
	for ours, theirs := range serverLogs {
		if listed && got[ours] != "" {
			require.NotEqual(t, got[ours], server[ours], "%s names a case that does not differ", serverDiffers)
			got[theirs], server[theirs] = server[ours], server[ours]
			server[ours] = got[ours]
		}
	}
	require.Equal(t, got, server, "the server answers as the module")
}

func TestGolden(t *testing.T) {
	onHost(t, "it answers each case beside the module, where the module is what is tested")
	listed := listOf(t, serverDiffers, "any")
	all := loadGolden(t)
	for name := range listed {
		require.FileExists(t, filepath.Join(goldenDir, name+".txtar"), serverDiffers)
	}
	for sites, cases := range all {
		text, _, _ := strings.Cut(sites, "\x00")
		with := func(cfg *hostsim.Config) {
			cfg.SecretStores = map[string]map[string][]byte{contract.SecretStore: cases[0].keys}
			cfg.KVStores = map[string]map[string]hostsim.KVEntry{contract.LinkStore: cases[0].learned}
			cases[0].reader(cfg)
		}
		t.Run(cases[0].name(), func(t *testing.T) {
			warm, cold := newRig(t, text, with), newColdRig(t, text, with)
			native := newNativeRig(t, text, origins.Options{}, with)
			for _, g := range cases {
				t.Run(g.name(), func(t *testing.T) {
					got := g.run(t, warm)
					require.Equal(t, got, g.run(t, cold), "the module answers alike before and after it was prewarmed")
					g.asServer(t, got, g.run(t, native), listed[g.name()] != "")
					g.compare(t, got)
				})
			}
		})
	}
}

func (g *golden) compare(t *testing.T, got map[string]string) {
	t.Helper()
	sections := slices.Concat(sections, slices.Sorted(maps.Values(serverLogs)))
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
