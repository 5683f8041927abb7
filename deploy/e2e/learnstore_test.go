package e2e

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

// patience is how long a reader waits for the store.
const patience = 300 * time.Millisecond

// slowStore is a learner's store whose operations take as long as the test
// says. The learner's clock runs only while somebody waits for it.
type slowStore struct {
	*learner
	mu      sync.Mutex
	outcome func(hostsim.KVOperation) hostsim.KVOutcome
	started []hostsim.KVOperation
	// waits has the time limits of all waits but those for the ESP, which are
	// longer.
	waits []time.Duration
	// during is called at each of them; it returns how much time passes, and
	// whether the limit is over then. Nil: all of it.
	during func(limit time.Duration) (time.Duration, bool)
	begun  chan hostsim.KVOperation
	ended  chan *hostsim.Exchange
}

func newSlowStore(t *testing.T, wasm []byte, sites string, store map[string]hostsim.KVEntry, opt origins.Options) *slowStore {
	t.Helper()
	onHost(t, "its store is a file on this machine, whose readers do not wait")
	s := &slowStore{learner: &learner{account: opt.SendGrid, backend: "sendgrid", at: noon}, begun: make(chan hostsim.KVOperation, 100), ended: make(chan *hostsim.Exchange, 100)}
	change := func(cfg *hostsim.Config) {
		cfg.Now = func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.at
		}
		cfg.KVStores = map[string]map[string]hostsim.KVEntry{contract.LinkStore: store}
		cfg.KVFault, cfg.After = s.kv, s.after
		cfg.OnExchange = func(x *hostsim.Exchange) { s.ended <- x }
	}
	if wasm == nil {
		s.rig = newRigWith(t, sites, opt, change)
	} else {
		s.rig = rigOf(t, wasm, sites, opt, change)
	}
	return s
}

func (s *slowStore) kv(op hostsim.KVOperation) hostsim.KVOutcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = append(s.started, op)
	s.begun <- op
	return s.outcome(op)
}

func (s *slowStore) after(limit time.Duration) <-chan time.Time {
	if limit > patience {
		return nil // the ESP's stand-in answers
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = append(s.waits, limit)
	passed, over := limit, true
	if s.during != nil {
		passed, over = s.during(limit)
	}
	s.at = s.at.Add(passed)
	if !over {
		return nil
	}
	c := make(chan time.Time, 1)
	c <- s.at
	return c
}

// forget empties what was recorded.
func (s *slowStore) forget() { s.started, s.waits = nil, nil }

func always(o hostsim.KVOutcome) func(hostsim.KVOperation) hostsim.KVOutcome {
	return func(hostsim.KVOperation) hostsim.KVOutcome { return o }
}

var neverDone = hostsim.KVOutcome{Done: make(chan struct{})}

// A store that is slow costs a reader whose ESP has failed 300 ms at most, the
// body of its value included. Then the answer is the one without learning.
func TestSlowStore(t *testing.T) {
	offHandler(t, "the SDK sets no limit on how long a store takes")
	account := &origins.SendGridAccount{Secret: "slow"}
	target := account.Message().Short(shop)
	plain := newLearner(t, strings.Replace(learnSite, `,"learn":true`, "", 1), nil, origins.Options{SendGrid: account})
	plain.fail(t, origins.Refuse)
	want, _ := plain.do(t, hostsim.Request{Host: learnHost, Target: target, Header: browser()})

	done := make(chan struct{})
	for about, c := range map[string]struct {
		outcome hostsim.KVOutcome
		during  func(time.Duration) (time.Duration, bool)
		waits   []time.Duration
	}{
		"the lookup": {neverDone, nil, []time.Duration{patience}},
		"the value":  {hostsim.KVOutcome{Value: neverDone.Done}, nil, []time.Duration{patience}},
		"both": {hostsim.KVOutcome{Done: done, Value: neverDone.Done}, func(limit time.Duration) (time.Duration, bool) {
			if limit == patience {
				close(done)
				return 200 * time.Millisecond, false
			}
			return limit, true
		}, []time.Duration{patience, 100 * time.Millisecond}},
	} {
		s := newSlowStore(t, nil, learnSite, storeWith(t, target, learned.KnownSince(1, shop)), origins.Options{SendGrid: account})
		s.outcome, s.during = always(c.outcome), c.during
		s.fail(t, origins.Refuse)
		resp, x := s.do(t, hostsim.Request{Host: learnHost, Target: target, Header: browser()})
		require.Equal(t, []any{want.Status, bodyWithoutID(want), false}, []any{resp.Status, bodyWithoutID(resp), resp.Header.Has("Location")}, about)
		require.Equal(t, c.waits, s.waits, about)
		require.Equal(t, noon.Add(patience), s.at, about)
		require.Len(t, s.started, 1, about)
		require.Empty(t, after(x), "%s: nothing is awaited afterwards", about)
		require.Empty(t, x.Stderr, about)
	}
}

// bodyWithoutID is the body of a page without the request's id, which differs.
func bodyWithoutID(r *hostsim.Response) string {
	text := string(r.Body)
	if i := strings.Index(text, "00000000"); i >= 0 {
		return text[:i] + text[i+32:]
	}
	return text
}

// A store that answers within the time is as good as a quick one.
func TestStoreThatAnswersInTime(t *testing.T) {
	offHandler(t, "the SDK sets no limit on how long a store takes")
	account := &origins.SendGridAccount{Secret: "in time"}
	target := account.Message().Short(shop)
	s := newSlowStore(t, nil, learnSite, storeWith(t, target, learned.KnownSince(1, shop)), origins.Options{SendGrid: account})
	done := make(chan struct{})
	s.outcome = always(hostsim.KVOutcome{Done: done})
	s.during = func(time.Duration) (time.Duration, bool) {
		close(done)
		return 299 * time.Millisecond, false
	}
	s.fail(t, origins.Refuse)
	to, line, _ := s.click(t, target)
	require.Equal(t, []string{shop, "learned"}, []string{to, line.Reading})
	require.Equal(t, []time.Duration{patience}, s.waits)
}

// A click that is answered in time waits for no store, whatever it writes there
// afterwards; and where clicks are redirected first, the store is not asked.
func TestSlowStoreDoesNotHoldUpAnswers(t *testing.T) {
	offHandler(t, "its host calls are the SDK's")
	account := &origins.SendGridAccount{Secret: "held up"}
	for _, sites := range []string{learnSite, strings.Replace(learnSite, `"learn":true`, `"learn":true,"clicks":"redirect"`, 1)} {
		s := newSlowStore(t, nil, sites, emptyStore(), origins.Options{SendGrid: account})
		done := make(chan struct{})
		finish := sync.OnceFunc(func() { close(done) })
		t.Cleanup(finish)
		s.outcome = always(hostsim.KVOutcome{Done: done})
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		addr := s.listen(t)
		open := func(target string) string {
			req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+addr+target, nil)
			require.NoError(t, err)
			req.Host = learnHost
			resp, err := client.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			return resp.Header.Get("Location")
		}
		require.Equal(t, shop, open(account.Message().Short(shop)))
		<-s.ended
		require.Empty(t, s.started, "the first sight uses no store")
		require.Equal(t, shop, open(account.Message().Short(shop)))
		require.Equal(t, "insert", (<-s.begun).Name)
		require.Empty(t, s.ended, "the reader has the answer; the write is under way")
		for range 3 {
			require.Equal(t, shop, open(account.Message().Short(shop)))
			x := <-s.ended
			require.NotContains(t, calls(x), "kv_store.open", "and is the only one")
		}
		finish()
		x := <-s.ended
		require.Equal(t, []string{"kv_store.open", "http_body.new", "http_body.write", "kv_store.insert", "kv_store.insert_wait"}, after(x)[4:])
		require.Equal(t, learned.KnownSince(noon.Unix(), shop), s.stored(t, account.Message().Short(shop)))
		require.Empty(t, s.waits)
	}
}

// The archive's word holds while the store gives no answer, and for a minute no
// other reader waits. Then a contradiction in the store ends it.
func TestSlowStoreBehindAnArchive(t *testing.T) {
	offHandler(t, "the SDK sets no limit on how long a store takes")
	account := &origins.SendGridAccount{Secret: "archive"}
	target := account.Message().Short(shop)
	raw, err := reactor()
	require.NoError(t, err)
	items := []learned.Item{{Name: nameOf(t, target), Entry: learned.KnownSince(60, shop)}}
	wasm, _, err := module.Build(t.Context(), module.Options{Sites: []byte(learnSite), Reactor: raw, Learned: items})
	require.NoError(t, err)
	s := newSlowStore(t, wasm, learnSite, storeWith(t, target, learned.Entry{State: learned.Contradictory}), origins.Options{SendGrid: account})
	s.outcome = always(neverDone)
	s.fail(t, origins.Refuse)
	for range 3 {
		to, _, _ := s.click(t, account.Message().Long(shop))
		require.Equal(t, shop, to)
		require.Equal(t, []time.Duration{patience}, s.waits)
	}
	s.at, s.outcome = s.at.Add(time.Minute), always(hostsim.KVOutcome{})
	for range 2 {
		to, _, _ := s.click(t, target)
		require.Empty(t, to, "the store has a contradiction that the archive does not know")
	}
	require.Len(t, s.started, 2)

	// Without the store a single answer of the ESP's contradicts the archive.
	lead := www
	l := &learner{account: account, backend: "sendgrid", at: noon}
	l.rig = rigOf(t, wasm, learnSite, origins.Options{OpaqueTo: func(string) string { return lead }}, func(cfg *hostsim.Config) { cfg.Now = func() time.Time { return l.at } })
	_, _, x := l.click(t, target)
	require.Contains(t, string(x.Stderr), "is not linked to this service")
	l.fail(t, origins.Refuse)
	to, _, _ := l.click(t, target)
	require.Empty(t, to)
}

// A store that fails costs a reader nothing, is tried again, and gets at last
// what it did not take: a contradiction after a minute, a destination after an
// hour.
func TestFailingStore(t *testing.T) {
	offHandler(t, "its host calls are the SDK's")
	account := &origins.SendGridAccount{Secret: "fails"}
	for _, failure := range []hostsim.KVError{hostsim.KVTooManyRequests, hostsim.KVInternalError} {
		s := newSlowStore(t, nil, learnSite, emptyStore(), origins.Options{SendGrid: account})
		s.outcome = always(hostsim.KVOutcome{Error: failure})
		target := account.Message().Short(shop)
		s.click(t, target)
		_, _, x := s.click(t, account.Message().Short(shop))
		require.Contains(t, string(x.Stderr), "KV store clickedge-links did not take a learned link (error)")
		require.Zero(t, s.stored(t, target))
		s.forget()
		s.click(t, account.Message().Short(shop))
		require.Empty(t, s.started, "not at once")
		s.at = s.at.Add(time.Hour)
		s.fail(t, origins.Refuse)
		to, _, _ := s.click(t, target)
		require.Empty(t, to)
		require.Empty(t, s.waits, "a store that says that it failed is not waited for")
		s.fail(t, origins.Up)
		s.outcome = always(hostsim.KVOutcome{})
		s.click(t, target)
		s.click(t, account.Message().Short(shop))
		require.Equal(t, shop, s.stored(t, target).Destination)
	}
	lead := shop
	s := newSlowStore(t, nil, learnSite, emptyStore(), origins.Options{OpaqueTo: func(string) string { return lead }})
	s.outcome = always(hostsim.KVOutcome{})
	link := func() string { return account.Message().Short("https://redirect.example.com/") }
	target := link()
	s.click(t, target)
	s.click(t, link())
	require.Equal(t, learned.Known, s.stored(t, target).State)
	lead, s.outcome = www, always(hostsim.KVOutcome{Error: hostsim.KVTooManyRequests})
	s.click(t, link())
	require.Equal(t, learned.Known, s.stored(t, target).State)
	s.forget()
	s.click(t, link())
	require.Empty(t, s.started)
	s.at, lead, s.outcome = s.at.Add(time.Minute), shop, always(hostsim.KVOutcome{})
	s.click(t, link())
	require.Equal(t, learned.Contradictory, s.stored(t, target).State)
	require.Equal(t, []string{"insert"}, namesOf(s.started))
	s.forget()
	s.at = s.at.Add(time.Hour)
	s.click(t, link())
	require.Empty(t, s.started, "once")
}

func namesOf(list []hostsim.KVOperation) (names []string) {
	for _, op := range list {
		names = append(names, op.Name)
	}
	return slices.Compact(names)
}
