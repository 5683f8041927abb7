package core_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/sitesjson"
)

// place is one place of the network: its cache, and the store of all.
type place struct {
	cache map[learned.Name]string
	world *world
}

// world is all places with their store.
type world struct {
	places [2]*place
	store  map[learned.Name]string
	down   bool // the store does not answer
	// archive is in the module, which all places have.
	archive learned.Archive
	now     int64
	writes  int
}

func newWorld() *world {
	w := &world{store: map[learned.Name]string{}, now: 1_772_366_400}
	for i := range w.places {
		w.places[i] = &place{map[learned.Name]string{}, w}
	}
	return w
}

var (
	_ learned.Places    = (*place)(nil)
	_ core.LearnedLinks = (*place)(nil)
)

func (p *place) Cached(name *learned.Name) learned.Entry {
	return learned.ReadCached(name, p.cache[*name], p.world.now)
}

func (p *place) PutCached(name *learned.Name, e *learned.Entry, seconds int64) {
	p.cache[*name] = string(e.AppendCached(nil, name, p.world.now+seconds))
}

func (p *place) Stored(name *learned.Name) (learned.Entry, bool) {
	if p.world.down {
		return learned.Entry{}, false
	}
	return learned.ReadEntry(name, p.world.store[*name]), true
}

func (p *place) PutStored(name *learned.Name, e *learned.Entry, add bool) learned.Written {
	p.world.writes++
	if p.world.down {
		return learned.Failed
	}
	if _, ok := p.world.store[*name]; ok && add {
		return learned.Taken
	}
	p.world.store[*name] = string(e.Append(nil, name))
	return learned.Done
}

func (p *place) Forget(name *learned.Name) {
	for _, other := range p.world.places {
		if learned.ReadCached(name, other.cache[*name], 0).State == learned.Known {
			delete(other.cache, *name)
		}
	}
}

func (p *place) Learned(name *learned.Name, patient bool) learned.Entry {
	e, seconds := learned.Find(p, p.world.archive, name, patient)
	if seconds > 0 {
		p.PutCached(name, &e, seconds)
	}
	return e
}

// build puts what the store has into the module.
func (w *world) build(t testing.TB) {
	t.Helper()
	var items []learned.Item
	for name, text := range w.store {
		items = append(items, learned.Item{Name: name, Entry: learned.ReadEntry(&name, text)})
	}
	data, err := learned.AppendArchive(nil, items)
	require.NoError(t, err)
	w.archive = learned.OpenArchive(string(data))
}

const learnJSON = `{"sites":{"link.example.com":{"esp":"sendgrid","destinations":["shop.example.com","www.example.com"],"when_esp_fails":"redirect","clicks":"redirect","learn":true}}}`

func learnSite(t testing.TB) *core.Site {
	t.Helper()
	sites, err := sitesjson.Parse("sites.json", []byte(learnJSON))
	require.NoError(t, err)
	return sites.Lookup("link.example.com")
}

// shortLink and longLink are links in the two forms. What it leads to is not in
// them: an account may have any.
func shortLink(constant, message byte) string {
	text := func(n int, c byte) string {
		return base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat(string(rune(c)), n)))
	}
	return "/ss/c/u001." + text(32, constant) + "/4uj/" + text(16, message) + "/h0/h001." + text(32, 'm')
}

func longLink(constant, message byte) string {
	text := func(n int, c byte) string {
		return strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(rune(c)), n))), "=", "-3D")
	}
	return "/ls/click?upn=u001." + text(32, constant) + "abcd_" + text(224, message)
}

// What an answer says of a link, and what says nothing.
func TestSight(t *testing.T) {
	site := learnSite(t)
	const to = "https://shop.example.com/"
	short := shortLink('a', 'a')
	for _, c := range []struct {
		method, target, locations string
		status                    int
		kind                      esp.Kind
		destination               string
		fit                       bool
	}{
		{"GET", short, to + "\x00", 302, esp.KindClick, to, true},
		{"HEAD", short, to + "\x00", 301, esp.KindClick, to, true},
		{"GET", "/uni" + short, to + "\x00", 307, esp.KindApp, to, true},
		{"GET", longLink('a', 'a'), to + "\x00", 302, esp.KindClick, to, true},
		{"GET", short, "HTTPS://shop.example.com/a b\x00", 302, esp.KindClick, "https://shop.example.com/a%20b", true},
		{"GET", short, "https://elsewhere.example.net/\x00", 302, esp.KindClick, "https://elsewhere.example.net/", false},
		{"GET", short, "http://shop.example.com/\x00", 302, esp.KindClick, "http://shop.example.com/", false},
		{"GET", short, "https://ann@shop.example.com/\x00", 302, esp.KindClick, "https://ann@shop.example.com/", false},
		{"GET", short, to + strings.Repeat("a", learned.MaxDestination) + "\x00", 302, esp.KindClick, to + strings.Repeat("a", learned.MaxDestination), false},
		{"POST", short, to + "\x00", 302, esp.KindClick, "", false},
		{"GET", short, to + "\x00", 303, esp.KindClick, "", false},
		{"GET", short, to + "\x00", 308, esp.KindClick, "", false},
		{"GET", short, to + "\x00", 200, esp.KindClick, "", false},
		{"GET", short, to + "\x00", 404, esp.KindClick, "", false},
		{"GET", short, to + "\x00", 302, esp.KindUnsubscribe, "", false},
		{"GET", short, to + "\x00", 302, esp.KindOpen, "", false},
		{"GET", short + "?x", to + "\x00", 302, esp.KindClick, "", false},
		{"GET", short, "", 302, esp.KindClick, "", false},
		{"GET", short, "\x00", 302, esp.KindClick, "", false},
		{"GET", short, to + "\x00" + to + "b\x00", 302, esp.KindClick, "", false},
		{"GET", short, "/elsewhere\x00", 302, esp.KindClick, "", false},
		{"GET", short, "https://link.example.com/x\x00", 302, esp.KindClick, "", false},
		{"GET", short, "https://LINK.example.com:8443/x\x00", 302, esp.KindClick, "", false},
		{"GET", short, "mailto:ann@example.com\x00", 302, esp.KindClick, "", false},
	} {
		sight, ok := site.Sight(&core.Request{Method: c.method, Target: c.target}, c.kind, c.status, c.locations)
		require.Equal(t, c.destination != "", ok, c)
		require.Equal(t, []any{c.destination, c.fit}, []any{sight.Destination, sight.Fit}, c)
	}
	off := *site
	off.Learn = false
	_, ok := off.Sight(&core.Request{Method: "GET", Target: short}, esp.KindClick, 302, to+"\x00")
	require.False(t, ok)
}

// A redirect that was learned says so, and why it was not where it was not.
func TestLearnedDecision(t *testing.T) {
	site, w := learnSite(t), newWorld()
	req := &core.Request{Method: "GET", Target: shortLink('a', 'a'), Learned: w.places[0]}
	require.Equal(t, core.WhyNotLearned, core.AfterFailure(req, site, outcome.ESPTimeout).Why)
	for _, message := range []byte("ab") {
		say(t, w.places[0], site, shortLink('a', message), "https://shop.example.com/")
	}
	d := core.AfterFailure(req, site, outcome.ESPTimeout)
	require.Equal(t, []any{core.Redirect, outcome.ESPTimeout, "https://shop.example.com/", "shop.example.com", esp.Learned, core.WhyLearned},
		[]any{d.Action, d.Code, d.Location, d.Host, d.Reading, d.Why})
	d = core.Decide(req, site, time.Unix(w.now, 0))
	require.Equal(t, []any{core.Redirect, outcome.OK, esp.Learned}, []any{d.Action, d.Code, d.Reading})
	require.NotNil(t, d.Origin, "the ESP counts it")
	narrow := *site
	narrow.Destinations = narrow.Destinations[1:]
	require.Equal(t, core.WhyNotAllowed, core.AfterFailure(req, &narrow, outcome.ESPTimeout).Why, "the list of today holds")
	page := *site
	page.FailRedirect = false
	require.Equal(t, core.WhySetting, core.AfterFailure(req, &page, outcome.ESPTimeout).Why)
	unnamed := &core.Request{Method: "GET", Target: "/wf/click?upn=x", Learned: w.places[0]}
	require.Equal(t, core.WhyUnread, core.AfterFailure(unnamed, site, outcome.ESPTimeout).Why)
	req.Learned = nil
	require.Equal(t, core.WhyUnread, core.AfterFailure(req, site, outcome.ESPTimeout).Why)
}

// say lets an ESP answer a click.
func say(t testing.TB, p *place, site *core.Site, target, to string) {
	t.Helper()
	sight, ok := site.Sight(&core.Request{Method: "GET", Target: target}, esp.KindClick, 302, to+"\x00")
	require.True(t, ok)
	learned.Learn(p, p.world.archive, &sight, p.world.now)
}

// A contradiction in one place ends the name in all, at once.
func TestContradictionReachesAllPlaces(t *testing.T) {
	site, w := learnSite(t), newWorld()
	for _, p := range w.places {
		for _, message := range []byte("abc") {
			say(t, p, site, shortLink('a', message), "https://shop.example.com/")
		}
	}
	require.Equal(t, 2, w.writes, "each place tried once, and the second found it there")
	say(t, w.places[1], site, shortLink('a', 'd'), "https://www.example.com/")
	for _, p := range w.places {
		d := core.AfterFailure(&core.Request{Method: "GET", Target: shortLink('a', 'e'), Learned: p}, site, outcome.ESPTimeout)
		require.Equal(t, core.Refuse, d.Action)
	}
}

// While the store does not answer, a place tries again once an hour.
func TestStoreThatDoesNotAnswer(t *testing.T) {
	site, w := learnSite(t), newWorld()
	w.down = true
	for i := range 20 {
		say(t, w.places[0], site, shortLink('a', byte('a'+i)), "https://shop.example.com/")
	}
	require.Equal(t, 1, w.writes)
	w.now, w.down = w.now+2*60*60, false
	for i := range 5 {
		say(t, w.places[0], site, shortLink('a', byte('a'+i)), "https://shop.example.com/")
	}
	require.Equal(t, 2, w.writes)
	require.Len(t, w.store, 1)
}

// story is what a fuzzer has made of its input: clicks, answers, failures.
type story struct {
	t    testing.TB
	site *core.Site
	w    *world
	// said has, for each name, which messages have led to which destinations.
	said map[learned.Name]map[string]map[string]bool
	// against has, for each place, the names of which it has seen two
	// destinations while it had an entry.
	against map[*place]map[learned.Name]bool
	// weak: entries were damaged, or so much time has passed that caches have
	// dropped contradictions.
	weak                                                      bool
	learns, contradictions, redirects, archived, pages, clean int
}

func newStory(t testing.TB) *story {
	w := newWorld()
	return &story{t: t, site: learnSite(t), w: w, said: map[learned.Name]map[string]map[string]bool{},
		against: map[*place]map[learned.Name]bool{w.places[0]: {}, w.places[1]: {}}}
}

var storyDestinations = []string{
	"https://shop.example.com/", "https://shop.example.com/a", "https://www.example.com/", "https://elsewhere.example.net/", "http://shop.example.com/",
	"https://shop.example.com/reset/5f3c9a0b7d2e41c8a6b0", "https://link.example.com/", "/relative", "javascript:alert(1)", "https://shop.example.com\\@elsewhere.example.net/", "",
}

// act is one event, made of three bytes.
func (s *story) act(what, who, where byte) {
	p := s.w.places[what&1]
	constant, message := 'a'+who&3, 'a'+who>>2&7
	target := shortLink(constant, message)
	if who&32 != 0 {
		target = longLink(constant, message)
	}
	if who&64 != 0 {
		target = "/uni" + target
	}
	if who&128 != 0 && where&128 != 0 {
		target += "&x=https://elsewhere.example.net/"
	}
	switch what >> 1 & 7 {
	case 0, 1, 2, 3:
		s.answer(p, target, what, where)
	case 4:
		s.w.now += int64(where) * 6 * 60 * 60
		s.weak = s.weak || s.w.now > newWorld().now+365*24*60*60
	case 5:
		s.w.down = where&1 != 0
		if where&2 != 0 {
			s.w.build(s.t)
		}
	case 6:
		s.damage(where)
	default:
		s.fail(p, target, where)
	}
}

var storyStatuses = [...]int{302, 301, 307, 302, 303, 200, 404, 503}

func (s *story) answer(p *place, target string, what, where byte) {
	status, to := storyStatuses[what>>4&7], storyDestinations[int(where&127)%len(storyDestinations)]
	req := &core.Request{Method: [...]string{"GET", "GET", "HEAD", "POST"}[what>>1&3], Target: target}
	kind := s.site.Origin.Family.Kind(target)
	sight, ok := s.site.Sight(req, kind, status, to+"\x00")
	if !ok {
		return
	}
	name := sight.Name
	for _, held := range []learned.Entry{p.Cached(&name), s.w.archive.Find(&name)} {
		if held.State != learned.Absent && held.Destination != to {
			s.against[p][name] = true
		}
	}
	if s.said[name] == nil {
		s.said[name] = map[string]map[string]bool{}
	}
	if s.said[name][to] == nil {
		s.said[name][to] = map[string]bool{}
	}
	s.said[name][to][strings.TrimPrefix(target, "/uni")] = true
	learned.Learn(p, p.world.archive, &sight, s.w.now)
	s.check()
}

// damage alters the entries of the store and the caches.
func (s *story) damage(where byte) {
	s.weak = true
	for _, entries := range []map[learned.Name]string{s.w.store, s.w.places[0].cache, s.w.places[1].cache} {
		for name, text := range entries {
			i := int(where) % len(text)
			entries[name] = text[:i] + string(text[i]^1) + text[i+1:]
		}
	}
}

// check asserts that nothing is known that the answers to two messages did not
// say.
func (s *story) check() {
	for name, text := range s.w.store {
		switch e := learned.ReadEntry(&name, text); e.State {
		case learned.Known:
			s.learns++
			require.GreaterOrEqual(s.t, len(s.said[name][e.Destination]), 2, "two messages' answers")
			require.NotContains(s.t, e.Destination, "elsewhere")
			require.Empty(s.t, learned.Personal(e.Destination))
		case learned.Contradictory:
			s.contradictions++
			require.GreaterOrEqual(s.t, len(s.said[name]), 2, "two destinations")
		case learned.Noted:
			s.t.Fatal("a note in the store")
		}
	}
}

// fail lets the ESP fail at a click.
func (s *story) fail(p *place, target string, where byte) {
	req := &core.Request{Method: "GET", Target: target, Learned: p}
	held := learned.Entry{}
	if link, ok := s.site.LearnedLink(req); ok {
		held = p.Cached(&link.Name)
	}
	d := core.AfterFailure(req, s.site, outcome.ESPTimeout)
	if where&1 != 0 {
		d = core.Decide(req, s.site, time.Unix(s.w.now, 0))
	}
	if d.Action != core.Redirect {
		s.pages++
		return
	}
	s.redirects++
	if s.w.down && held.State != learned.Known {
		s.archived++
	}
	require.Equal(s.t, outcome.OK, s.site.Allows(d.Location), "the list")
	link, ok := s.site.LearnedLink(req)
	require.True(s.t, ok)
	require.GreaterOrEqual(s.t, len(s.said[link.Name][d.Location]), 2, "two messages' answers")
	require.Equal(s.t, esp.Learned, d.Reading)
	require.False(s.t, s.against[p][link.Name] && !s.weak, "a contradiction is for good")
	if e := learned.ReadEntry(&link.Name, s.w.store[link.Name]); !s.w.down && where&1 == 0 && p.Cached(&link.Name).State == learned.Absent {
		require.NotEqual(s.t, learned.Contradictory, e.State)
	}
}

func (s *story) tell(script []byte) {
	for ; len(script) >= 3 && s.clean < 2000; script = script[3:] {
		s.clean++
		s.act(script[0], script[1], script[2])
	}
}

// Whatever clicks and answers come, in two places with a store that may fail,
// entries that are damaged and a module that is built with what the store has:
// nothing is learned that two links' answers did not say, and no redirect leaves
// the list.
func FuzzLearn(f *testing.F) {
	f.Fuzz(func(t *testing.T, script []byte) { newStory(t).tell(script) })
}

// The corpus learns, contradicts, redirects and refuses: a fuzz target that did
// nothing would pass.
func TestLearnCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/fuzz/FuzzLearn/*")
	require.NoError(t, err)
	require.NotEmpty(t, files, "no corpus")
	all := story{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		_, value, _ := strings.Cut(string(data), "[]byte(")
		script, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(value), ")"))
		require.NoError(t, err, name)
		s := newStory(t)
		s.tell([]byte(script))
		all.learns, all.contradictions = all.learns+s.learns, all.contradictions+s.contradictions
		all.redirects, all.archived, all.pages = all.redirects+s.redirects, all.archived+s.archived, all.pages+s.pages
	}
	require.NotZero(t, all.learns)
	require.NotZero(t, all.contradictions)
	require.NotZero(t, all.redirects)
	require.NotZero(t, all.archived, "by what is in the module")
	require.NotZero(t, all.pages)
}
