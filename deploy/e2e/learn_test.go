package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

const (
	learnHost = "link.example.com"
	learnSite = `{"sites":{"link.example.com":{"esp":"sendgrid","destinations":["shop.example.com","www.example.com"],"when_esp_fails":"redirect","learn":true}}}`
	shop      = "https://shop.example.com/sale?utm_source=mail"
	www       = "https://www.example.com/"
)

// learner is a site that learns, its ESP's account, and the store.
type learner struct {
	*rig
	account *origins.SendGridAccount
	backend string
	at      time.Time
}

// newLearner starts a site. store is what the KV store has at the start; nil:
// the service has no such store.
func newLearner(t *testing.T, sites string, store map[string]hostsim.KVEntry, opt origins.Options) *learner {
	t.Helper()
	l := &learner{account: opt.SendGrid, backend: "sendgrid", at: noon}
	if opt.SendGrid == nil {
		l.account = &origins.SendGridAccount{Secret: t.Name()}
		if opt.OpaqueTo == nil {
			opt.SendGrid = l.account
		}
	}
	l.rig = newRigWith(t, sites, opt, func(cfg *hostsim.Config) {
		cfg.Now = func() time.Time { return l.at }
		if store != nil {
			cfg.KVStores = map[string]map[string]hostsim.KVEntry{contract.LinkStore: store}
		}
	})
	return l
}

func emptyStore() map[string]hostsim.KVEntry { return map[string]hostsim.KVEntry{} }

// click opens a link and returns where the reader was sent ("" for a page), the
// line of the log, and what happened.
func (l *learner) click(t *testing.T, target string) (string, logLine, *hostsim.Exchange) {
	t.Helper()
	return l.open(t, "GET", target)
}

func (l *learner) open(t *testing.T, method, target string) (string, logLine, *hostsim.Exchange) {
	t.Helper()
	resp, x := l.do(t, hostsim.Request{Method: method, Host: learnHost, Target: target, Header: browser()})
	location, _ := resp.Header.Get("Location")
	var line logLine
	require.NoError(t, json.Unmarshal([]byte(clicks(x)[0]), &line))
	return location, line, x
}

// fail makes the ESP refuse connections, or answer again.
func (l *learner) fail(t *testing.T, how origins.Fault) {
	t.Helper()
	require.NoError(t, l.fleet.SetFault(l.backend, how))
}

func nameOf(t *testing.T, target string) learned.Name {
	t.Helper()
	link, ok := learned.Read(learnHost, esp.FamilySendGrid, target)
	require.True(t, ok, target)
	return link.Name
}

// stored is what the KV store has of a link.
func (l *learner) stored(t *testing.T, target string) learned.Entry {
	t.Helper()
	name := nameOf(t, target)
	e, ok := l.host.KV(contract.LinkStore, name.String())
	if !ok {
		return learned.Entry{}
	}
	entry := learned.ReadEntry(&name, string(e.Value))
	require.NotEqual(t, learned.Absent, entry.State, "%s", e.Value)
	return entry
}

func storeWith(t *testing.T, target string, e learned.Entry) map[string]hostsim.KVEntry {
	t.Helper()
	name := nameOf(t, target)
	return map[string]hostsim.KVEntry{name.String(): {Value: e.Append(nil, &name)}}
}

// calls returns the host calls of a click.
func calls(x *hostsim.Exchange) (names []string) {
	for _, c := range x.Calls {
		names = append(names, strings.TrimPrefix(c.Module, "fastly_")+"."+c.Name)
	}
	return names
}

// after returns the host calls that followed the answer to the reader.
func after(x *hostsim.Exchange) []string {
	all := calls(x)
	return all[slices.Index(all, "http_resp.send_downstream")+1:]
}

// requireAfter asserts the host calls after the answer. The server makes none.
func requireAfter(t *testing.T, x *hostsim.Exchange, want []string, why ...any) {
	t.Helper()
	if !native() && !onHandler() {
		require.Equal(t, want, after(x), why...)
	}
}

// requireCalled asserts that a host call was made, or was not. The server makes
// none.
func requireCalled(t *testing.T, x *hostsim.Exchange, name string, want bool) {
	t.Helper()
	if !native() && !onHandler() {
		require.Equal(t, want, slices.Contains(calls(x), name), name)
	}
}

// The usual click of a site that learns pays two host calls after the answer;
// what is new pays more, once.
func TestLearnedCosts(t *testing.T) {
	offHandler(t, "its host calls are the SDK's")
	l := newLearner(t, learnSite, emptyStore(), origins.Options{})
	_, _, x := l.click(t, l.account.Message().Short(shop))
	requireAfter(t, x, []string{"cache.lookup", "cache.get_user_metadata", "cache.insert", "http_body.close"}, "the first sight")
	_, _, x = l.click(t, l.account.Message().Short(shop))
	requireAfter(t, x, []string{
		"cache.lookup", "cache.get_user_metadata", "cache.insert", "http_body.close", // known here
		"kv_store.open", "http_body.new", "http_body.write", "kv_store.insert", "kv_store.insert_wait", // and everywhere
	}, "the second sight")
	for range 3 {
		_, _, x = l.click(t, l.account.Message().Short(shop))
		requireAfter(t, x, []string{"cache.lookup", "cache.get_user_metadata"}, "the usual click")
	}
	off := newLearner(t, strings.Replace(learnSite, `,"learn":true`, "", 1), emptyStore(), origins.Options{})
	_, _, x = off.click(t, off.account.Message().Short(shop))
	require.Empty(t, after(x), "a site that does not learn")
	for _, target := range []string{"/wf/open?upn=u001.A", "/asm/?user_id=1", "/wf/click?upn=abc", "/other"} {
		_, _, x = l.click(t, target)
		require.Empty(t, after(x), "%s has no name", target)
	}
}

// One message says nothing for certain.
func TestLearnedFirstSight(t *testing.T) {
	offHandler(t, "its host calls are the SDK's")
	l := newLearner(t, learnSite, emptyStore(), origins.Options{})
	message := l.account.Message()
	for _, target := range []string{message.Short(shop), message.Short(shop)} {
		to, line, _ := l.click(t, target)
		require.Equal(t, shop, to)
		require.Equal(t, "proxy", line.Action)
		require.Zero(t, l.stored(t, target), "one message, two links")
	}
	l.fail(t, origins.Refuse)
	to, line, x := l.click(t, l.account.Message().Short(shop))
	require.Empty(t, to)
	require.Equal(t, []string{"refuse", "esp_unreachable", ""}, []string{line.Action, string(line.Code), line.Reading})
	require.Empty(t, after(x))
}

// With the second message it is known: here, and everywhere by the store.
func TestLearnedSecondSight(t *testing.T) {
	for form, link := range map[string]func(*origins.SendGridMessage) string{
		"short": func(m *origins.SendGridMessage) string { return m.Short(shop) },
		"long":  func(m *origins.SendGridMessage) string { return m.Long(shop) },
		"mixed": func(m *origins.SendGridMessage) string { return m.Long(shop) },
	} {
		t.Run(form, func(t *testing.T) {
			l := newLearner(t, learnSite, emptyStore(), origins.Options{})
			first := link(l.account.Message())
			l.click(t, first)
			if form == "mixed" {
				link = func(m *origins.SendGridMessage) string { return "/uni" + m.Short(shop) }
			}
			l.open(t, "HEAD", link(l.account.Message()))
			e := l.stored(t, first)
			require.Equal(t, learned.KnownSince(noon.Unix(), shop), e)
			for _, how := range []origins.Fault{origins.Refuse, origins.Reset, origins.ServerError, origins.TooMany, origins.Slow} {
				if how == origins.Slow && testing.Short() {
					continue
				}
				l.fail(t, how)
				to, line, _ := l.click(t, link(l.account.Message()))
				require.Equal(t, shop, to, how)
				require.Equal(t, []string{"redirect", "learned"}, []string{line.Action, line.Reading}, how)
				to, _, _ = l.open(t, "HEAD", link(l.account.Message()))
				require.Equal(t, shop, to, how)
			}
			to, _, _ := l.click(t, l.account.Message().Short(www))
			require.Empty(t, to, "another destination")
			_, _, x := l.open(t, "POST", link(l.account.Message()))
			require.NotEqual(t, 302, x.Response, "a POST is no click")
			l.fail(t, origins.Up)
			to, line, _ := l.click(t, link(l.account.Message()))
			require.Equal(t, shop, to)
			require.Equal(t, "proxy", line.Action, "an ESP that answers is asked")
			l2 := newLearner(t, learnSite, storeWith(t, first, e), origins.Options{})
			l2.fail(t, origins.Refuse)
			to, _, _ = l2.click(t, first)
			require.Equal(t, shop, to, "in another place, where nobody has clicked")
		})
	}
}

// What one place has from the store it puts into its cache.
func TestLearnedFromTheStore(t *testing.T) {
	l := newLearner(t, learnSite, emptyStore(), origins.Options{})
	target := l.account.Message().Short(shop)
	l = newLearner(t, learnSite, storeWith(t, target, learned.KnownSince(1, shop)), origins.Options{SendGrid: l.account})
	l.fail(t, origins.Refuse)
	to, _, x := l.click(t, target)
	require.Equal(t, shop, to)
	requireCalled(t, x, "kv_store.lookup", true)
	to, _, x = l.click(t, l.account.Message().Short(shop))
	require.Equal(t, shop, to)
	requireCalled(t, x, "kv_store.open", false)
}

// Two destinations for one name: it is never used again, here or elsewhere, and
// whatever the ESP says later.
func TestLearnedContradiction(t *testing.T) {
	lead := shop
	l := newLearner(t, learnSite, emptyStore(), origins.Options{OpaqueTo: func(string) string { return lead }})
	link := func() string { return l.account.Message().Short("https://redirect.example.com/") }
	target := link()
	l.click(t, target)
	l.click(t, link())
	require.Equal(t, learned.Known, l.stored(t, target).State)
	lead = www
	to, _, x := l.click(t, link())
	require.Equal(t, www, to, "the reader gets the ESP's answer")
	requireCalled(t, x, "purge.purge_surrogate_key", true)
	require.Equal(t, learned.Contradictory, l.stored(t, target).State)
	for _, lead = range []string{www, shop} {
		for range 3 {
			_, _, x = l.click(t, link())
			requireAfter(t, x, []string{"cache.lookup", "cache.get_user_metadata"}, "nothing is written again")
		}
	}
	l.fail(t, origins.Refuse)
	to, line, _ := l.click(t, link())
	require.Empty(t, to)
	require.Equal(t, "refuse", line.Action)
	stored := storeWith(t, target, l.stored(t, target))
	place := newLearner(t, learnSite, stored, origins.Options{OpaqueTo: func(string) string { return shop }})
	place.click(t, link())
	place.click(t, link())
	require.Equal(t, learned.Contradictory, place.stored(t, target).State, "a place that has seen one destination only adds nothing")
	place.fail(t, origins.Refuse)
	to, _, _ = place.click(t, link())
	require.Empty(t, to)
}

// A contradiction also comes up between a note and an answer, and between two
// places.
func TestLearnedContradictionBetweenPlaces(t *testing.T) {
	l := newLearner(t, learnSite, emptyStore(), origins.Options{})
	target := l.account.Message().Short(shop)
	l = newLearner(t, learnSite, storeWith(t, target, learned.KnownSince(1, www)), origins.Options{SendGrid: l.account})
	l.click(t, target)
	l.click(t, l.account.Message().Short(shop))
	require.Equal(t, learned.Contradictory, l.stored(t, target).State)
	l.fail(t, origins.Refuse)
	to, _, _ := l.click(t, target)
	require.Empty(t, to)

	lead := shop
	l = newLearner(t, learnSite, emptyStore(), origins.Options{OpaqueTo: func(string) string { return lead }})
	l.click(t, target)
	lead = "https://elsewhere.example.net/"
	l.click(t, target)
	require.Equal(t, learned.Contradictory, l.stored(t, target).State, "one that is not listed contradicts too")
}

// The site's list holds for what is learned, and for what the store has.
func TestLearnedKeepsToTheList(t *testing.T) {
	for _, to := range []string{"https://elsewhere.example.net/", "http://shop.example.com/", "https://link.example.com/x", "https://ann@shop.example.com/", "/relative", "mailto:ann@example.com",
		"https://shop.example.com/" + strings.Repeat("a", learned.MaxDestination)} {
		l := newLearner(t, learnSite, emptyStore(), origins.Options{OpaqueTo: func(string) string { return to }})
		target := l.account.Message().Short(shop)
		for range 3 {
			l.click(t, l.account.Message().Short(shop))
		}
		require.Zero(t, l.stored(t, target), to)
		l.fail(t, origins.Refuse)
		location, _, _ := l.click(t, target)
		require.Empty(t, location, to)
	}
	for _, to := range []string{"https://elsewhere.example.net/", "http://shop.example.com/", "https://link.example.com/x"} {
		l := newLearner(t, learnSite, emptyStore(), origins.Options{})
		target := l.account.Message().Short(shop)
		l = newLearner(t, learnSite, storeWith(t, target, learned.KnownSince(1, to)), origins.Options{SendGrid: l.account})
		l.fail(t, origins.Refuse)
		location, _, _ := l.click(t, target)
		require.Empty(t, location, to)
	}
}

// A damaged entry is absent: it is not used, and learned anew.
func TestLearnedDamage(t *testing.T) {
	l := newLearner(t, learnSite, emptyStore(), origins.Options{})
	target, name := l.account.Message().Short(shop), learned.Name{}
	name = nameOf(t, target)
	good := learned.KnownSince(1, www)
	text := good.Append(nil, &name)
	other := nameOf(t, l.account.Message().Short(www))
	for _, damaged := range []string{"", "x", string(text[:len(text)-1]), strings.Replace(string(text), "www", "wwx", 1), string(good.Append(nil, &other)), strings.Repeat("a", 10_000)} {
		l := newLearner(t, learnSite, map[string]hostsim.KVEntry{name.String(): {Value: []byte(damaged)}}, origins.Options{SendGrid: l.account})
		l.fail(t, origins.Refuse)
		to, _, _ := l.click(t, target)
		require.Empty(t, to, damaged)
		l.fail(t, origins.Up)
		l.click(t, target)
		l.click(t, l.account.Message().Short(shop))
		require.Equal(t, shop, l.stored(t, target).Destination, "%.100q", damaged)
	}
}

// With clicks "redirect" a reader does not wait for the store, and the ESP goes
// on counting. What it then says is compared.
func TestLearnedClicksRedirect(t *testing.T) {
	sites := strings.Replace(learnSite, `"learn":true`, `"learn":true,"clicks":"redirect"`, 1)
	l := newLearner(t, sites, emptyStore(), origins.Options{})
	target := l.account.Message().Short(shop)
	lead := shop
	l = newLearner(t, sites, storeWith(t, target, learned.KnownSince(1, shop)), origins.Options{OpaqueTo: func(string) string { return lead }})
	_, line, x := l.click(t, target)
	require.Equal(t, "proxy", line.Action)
	requireCalled(t, x, "kv_store.open", false)
	l.click(t, l.account.Message().Short(shop))
	to, line, x := l.click(t, l.account.Message().Short(shop))
	require.Equal(t, shop, to)
	require.Equal(t, []string{"redirect", "learned", "yes"}, []string{line.Action, line.Reading, line.Agrees})
	require.Len(t, x.Sent, 1, "the ESP counts it")
	lead = www
	to, line, x = l.click(t, l.account.Message().Short(shop))
	require.Equal(t, shop, to)
	require.Equal(t, "no", line.Agrees)
	require.Contains(t, string(x.Stderr), "the ESP disagrees")
	to, line, _ = l.click(t, l.account.Message().Short(shop))
	require.Equal(t, www, to, "the first answer that contradicts ends it")
	require.Equal(t, "proxy", line.Action)
	require.Equal(t, learned.Contradictory, l.stored(t, target).State)
}

// Without a store, one place still knows what it has seen, and the operator is
// told.
func TestLearnedWithoutAStore(t *testing.T) {
	onHost(t, "the file of learned links is always there")
	l := newLearner(t, learnSite, nil, origins.Options{})
	target := l.account.Message().Short(shop)
	l.click(t, target)
	_, _, x := l.click(t, l.account.Message().Short(shop))
	require.Contains(t, string(x.Stderr), "KV store clickedge-links is not linked to this service")
	_, _, x = l.click(t, l.account.Message().Short(shop))
	require.Empty(t, x.Stderr)
	l.fail(t, origins.Refuse)
	to, _, _ := l.click(t, target)
	require.Equal(t, shop, to)
}

// What is in the cache only ends: a note after a week, a destination after a
// month. The store has it for good.
func TestLearnedTimes(t *testing.T) {
	l := newLearner(t, learnSite, emptyStore(), origins.Options{})
	target := l.account.Message().Short(shop)
	l.click(t, target)
	l.at = l.at.Add(8 * 24 * time.Hour)
	l.click(t, l.account.Message().Short(shop))
	require.Zero(t, l.stored(t, target), "the note was too old")
	l.at = l.at.Add(6 * 24 * time.Hour)
	l.click(t, l.account.Message().Short(shop))
	since := l.stored(t, target).Since
	require.Equal(t, l.at.Unix(), since)
	l.at = l.at.Add(31 * 24 * time.Hour)
	l.click(t, l.account.Message().Short(shop))
	_, _, x := l.click(t, l.account.Message().Short(shop))
	requireCalled(t, x, "kv_store.lookup", true)
	require.Equal(t, since, l.stored(t, target).Since, "and not written again")
	_, _, x = l.click(t, l.account.Message().Short(shop))
	requireAfter(t, x, []string{"cache.lookup", "cache.get_user_metadata"})
}

// A retired ESP is asked for nothing. A click on its links is answered from what
// was learned of them, or gets the page that says so.
func TestLearnedOfARetiredESP(t *testing.T) {
	sites := `{"sites":{"link.example.com":{"esp":"customerio-eu","also":[{"esp":"sendgrid","retired":true}],"destinations":["shop.example.com"],"learn":true}}}`
	account := &origins.SendGridAccount{Secret: "left"}
	target := account.Message().Short(shop)
	l := newLearner(t, sites, storeWith(t, target, learned.KnownSince(1, shop)), origins.Options{SendGrid: account})
	for i := range 2 {
		to, line, x := l.click(t, account.Message().Long(shop))
		require.Equal(t, shop, to)
		require.Equal(t, []string{"redirect", "ok", "learned", "sendgrid"}, []string{line.Action, string(line.Code), line.Reading, line.ESP})
		require.Empty(t, x.Sent)
		requireCalled(t, x, "kv_store.open", i == 0) // the next reader does not wait for the store
	}
	to, line, x := l.click(t, account.Message().Short(www))
	require.Empty(t, to)
	require.Equal(t, "retired", string(line.Code))
	require.Empty(t, x.Sent)
}

// A clone served locally has the store: what the repository's manifest says is
// enough to learn a link.
func TestLearnedLocally(t *testing.T) {
	manifest, err := hostsim.LoadConfig("../../fastly.toml")
	require.NoError(t, err)
	require.Empty(t, manifest.Warnings)
	require.Equal(t, map[string]map[string]hostsim.KVEntry{contract.LinkStore: {}}, manifest.KVStores)
	l := newLearner(t, learnSite, manifest.KVStores[contract.LinkStore], origins.Options{})
	target := l.account.Message().Short(shop)
	l.click(t, target)
	l.click(t, l.account.Message().Short(shop))
	require.Equal(t, learned.KnownSince(noon.Unix(), shop), l.stored(t, target))
}

// The archive in the module is used without a store, says how many links it has,
// and stays when other sites are put into the module.
func TestLearnedArchive(t *testing.T) {
	account := &origins.SendGridAccount{Secret: "archive"}
	raw, err := reactor()
	require.NoError(t, err)
	items := []learned.Item{
		{Name: nameOf(t, account.Message().Short(shop)), Entry: learned.KnownSince(60, shop)},
		{Name: nameOf(t, account.Message().Short(www)), Entry: learned.Entry{State: learned.Contradictory}},
	}
	wasm, rep, err := module.Build(t.Context(), module.Options{Sites: []byte(learnSite), Reactor: raw, Learned: items})
	require.NoError(t, err)
	require.Equal(t, 2, rep.Learned)
	two := strings.Replace(learnSite, `"sites":{`, `"sites":{"b.example.com":{"esp":"sendgrid"},`, 1)
	wasm, rep, err = module.Swap(wasm, []byte(two), "")
	require.NoError(t, err)
	require.Equal(t, 2, rep.Learned)
	for _, store := range []map[string]hostsim.KVEntry{nil, storeWith(t, account.Message().Short(shop), learned.Entry{State: learned.Contradictory})} {
		l := &learner{account: account, backend: "sendgrid", at: noon}
		l.rig = rigOf(t, wasm, two, origins.Options{SendGrid: account}, func(cfg *hostsim.Config) {
			cfg.KVStores = map[string]map[string]hostsim.KVEntry{}
			if store != nil {
				cfg.KVStores[contract.LinkStore] = store
			}
		})
		resp, _ := l.do(t, hostsim.Request{Host: learnHost, Target: "/.well-known/clickedge"})
		require.Contains(t, string(resp.Body), `"sites":2,"learned":2}`)
		l.fail(t, origins.Refuse)
		to, _, x := l.click(t, account.Message().Short(shop))
		if store != nil {
			require.Empty(t, to, "the store has a contradiction that the archive does not know")
			continue
		}
		require.Equal(t, shop, to)
		requireCalled(t, x, "kv_store.open", true)
		_, _, x = l.click(t, account.Message().Short(shop))
		requireCalled(t, x, "kv_store.open", false)
		to, _, _ = l.click(t, account.Message().Short(www))
		require.Empty(t, to)
	}
	require.Len(t, module.Learned(wasm), 2)
	require.Empty(t, module.Learned(raw), "no module of Build's")
	wasm, rep, err = module.SwapLearned(wasm, []byte(learnSite), "", nil)
	require.NoError(t, err)
	require.Zero(t, rep.Learned)
	require.Empty(t, module.Learned(wasm))
	fresh, _, err := module.Build(t.Context(), module.Options{Sites: []byte(learnSite), Reactor: raw})
	require.NoError(t, err)
	require.Equal(t, fresh, wasm, "nothing is left of it")
}
