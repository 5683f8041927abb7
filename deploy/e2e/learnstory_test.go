package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

// readersVariable names the environment variable with the number of readers of
// TestMailing. The nightly run has 100,000.
const readersVariable = "CLICKEDGE_READERS"

// mailing is one mail with ten links to many readers. In the first minute some
// have clicked; then SendGrid is gone for good.
type mailing struct {
	account *origins.SendGridAccount
	// link makes a link of a message, in one of the two forms.
	link func(m *origins.SendGridMessage, destination string) string
	// destination is where a link leads for one reader.
	destination func(link, reader int) string
	// twice: each destination stands twice in a mail, and readers click on both.
	twice bool
}

// outcomes of the readers after SendGrid has gone, and what was stored.
type outcomes struct{ landed, wrong, pages, stored int }

func readers(t *testing.T) (all, firstMinute int) {
	t.Helper()
	all = 3_000
	if testing.Short() {
		all = 600
	}
	if text := os.Getenv(readersVariable); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err, readersVariable)
		all = n
	}
	return all, max(all/100, 120)
}

const links = 10

func shared(link, _ int) string {
	return fmt.Sprintf("https://shop.example.com/offer-%d?utm_source=mail", link)
}

func (m *mailing) run(t *testing.T) outcomes {
	t.Helper()
	all, first := readers(t)
	here := newLearner(t, learnSite, emptyStore(), origins.Options{SendGrid: m.account})
	store := map[string]hostsim.KVEntry{}
	for name := range m.readAll(t, here, first) {
		if e, ok := here.host.KV(contract.LinkStore, name.String()); ok {
			store[name.String()] = e
		}
	}
	// Half of the readers come to another place, whose cache is empty.
	there := newLearner(t, learnSite, store, origins.Options{SendGrid: m.account})
	o := m.afterwards(t, first, all, here, there)
	o.stored = len(store)
	return o
}

// afterwards lets the rest of the readers click in two places when SendGrid is
// gone.
func (m *mailing) afterwards(t *testing.T, first, all int, here, there *learner) (o outcomes) {
	t.Helper()
	here.fail(t, origins.Refuse)
	there.fail(t, origins.Refuse)
	var mu sync.Mutex
	inParallel(first, all, func(reader int) {
		place := here
		if reader%2 == 1 {
			place = there
		}
		link := rand.IntN(links)
		want := m.destination(link, reader)
		to := place.follow(t, m.link(m.account.Message(), want))
		mu.Lock()
		defer mu.Unlock()
		switch to {
		case want:
			o.landed++
		case "":
			o.pages++
		default:
			o.wrong++
		}
	})
	t.Logf("%d readers, %d of them in the first minute; then %d landed, %d wrongly, %d got a page", all, first, o.landed, o.wrong, o.pages)
	require.Equal(t, all-first, o.landed+o.wrong+o.pages)
	return o
}

// readAll lets the first readers click while SendGrid answers. It returns the
// names of all links.
func (m *mailing) readAll(t *testing.T, place *learner, readers int) map[learned.Name]bool {
	names, mu := map[learned.Name]bool{}, sync.Mutex{}
	inParallel(0, readers, func(reader int) {
		message, link := m.account.Message(), reader%links
		want := m.destination(link, reader)
		for range 1 + map[bool]int{true: 1}[m.twice] {
			target := m.link(message, want)
			if got := place.follow(t, target); got != want {
				t.Errorf("SendGrid answers, and the reader got %q for %q", got, want)
			}
			mu.Lock()
			names[nameOf(t, target)] = true
			mu.Unlock()
		}
	})
	return names
}

func inParallel(from, to int, do func(int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := from; i < to; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
}

// follow opens a link, from any goroutine, and returns where it leads.
func (l *learner) follow(t *testing.T, target string) string {
	resp, x, err := l.host.Do(t.Context(), &hostsim.Request{Host: learnHost, Target: target, Header: browser()})
	if err != nil || !x.Ending.OK() || len(clicks(x)) != 1 {
		t.Errorf("%s: %v %+v", target, err, x)
		return "?"
	}
	location, _ := resp.Header.Get("Location")
	return location
}

var forms = map[string]func(*origins.SendGridMessage, string) string{
	"short": (*origins.SendGridMessage).Short,
	"long":  (*origins.SendGridMessage).Long,
}

// TestMailing: a mail with ten links goes out, and SendGrid is gone after the
// first minute. Later readers arrive all the same, if the account's links have
// constant names; nobody arrives at a wrong place, and nothing personal is
// stored.
func TestMailing(t *testing.T) {
	for form, link := range forms {
		constant, random := &origins.SendGridAccount{Secret: "c"}, &origins.SendGridAccount{Secret: "r", RandomStart: true}
		personal := func(link, reader int) string {
			return fmt.Sprintf("https://shop.example.com/u?id=%d&link=%d", 10_000+reader, link)
		}
		t.Run("constant names, "+form, func(t *testing.T) {
			o := (&mailing{account: constant, link: link, destination: shared}).run(t)
			require.GreaterOrEqual(t, 100*o.landed, 99*(o.landed+o.pages))
			require.Zero(t, o.wrong)
			require.Equal(t, links, o.stored)
		})
		t.Run("random start, "+form, func(t *testing.T) {
			o := (&mailing{account: random, link: link, destination: shared}).run(t)
			require.Equal(t, outcomes{pages: o.pages}, o, "none is learned, and none is wrong")
		})
		t.Run("personal destinations, "+form, func(t *testing.T) {
			o := (&mailing{account: constant, link: link, destination: personal, twice: true}).run(t)
			require.Equal(t, outcomes{pages: o.pages}, o, "none is in the store")
		})
	}
}
