package core_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/sitesjson"
)

var update = flag.Bool("update", false, "rewrite golden files")

// goldenCase is one file of testdata/decide: a comment that states the rule,
// the request, sites.json, and what is decided. The sections "response" and
// "log" belong to the test that sends the same request through the module, as
// does most of "reader", what the platform knows of who asks: deploy/e2e reads
// it. A new case needs no Go.
type goldenCase struct {
	path  string
	arch  *txtar.Archive
	sites *core.Sites
	host  string
	req   core.Request
	now   time.Time
}

func (g *goldenCase) section(name string) string {
	for _, f := range g.arch.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func loadGolden(t *testing.T, path string) *goldenCase {
	t.Helper()
	arch, err := txtar.ParseFile(path)
	require.NoError(t, err)
	g := &goldenCase{path: path, arch: arch, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	require.NotEmpty(t, strings.TrimSpace(string(arch.Comment)), "a case states its rule")
	g.sites, err = sitesjson.Parse("sites.json", []byte(g.section("sites.json")))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(g.section("request"), "\n"), "\n")
	method, rest, _ := strings.Cut(lines[0], " ")
	g.req.Method, g.req.Target = method, strings.TrimSuffix(rest, " HTTP/1.1")
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		switch strings.ToLower(name) {
		case "host":
			g.host = value
		case "cdn-loop":
			g.req.CDNLoop = value
		}
	}
	keys := core.Ring{}
	for line := range strings.Lines(g.section("keys")) {
		kid, secret, _ := strings.Cut(strings.TrimSpace(line), "=")
		keys[kid] = secret
	}
	g.req.Keys, g.req.Learned = keys, storedLinks(g.section("learned"))
	return g
}

// storedLinks has lines of a host, a target and a destination, as the KV store
// would have them.
type storedLinks string

func (s storedLinks) Learned(name *learned.Name, patient bool) learned.Entry {
	for line := range strings.Lines(string(s)) {
		f := strings.Fields(line)
		if link, _ := learned.Read(f[0], esp.FamilySendGrid, f[1]); patient && link.Name == *name {
			return learned.KnownSince(1, f[2])
		}
	}
	return learned.Entry{}
}

func describe(d core.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "action: %s\ncode: %s\nkind: %s\n", d.Action, d.Code, d.Kind)
	if d.Recalled != "" {
		fmt.Fprintf(&b, "recalled: %s\nrule: %d\n", d.Recalled, d.Rule)
	}
	for _, row := range [][2]string{{"location", d.Location}, {"id", d.ID}} {
		if row[1] != "" {
			fmt.Fprintf(&b, "%s: %s\n", row[0], row[1])
		}
	}
	if d.Reading != esp.Unread {
		fmt.Fprintf(&b, "reading: %s\n", d.Reading)
	}
	if d.Origin != nil {
		fmt.Fprintf(&b, "backend: %s\n", d.Origin.Backend)
	}
	if d.Reply != core.ReplyNone {
		fmt.Fprintf(&b, "reply: %s\n", d.Reply)
	}
	return b.String()
}

func TestDecideGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/decide/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files, "no golden case was found")
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			g := loadGolden(t, path)
			site := g.sites.Lookup(g.host)
			d := core.Decide(&g.req, site, g.now)
			got := map[string]string{"decision": describe(d)}
			if d.Action == core.Proxy {
				got["when the esp fails"] = describe(core.AfterFailure(&g.req, site, outcome.ESPUnreachable))
				got["when the esp answers"] = g.answered(d, site)
			}
			compareGolden(t, g, got)
			if d.Origin != nil {
				want := strings.TrimSuffix(g.section("sent to the esp"), "content-length: 0\n") // the host's, for a POST
				require.Equal(t, want, g.sent(&d, site), "%s: natively as through the module", g.path)
			}
		})
	}
}

// answered is the decision after the ESP's answer, for a case that has one: its
// status, and a line for each Location.
func (g *goldenCase) answered(d core.Decision, site *core.Site) string {
	answer := g.section("answer of the esp")
	if answer == "" {
		return ""
	}
	lines := strings.Split(strings.TrimSuffix(answer, "\n"), "\n")
	status, _ := strconv.Atoi(lines[0])
	d.AfterAnswer(&g.req, site, status, core.ValuesOf(lines[1:]...), false)
	return describe(d)
}

// sent is the request that the ESP gets: the reader's with core's edits.
func (g *goldenCase) sent(d *core.Decision, site *core.Site) string {
	fields, names := map[string]string{}, []string(nil)
	for _, line := range strings.Split(strings.TrimSuffix(g.section("request"), "\n"), "\n")[1:] {
		name, value, _ := strings.Cut(line, ": ")
		name = strings.ToLower(name)
		if _, ok := fields[name]; !ok {
			names = append(names, name)
		}
		fields[name] += core.ValuesOf(value)
	}
	var edits core.Edits
	site.EditRequest(d.Origin, &core.Arrival{Headers: core.HeadersOf(fields), Scheme: g.reader("scheme", "http"), Address: g.reader("address", "127.0.0.1")}, edits.Add)
	sent := fmt.Sprintf("%s: %s %s\n", d.Origin.Backend, g.req.Method, g.req.Target)
	edited := core.Carried(d.Origin, edits, fields)
	for _, e := range edits {
		if e.Name != "" && !slices.Contains(names, e.Name) {
			names = append(names, e.Name)
		}
	}
	for _, name := range names {
		for rest := edited[name]; rest != ""; {
			var value string
			value, rest = header.Next(rest)
			sent += name + ": " + value + "\n"
		}
	}
	return sent
}

// reader is a value of the section "reader".
func (g *goldenCase) reader(name, otherwise string) string {
	for line := range strings.Lines(g.section("reader")) {
		if value, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), name+": "); ok {
			return value
		}
	}
	return otherwise
}

func compareGolden(t *testing.T, g *goldenCase, got map[string]string) {
	t.Helper()
	for _, name := range []string{"decision", "when the esp fails", "when the esp answers"} {
		if *update {
			setSection(g.arch, name, got[name])
			continue
		}
		require.Equal(t, g.section(name), got[name], "%s: %s", g.path, name)
	}
	if *update {
		require.NoError(t, os.WriteFile(g.path, txtar.Format(g.arch), 0o644))
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
