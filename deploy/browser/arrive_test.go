package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

// bound limits the test once the module is built, so that a browser that hangs
// is reported.
const bound = 120 * time.Second

// TestChromiumArrives clicks every link in a mail with the mouse, and checks
// where the browser is at the end.
func TestChromiumArrives(t *testing.T) {
	path := binary(t)
	wasm, _, err := module.Build(t.Context(), module.Options{Sites: []byte(sitesJSON), Learned: learnedLinks(t)})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	r := newRig(ctx, t, wasm)
	b := openTab(ctx, t, path, r.rules, r.pins)
	for _, f := range r.fronts {
		t.Run(f.scheme, func(t *testing.T) {
			f.clickAll(t, b)
			t.Run("retired", func(t *testing.T) { f.unsubscribe(t, b, r) })
			t.Run("preferences", func(t *testing.T) { f.preferences(t, b, r) })
			t.Run("outage", func(t *testing.T) { f.outage(t, b, r.fleet) })
		})
	}
	t.Run("looks", func(t *testing.T) { r.fronts[0].looks(t, b) })
	t.Run("stand-ins", func(t *testing.T) { r.fronts[0].standIns(t, b) })
	require.Empty(t, b.complained(), "what the browser holds against our pages")
	b.close(t)
	for _, f := range r.fronts {
		t.Run("log of "+f.scheme, func(t *testing.T) { f.checkLog(ctx, t) })
	}
}

// clickAll clicks every link, and the first once more: a click that the browser
// answers from its cache would not be counted.
func (f *front) clickAll(t *testing.T, b *tab) {
	for i, l := range f.mail.links {
		t.Run(l.name, func(t *testing.T) { f.arrive(t, b, i) })
	}
	t.Run("again", func(t *testing.T) { f.arrive(t, b, 0) })
	for i, d := range f.mail.damaged {
		t.Run(d.name, func(t *testing.T) { f.refuse(t, b, i) })
	}
}

// read opens the mail; every picture in it must load.
func (f *front) read(t *testing.T, b *tab) {
	t.Helper()
	f.openMail(t, b)
	for i, width := range b.imageWidths(t) {
		require.Equal(t, 1, width, "width of %s", f.mail.pictures[i])
	}
}

func (f *front) openMail(t *testing.T, b *tab) {
	t.Helper()
	for _, url := range f.mail.pictures {
		f.ask(url)
	}
	b.open(t, f.scheme+"://"+mailHost+"/")
	require.Len(t, b.imageWidths(t), len(f.mail.pictures))
}

// ask records a URL that the browser must request. A browser writes a space in
// a link as %20.
func (f *front) ask(url string) { f.asked[strings.ReplaceAll(url, " ", "%20")]++ }

func (f *front) arrive(t *testing.T, b *tab, i int) {
	f.read(t, b)
	f.checkArrival(t, f.click(t, b, i), f.mail.links[i])
}

func (f *front) click(t *testing.T, b *tab, i int) page {
	t.Helper()
	f.ask(f.mail.links[i].url)
	return b.click(t, fmt.Sprintf("#link-%d", i))
}

func (f *front) checkArrival(t *testing.T, p page, l link) {
	t.Helper()
	require.Equal(t, l.arrives, p.Href)
	require.Equal(t, int64(200), p.Status)
	_, place, _ := strings.Cut(l.arrives, "://")
	place, _, _ = strings.Cut(place, "#") // not sent to a server
	require.Equal(t, "You have arrived", p.Heading)
	require.Contains(t, strings.Split(p.Text, "\n"), "You have arrived at "+place)
}

// refuse clicks a damaged link, reads the page, and follows the link on it.
func (f *front) refuse(t *testing.T, b *tab, i int) {
	d := f.mail.damaged[i]
	f.read(t, b)
	f.ask(d.url)
	p := b.click(t, fmt.Sprintf("#damaged-%d", i))
	require.Equal(t, d.url, p.Href)
	f.checkPage(t, p, d)
	home := b.click(t, "a")
	require.Equal(t, homePage, home.Href)
	require.Empty(t, home.Referrer, "the home page does not learn the link")
}

func (f *front) checkPage(t *testing.T, p page, d damage) {
	t.Helper()
	require.Equal(t, d.status, p.Status)
	require.Equal(t, d.title, p.Title)
	require.Equal(t, d.title, p.Heading)
	require.Equal(t, "24px", p.HeadSize, "the page's own policy lets its style through")
	require.Equal(t, homePage, p.Home)
	require.Contains(t, p.Text, "Go to our home page")
	foot := strings.Split(p.Text[strings.LastIndex(p.Text, "\n")+1:], " · ")
	require.Len(t, foot, 3, p.Text)
	require.Equal(t, []string{fmt.Sprint(d.status), string(d.code)}, foot[:2])
	f.refusals[foot[2]] = d.code
}

// outage: with every ESP down, readers whose link can be read arrive, if the
// site is set so, and the others get a page.
func (f *front) outage(t *testing.T, b *tab, fleet *origins.Fleet) {
	setFaults(t, fleet, origins.ServerError)
	defer setFaults(t, fleet, origins.Up)
	readable, opaque := f.find(t, ownHost+": click"), f.find(t, "sendgrid.example.com: click")
	f.openMail(t, b)
	require.Equal(t, 1, b.imageWidths(t)[0], "the open pixel of ours needs no ESP")
	f.checkArrival(t, f.click(t, b, readable), f.mail.links[readable])
	f.openMail(t, b)
	f.checkPage(t, f.click(t, b, opaque), damage{status: 500, code: outcome.ESPError, title: "We are having trouble"})
	setFaults(t, fleet, origins.Refuse)
	known := f.find(t, "learned.example.com: click")
	f.openMail(t, b)
	f.checkArrival(t, f.click(t, b, known), f.mail.links[known])
}

// learnedLinks are those of the site that learns, as an archive has them.
func learnedLinks(t *testing.T) (items []learned.Item) {
	t.Helper()
	sites, err := sitesjson.Parse("sites.json", []byte(sitesJSON))
	require.NoError(t, err)
	site := sites.Lookup("learned.example.com")
	seen := map[learned.Name]bool{}
	for _, l := range (&origins.Fleet{}).Links(site) {
		link, ok := site.LearnedLink(&core.Request{Method: "GET", Target: l.Target})
		if ok && !seen[link.Name] {
			seen[link.Name] = true
			items = append(items, learned.Item{Name: link.Name, Entry: learned.KnownSince(noon.Unix(), origins.DefaultOpaque)})
		}
	}
	require.NotEmpty(t, items)
	return items
}

func setFaults(t *testing.T, fleet *origins.Fleet, fault origins.Fault) {
	t.Helper()
	for _, backend := range fleet.Backends() {
		require.NoError(t, fleet.SetFault(backend, fault))
	}
}

func (f *front) find(t *testing.T, name string) int {
	t.Helper()
	i := slices.IndexFunc(f.mail.links, func(l link) bool { return l.name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return i
}

// line has the members of a line of the click log that are compared.
type line struct {
	Request string       `json:"request"`
	Host    string       `json:"host"`
	Method  string       `json:"method"`
	Code    outcome.Code `json:"code"`
	Status  int          `json:"status"`
}

// checkLog: every request of the browser has one line, and the browser has made
// exactly the expected requests.
func (f *front) checkLog(ctx context.Context, t *testing.T) {
	require.NoError(t, f.server.Shutdown(ctx))
	got, codes := map[string]int{}, map[string]outcome.Code{}
	for range f.arrived.Load() {
		x := f.next(ctx, t)
		l := readLine(t, x)
		codes[l.Request] = l.Code
		got[f.scheme+"://"+x.Request.Host+x.Request.Target]++
	}
	require.Empty(t, differences(f.asked, got))
	require.NotEmpty(t, f.refusals)
	for request, code := range f.refusals {
		require.Equal(t, code, codes[request], "the line of the request that a page names")
	}
}

// next waits for the end of a request, which may be after the browser has got
// the whole answer.
func (f *front) next(ctx context.Context, t *testing.T) *hostsim.Exchange {
	t.Helper()
	select {
	case x := <-f.over:
		return x
	case <-ctx.Done():
		require.FailNow(t, "a request has not come to its end")
		return nil
	}
}

// differences lists the URLs that were not requested as often as they should
// have been.
func differences(want, got map[string]int) (list []string) {
	all := maps.Clone(want)
	maps.Copy(all, got)
	for url := range all {
		if want[url] != got[url] {
			list = append(list, fmt.Sprintf("%s: %d times instead of %d", url, got[url], want[url]))
		}
	}
	return list
}

func readLine(t *testing.T, x *hostsim.Exchange) line {
	t.Helper()
	require.True(t, x.Ending.OK(), "%s %s\n%s", x.Ending, x.Ending.Message, x.Stderr)
	require.Len(t, x.Logs, 1, "one line per request")
	require.Equal(t, contract.LogEndpoint, x.Logs[0].Endpoint)
	var l line
	require.NoError(t, json.Unmarshal([]byte(x.Logs[0].Line), &l))
	require.Equal(t, [3]any{x.Request.Method, x.Request.Host, x.Response}, [3]any{l.Method, l.Host, l.Status})
	return l
}
