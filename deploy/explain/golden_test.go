package explain

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/check"
)

// golden is a golden case of core: a request, what the module sent to the ESP,
// and what it answered.
type golden struct {
	sections map[string]string
	req      core.Request
	host     string
	fields   []field
}

type field struct{ name, value string }

type ring map[string]string

func (r ring) Secret(kid string) ([]byte, error) {
	if s, ok := r[kid]; ok {
		return []byte(s), nil
	}
	return nil, errors.New("no such secret")
}

// What is said of a learned link, with and without an archive.
func TestLearnedIsExplained(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites":{"link.example.com":{"esp":"sendgrid","destinations":["shop.example.com"],"when_esp_fails":"redirect","learn":true}}}`))
	require.NoError(t, err)
	site := sites.Lookup("link.example.com")
	target := loadGolden(t, "../../core/testdata/decide/learned.txtar").req.Target
	link, ok := site.LearnedLink(&core.Request{Method: "GET", Target: target})
	require.True(t, ok)
	of := func(target string, known core.LearnedLinks) *Explanation {
		return Of(&core.Request{Method: "GET", Target: target, Learned: known}, site, time.Unix(0, 0))
	}
	x := of(target, nil)
	require.Contains(t, x.Link.Learned, "whether it has been learned was not looked up")
	require.Equal(t, link.Name.String(), x.Link.LearnedName)
	known := func(destination string) []learned.Item {
		return []learned.Item{{Name: link.Name, Entry: learned.KnownSince(1772366400, destination)}}
	}
	twice := []learned.Item{{Name: link.Name, Entry: learned.Entry{State: learned.Contradictory}}}
	x = of(target, Sources{{Kind: InFile, Name: "links.ndjson", Items: known("https://shop.example.com/")}})
	require.Equal(t, `yes, since 2026-03-01: https://shop.example.com/, says the archive "links.ndjson"; used when the ESP fails, once a build has put it into the module`, x.Link.Learned)
	require.Equal(t, "https://shop.example.com/", x.IfFails.Location)
	require.Contains(t, x.IfFails.Why, "it was learned where others were led")
	require.Contains(t, x.Notes, cacheNote)
	x = of(target, Sources{{Kind: InStore, Name: "clickedge-links", Items: twice}})
	require.Equal(t, `no: it has led to two destinations, so it is not used, says the KV store "clickedge-links"`, x.Link.Learned)
	require.Empty(t, x.IfFails.Location)
	x = of(target, Sources{{Kind: InModule, Name: "main.wasm"}, {Kind: InStore, Name: "clickedge-links", Damaged: true}})
	require.Equal(t, `no: not in the archive inside "main.wasm" and the KV store "clickedge-links"`, x.Link.Learned)
	require.Contains(t, strings.Join(x.Notes, "\n"), "damaged")
	require.Equal(t, []said{{From: InModule, Name: "main.wasm", State: "absent"}, {From: InStore, Name: "clickedge-links", State: "damaged"}}, x.Link.LearnedFrom)

	// A contradiction counts wherever it stands, as in the module; that the
	// places differ is said.
	inside := Source{Kind: InModule, Name: "main.wasm", Items: known("https://shop.example.com/a")}
	x = of(target, Sources{inside, {Kind: InStore, Name: "s", Items: twice}})
	require.Equal(t, `no: it has led to two destinations, so it is not used, says the KV store "s"`, x.Link.Learned)
	require.Empty(t, x.IfFails.Location)
	require.Contains(t, strings.Join(x.Notes, "\n"), `the archive inside "main.wasm" says otherwise: 2026-03-01: https://shop.example.com/a; where two differ, neither is used`)
	x = of(target, Sources{inside, {Kind: InStore, Name: "s", Items: known("https://shop.example.com/b")}})
	require.Equal(t, "no: two of these name different destinations, so it is not used", x.Link.Learned)
	require.Empty(t, x.IfFails.Location)
	require.Contains(t, strings.Join(x.Notes, "\n"), `the KV store "s" says otherwise: 2026-03-01: https://shop.example.com/b`)
	x = of(target, Sources{inside, {Kind: InStore, Name: "s", Items: known("https://shop.example.com/a")}})
	require.Equal(t, `yes, since 2026-03-01: https://shop.example.com/a, says the archive inside "main.wasm"; used when the ESP fails`, x.Link.Learned)
	require.Equal(t, "https://shop.example.com/a", x.IfFails.Location)

	// Nobody waits for the store before the ESP is asked.
	first, err := sitesjson.ParseSite("link.example.com", []byte(`{"esp":"sendgrid","destinations":["shop.example.com"],"clicks":"redirect","when_esp_fails":"redirect","learn":true}`))
	require.NoError(t, err)
	for kind, action := range map[SourceKind]core.Action{InModule: core.Redirect, InFile: core.Redirect, InStore: core.Proxy} {
		x := Of(&core.Request{Method: "GET", Target: target, Learned: Sources{{Kind: kind, Items: known("https://shop.example.com/")}}}, first, time.Unix(0, 0))
		require.Equal(t, action.String(), x.Decision.Action, kind)
		require.Contains(t, x.Link.Learned, "before the ESP is asked", kind)
	}
	// But then a place need not know yet what the store says.
	x = Of(&core.Request{Method: "GET", Target: target, Learned: Sources{inside, {Kind: InStore, Items: twice}}}, first, time.Unix(0, 0))
	require.Equal(t, core.Redirect.String(), x.Decision.Action)
	require.Contains(t, strings.Join(x.Notes, "\n"), "a place that has not asked the store yet redirects to https://shop.example.com/a before the ESP is asked")
	require.Contains(t, of(target+"?x", nil).Link.Learned, "has no part")
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

func loadGolden(t *testing.T, path string) *golden {
	t.Helper()
	arch, err := txtar.ParseFile(path)
	require.NoError(t, err)
	g := &golden{sections: map[string]string{}}
	for _, f := range arch.Files {
		g.sections[f.Name] = string(f.Data)
	}
	keys := ring{}
	for line := range strings.Lines(g.sections["keys"]) {
		kid, secret, _ := strings.Cut(strings.TrimSpace(line), "=")
		keys[kid] = secret
	}
	g.req.Keys, g.req.Learned = keys, storedLinks(g.sections["learned"])
	lines := strings.Split(strings.TrimSuffix(g.sections["request"], "\n"), "\n")
	method, rest, _ := strings.Cut(lines[0], " ")
	g.req.Method, g.req.Target = method, strings.TrimSuffix(rest, " HTTP/1.1")
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		name = strings.ToLower(name)
		switch name {
		case "host":
			g.host = value
		case "cdn-loop":
			g.req.CDNLoop = value
		}
		g.fields = append(g.fields, field{name, value})
	}
	return g
}

// reader is a value of the section "reader".
func (g *golden) reader(name, otherwise string) string {
	for line := range strings.Lines(g.sections["reader"]) {
		if value, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), name+": "); ok {
			return value
		}
	}
	return otherwise
}

// explained is what explain --json says, as a program reads it.
type explained struct {
	Decision struct {
		Action, Code, Location string
		Status                 int
	}
	ESP *struct {
		ESP     string
		Form    *check.Form
		Others  []fitting
		Retired *check.Retired
	}
	Send *struct {
		Backend, Method, Target string
		Unsubscribes            bool
		Headers                 []edit
	}
	IfFails   *struct{ Action, Location string } `json:"if_esp_fails"`
	IfAnswers *struct{ Action, Location string } `json:"if_esp_answers"`
	Notes     []string
}

type edit struct {
	Name, Value     string
	Appended        bool
	Removed, Passes bool
	NamedRemoved    bool `json:"named_removed"`
	AliasesRemoved  bool `json:"aliases_removed"`
	OwnCookies      bool `json:"own_cookies"`
}

// apply does to the fields of a request what a line of the JSON says, and
// nothing else.
func (e edit) apply(t *testing.T, g *golden, fields []field, o *core.Origin) []field {
	t.Helper()
	name := strings.ToLower(e.Name)
	var came []string
	for _, f := range fields {
		if f.name == name {
			came = append(came, f.value)
		}
	}
	value := strings.NewReplacer("<http or https>", g.reader("scheme", "http"), "<the reader's address>", g.reader("address", "127.0.0.1")).Replace(e.Value)
	without := func(names ...string) []field {
		return slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return slices.Contains(names, f.name) })
	}
	switch {
	case e.Passes:
		return fields
	case e.Removed:
		return without(name)
	case e.NamedRemoved:
		var gone []string
		for rest := strings.Join(came, ","); rest != ""; {
			var named string
			named, rest = core.NamedByConnection(rest)
			gone = append(gone, strings.ToLower(named))
		}
		return without(gone...)
	case e.AliasesRemoved:
		return slices.DeleteFunc(slices.Clone(fields), func(f field) bool {
			alias, _ := o.NextAlias(f.name + "\x00")
			return alias != ""
		})
	case e.OwnCookies:
		require.Equal(t, o.CookieMark(), e.Value)
		var line []byte
		for _, v := range came {
			line = o.AppendCookies(line, v)
		}
		if value = string(line); value == "" {
			return without(name)
		}
	case e.Appended && len(came) > 0:
		value = strings.Join(came, ", ") + ", " + value
	}
	return append(without(name), field{name, value})
}

func sorted(lines []string) []string {
	slices.Sort(lines)
	return lines
}

// What explain --json says is sent, applied to each golden request, is what the
// module has sent, header by header. What it says the reader gets is what the
// reader got.
func TestGoldenCasesAreSentAsExplained(t *testing.T) {
	files, err := filepath.Glob("../../core/testdata/decide/*.txtar")
	require.NoError(t, err)
	sent, unsubscribes := 0, 0
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			g := loadGolden(t, path)
			sites, err := sitesjson.Parse("sites.json", []byte(g.sections["sites.json"]))
			require.NoError(t, err)
			site := sites.Lookup(g.host)
			if site == nil {
				t.Skip("explain says which sites there are")
			}
			text, err := json.Marshal(Of(&g.req, site, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)))
			require.NoError(t, err)
			var x explained
			require.NoError(t, json.Unmarshal(text, &x))
			g.checkAnswer(t, &x)
			g.checkESP(t, site, &x)
			for member, said := range map[string]string{"mail_hash": "keyed hashes", "ja4": "JA4"} {
				if strings.Contains(g.sections["log"], `"`+member+`":`) {
					require.Contains(t, strings.Join(x.Notes, "\n"), "its line in the click log also has", member)
					require.Contains(t, strings.Join(x.Notes, "\n"), said)
				}
			}
			if !site.Late || !strings.Contains(g.sections["log"], `"verdict":`) {
				require.NotContains(t, strings.Join(x.Notes, "\n"), "its line in the click log")
			}
			want, asked := g.sections["sent to the esp"]
			require.Equal(t, asked, x.Send != nil)
			if !asked {
				return
			}
			sent++
			require.Equal(t, site.Unsubscribes != nil && x.Send.Backend == site.Unsubscribes.Backend, x.Send.Unsubscribes)
			if x.Send.Unsubscribes {
				unsubscribes++
			}
			lines := strings.Split(strings.TrimSuffix(want, "\n"), "\n")
			require.Equal(t, lines[0], fmt.Sprintf("%s: %s %s", x.Send.Backend, x.Send.Method, x.Send.Target))
			fields, origin := g.fields, &core.Origin{Backend: x.Send.Backend}
			if o := site.For(g.req.Target).Origin; o != nil && o.Backend == x.Send.Backend {
				origin = o
			}
			for _, e := range x.Send.Headers {
				fields = e.apply(t, g, fields, origin)
			}
			var got []string
			for _, f := range fields {
				got = append(got, f.name+": "+f.value)
			}
			lines = slices.DeleteFunc(lines[1:], func(l string) bool { return l == "content-length: 0" }) // the host's, for a POST
			require.Equal(t, sorted(lines), sorted(got))
		})
	}
	require.Greater(t, sent, 30, "golden cases of which something is sent")
	require.GreaterOrEqual(t, unsubscribes, 2, "golden cases of which the origin for unsubscribes is sent something")
}

// checkESP compares the ESP that is said to get the request with that of the
// log, and the others that are said to fit with core's lengths.
func (g *golden) checkESP(t *testing.T, site *core.Site, x *explained) {
	t.Helper()
	if x.ESP == nil {
		return
	}
	require.Contains(t, g.sections["log"], `"esp":"`+x.ESP.ESP+`"`)
	fits := 0
	for _, e := range site.ESPs() {
		if e.Origin != nil && e.Origin.Family.Owns(g.req.Target) > 0 {
			fits++
		}
	}
	if x.ESP.Form != nil {
		fits--
	}
	require.Len(t, x.ESP.Others, fits)
}

// What the golden cases of retired ESPs get is what explain says, a day before,
// of the day itself.
func TestADateAheadIsExplained(t *testing.T) {
	files, err := filepath.Glob("../../core/testdata/decide/retired-*.txtar")
	require.NoError(t, err)
	told := 0
	for _, path := range files {
		g := loadGolden(t, path)
		text := g.sections["sites.json"]
		ahead := strings.NewReplacer(`"retired": true`, `"retired": "2026-09-30"`, `"retired": "2026-03-01"`, `"retired": "2026-09-30"`).Replace(text)
		if ahead == text {
			continue // it lies ahead there, too
		}
		site := func(text string) *core.Site {
			sites, err := sitesjson.Parse("sites.json", []byte(text))
			require.NoError(t, err)
			return sites.Lookup(g.host)
		}
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		want, got := Of(&g.req, site(text), now), Of(&g.req, site(ahead), now)
		if want.ESP == nil || want.ESP.Retired == nil {
			require.Nil(t, got.Then, path)
			continue
		}
		if !want.ESP.Retired.Now {
			continue // this ESP's day lies ahead there, too
		}
		require.NotNil(t, got.Then, path)
		told++
		require.Equal(t, "2026-09-30", got.Then.From)
		require.Equal(t, want.Decision, got.Then.Outcome, path)
		require.Equal(t, want.Send, got.Then.Send, path)
		require.Equal(t, core.Proxy.String(), got.Decision.Action, path)
		require.NotNil(t, got.Send, path)
		require.False(t, got.Send.Unsubscribes, path)
	}
	require.GreaterOrEqual(t, told, 9)
}

// checkAnswer compares the explained answer with that of the module.
func (g *golden) checkAnswer(t *testing.T, x *explained) {
	t.Helper()
	for _, c := range []struct {
		log, response    string
		action, location string
		status           int
	}{
		{g.sections["log"], g.sections["response"], x.Decision.Action, x.Decision.Location, x.Decision.Status},
		{g.sections["log when the esp fails"], g.sections["response when the esp fails"], "", "", 0},
	} {
		if c.response == g.sections["response when the esp fails"] && x.IfFails != nil {
			c.action, c.location = x.IfFails.Action, x.IfFails.Location
		}
		if c.log == "" || c.action == "" || c.action == actionUnchecked {
			continue
		}
		var line struct {
			Action, Code string
			Status       int
		}
		require.NoError(t, json.Unmarshal([]byte(c.log), &line))
		if line.Code == string(outcome.Recalled) && line.Action != c.action { // the ESP's answer made that of it
			require.Equal(t, core.Proxy.String(), c.action)
			if x.IfAnswers == nil {
				require.Contains(t, strings.Join(x.Notes, "\n"), "is compared with the site's recalls")
			} else {
				require.Equal(t, line.Action, x.IfAnswers.Action)
			}
			continue
		}
		require.Equal(t, line.Action, c.action)
		if c.status != 0 {
			require.Equal(t, line.Status, c.status)
		}
		if c.location != "" {
			require.Contains(t, c.response, "\nlocation: "+c.location+"\n")
		}
	}
}

// Once the ESP has failed it is not told of a click, also of one that a rule
// recalls.
func TestARecallAfterAFailureIsNotTold(t *testing.T) {
	site, err := sitesjson.ParseSite("link.example.com", []byte(`{"esp": "mailjet", "origin": "https://mailjet.example.net", "clicks": "redirect",
		"when_esp_fails": "redirect", "destinations": ["shop.example.com"], "recalls": [{"from": "https://shop.example.com/a*", "gone": true}]}`))
	require.NoError(t, err)
	x := Of(&core.Request{Method: "GET", Target: "/lnk/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7/6/AAAAAAAAAAAAAAAAAAAAAA/aHR0cHM6Ly9zaG9wLmV4YW1wbGUuY29tL2E_Yj0x"}, site, time.Unix(0, 0))
	require.NotNil(t, x.IfFails.Recalled)
	require.NotContains(t, x.IfFails.Why, "is told")
}
