package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

// One message is one, however often its links are opened, by whom, and in which
// form: a scanner, the reader and whoever has got it forwarded, with GET and
// HEAD, as a link of the web and of an app, and with all that is not the message
// altered, though the ESP answers that too.
func TestLearnedOneMessage(t *testing.T) {
	l := newLearner(t, learnSite, emptyStore(), origins.Options{OpaqueTo: func(string) string { return shop }})
	account := &origins.SendGridAccount{Secret: "one message"}
	m := account.Message()
	short, again, long := m.Short(shop), m.Short(shop), m.Long(shop)
	x, rest, _ := strings.Cut(long, "_")
	altered := []string{
		short, again, "/uni" + short,
		strings.Replace(short, "/4uj/", "/4uk/", 1), strings.Replace(short, "/h0/", "/h99/", 1), short[:len(short)-43] + strings.Repeat("A", 43),
	}
	for _, target := range altered {
		for _, method := range []string{"GET", "HEAD"} {
			l.open(t, method, target)
		}
	}
	require.Zero(t, l.stored(t, short))
	other := newLearner(t, learnSite, emptyStore(), origins.Options{OpaqueTo: func(string) string { return shop }})
	for _, target := range []string{long, "/uni" + long, x[:len(x)-4] + "zzzz_" + rest} {
		for _, method := range []string{"GET", "HEAD"} {
			other.open(t, method, target)
		}
	}
	require.Zero(t, other.stored(t, long))
	for _, place := range []*learner{l, other} {
		place.fail(t, origins.Refuse)
		to, _, _ := place.click(t, account.Message().Short(shop))
		require.Empty(t, to)
	}
}

// One reader's own page stands in each of the reader's mails: it is not stored,
// however many there are, nor noted.
func TestLearnedReadersOwnPage(t *testing.T) {
	for _, own := range []string{"https://shop.example.com/account/5f3c9a0b7d2e41c8a6b0", "https://shop.example.com/preferences?m=ann%40example.com"} {
		for form, link := range forms {
			l := newLearner(t, learnSite, emptyStore(), origins.Options{})
			for range 6 {
				target := link(l.account.Message(), own)
				to, _, x := l.click(t, target)
				require.Equal(t, own, to)
				requireAfter(t, x, []string{"cache.lookup", "cache.get_user_metadata"}, form)
				require.Zero(t, l.stored(t, target), form)
			}
		}
	}
}

// Where learning is switched off, by sites.json or for a moment by the config
// store, what was learned is not used, and neither cache nor store is asked.
func TestLearnedSwitchedOff(t *testing.T) {
	offHandler(t, "its host calls are the SDK's")
	account := &origins.SendGridAccount{Secret: "off"}
	target := account.Message().Short(shop)
	off := strings.Replace(learnSite, `"learn":true`, `"learn":false`, 1)
	override := off[len(`{"sites":{"link.example.com":`) : len(off)-2]
	for _, c := range []struct {
		sites, override string
		want            string
	}{{learnSite, "", shop}, {off, "", ""}, {learnSite, override, ""}, {off, strings.Replace(override, `"learn":false`, `"learn":true`, 1), shop}} {
		l := &learner{account: account, backend: "sendgrid", at: noon}
		l.rig = newRigWith(t, c.sites, origins.Options{SendGrid: account}, func(cfg *hostsim.Config) {
			cfg.KVStores = map[string]map[string]hostsim.KVEntry{"clickedge-links": storeWith(t, target, learned.KnownSince(1, shop))}
			if c.override != "" {
				cfg.ConfigStores = map[string]map[string]string{"clickedge": {learnHost: c.override}}
			}
		})
		_, _, x := l.click(t, target)
		require.True(t, native() || (c.want == "") == (len(after(x)) == 0), "nothing is learned either")
		l.fail(t, origins.Refuse)
		to, _, x := l.click(t, target)
		require.Equal(t, c.want, to)
		for _, call := range calls(x) {
			require.True(t, c.want != "" || !strings.HasPrefix(call, "cache.") && !strings.HasPrefix(call, "kv_store."), call)
		}
	}
}

// An ESP's own pages teach nothing: its page for links that expired, a login, a
// challenge for robots, wherever they are, unless the site lists their host. One
// that the site lists is the same for two messages and so is known, until the
// first reader is led elsewhere.
func TestLearnedPagesOfTheESP(t *testing.T) {
	for _, page := range []string{"https://sendgrid.net/expired", "https://login.sendgrid.com/?next=%2F", "/cdn-cgi/challenge", "https://link.example.com/expired", "//link.example.com/expired", "?retry=1"} {
		l := newLearner(t, learnSite, emptyStore(), origins.Options{OpaqueTo: func(string) string { return page }})
		account := &origins.SendGridAccount{Secret: "pages"}
		for range 5 {
			target := account.Message().Short(shop)
			l.click(t, target)
			require.Zero(t, l.stored(t, target), page)
		}
	}
	lead := "https://www.example.com/expired"
	l := newLearner(t, learnSite, emptyStore(), origins.Options{OpaqueTo: func(string) string { return lead }})
	account := &origins.SendGridAccount{Secret: "pages"}
	target := account.Message().Short(shop)
	l.click(t, target)
	l.click(t, account.Message().Short(shop))
	lead = shop
	l.click(t, account.Message().Short(shop))
	require.Equal(t, learned.Contradictory, l.stored(t, target).State)
}
