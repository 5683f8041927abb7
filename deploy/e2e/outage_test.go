package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

// TestOutage: 10,000 readers click on links of every ESP while the ESPs fail in
// every way and recover. A reader whose link can be read arrives, no reader
// waits beyond the limit, all others get a page, and each click is one line of
// the log, from which the missed clicks can be counted.
func TestOutage(t *testing.T) {
	total := 10_000
	if testing.Short() {
		total = 1_000
	}
	day := newOutage(t)
	var wg sync.WaitGroup
	next := make(chan int)
	for range 24 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				day.click(t, i)
			}
		}()
	}
	for i := range total {
		if i%(total/len(day.acts)) == 0 {
			day.act(t, i/(total/len(day.acts)))
		}
		next <- i
	}
	close(next)
	wg.Wait()
	day.checkTotals(t, total)
}

// outageLimit is what the sites give their ESP.
const outageLimit = 500 * time.Millisecond

// outage is the state of the day.
type outage struct {
	*rig
	clicks []readersLink
	acts   []map[string]origins.Fault // by backend; those not named are up
	seen   sync.Map                   // clicks that reached an ESP, by backend and number

	mu                          sync.Mutex
	lines                       int
	ids                         map[string]bool
	asked, missed, maybe, pages int
	byAction                    map[string]int
}

// readersLink is a link in a mail, and where its reader wants to go.
type readersLink struct {
	host, target string
	destination  string // "" where only the ESP knows
}

// outageSites runs every family in three ways.
func outageSites(t *testing.T) string {
	t.Helper()
	sites := map[string]map[string]any{}
	for _, e := range matrixESPs {
		for _, how := range []string{"proxy", "redirect", "uncounted"} {
			site := map[string]any{"esp": e.preset, "when_esp_fails": "redirect", "destinations": []string{"example.com", "*.example.com"},
				"allow_http": true, "esp_timeout": outageLimit.String(), "home": "https://www.example.com/"}
			if e.sni != "" {
				site["origin"] = "https://" + e.sni
			}
			if how != "proxy" {
				site["clicks"], site["count"] = "redirect", how == "redirect"
			}
			sites[how+"."+e.preset+".example.com"] = site
		}
	}
	text, err := json.Marshal(map[string]any{"sites": sites})
	require.NoError(t, err)
	return string(text)
}

func newOutage(t *testing.T) *outage {
	o := &outage{ids: map[string]bool{}, byAction: map[string]int{}}
	o.rig = newRigWith(t, outageSites(t), origins.Options{OnRequest: o.see}, func(cfg *hostsim.Config) {
		for name, b := range cfg.Backends {
			b.FirstByteTimeout = outageLimit + 200*time.Millisecond // only to end the test in time
			cfg.Backends[name] = b
		}
	})
	for _, host := range o.sites.Hosts() {
		site := o.sites.Lookup(host)
		for _, l := range loadLinks(t) {
			if l.ESP != site.Origin.Family.String() || site.Origin.Family.Kind(l.Path) != esp.KindClick {
				continue
			}
			to, _ := site.Origin.Family.Destination(l.Path)
			if site.Allows(to) != outcome.OK {
				to = ""
			}
			o.clicks = append(o.clicks, readersLink{host, l.Path, to})
		}
	}
	o.acts = outageActs(o.fleet.Backends())
	return o
}

// see counts a click once, though an ESP that breaks a kept connection off may
// see it twice.
func (o *outage) see(s origins.Seen) {
	number, _ := s.Header.Get("X-Click")
	o.seen.Store(s.Backend+" "+number, true)
}

// outageActs: the ESPs fail one after the other, in pairs, and all at once; at
// the beginning and the end all work. A silent ESP is rare, as each click to it
// takes the full time limit.
func outageActs(backends []string) []map[string]origins.Fault {
	faults := []origins.Fault{origins.Refuse, origins.Reset, origins.ServerError, origins.TooMany}
	acts := []map[string]origins.Fault{{}}
	for i, b := range backends {
		acts = append(acts, map[string]origins.Fault{b: faults[i%4], backends[(i+3)%len(backends)]: faults[(i+1)%4]})
	}
	for _, fault := range []origins.Fault{origins.Refuse, origins.Reset, origins.TooMany} {
		all := map[string]origins.Fault{}
		for _, b := range backends {
			all[b] = fault
		}
		acts = append(acts, all, map[string]origins.Fault{})
	}
	for _, b := range []string{"ses-us-east-1", "sendgrid"} {
		acts = append(acts, map[string]origins.Fault{b: origins.Slow})
	}
	return append(acts, map[string]origins.Fault{})
}

// act changes the state of the ESPs while clicks are under way.
func (o *outage) act(t *testing.T, i int) {
	if i >= len(o.acts) {
		return
	}
	for _, b := range o.fleet.Backends() {
		require.NoError(t, o.fleet.SetFault(b, o.acts[i][b]))
	}
}

// click sends one click and records what came back. It runs in a goroutine, so
// it reports errors without ending the test.
func (o *outage) click(t *testing.T, i int) {
	l := o.clicks[i%len(o.clicks)]
	resp, x, err := o.host.Do(context.Background(), &hostsim.Request{Host: l.host, Target: l.target, Header: browser("X-Click", strconv.Itoa(i))})
	if err != nil || !x.Ending.OK() || !x.Responded || len(clicks(x)) != 1 {
		t.Errorf("%s %s: %v %+v", l.host, l.target, err, x)
		return
	}
	var line struct {
		logLine
		Micros int64 `json:"us"`
	}
	if err := json.Unmarshal([]byte(clicks(x)[0]), &line); err != nil {
		t.Errorf("%s: %v", clicks(x)[0], err)
		return
	}
	if problem := l.problem(resp); problem != "" {
		t.Errorf("click %d on %s %s: %s, %s", i, l.host, l.target, problem, clicks(x)[0])
	}
	// Far above the limit, so that a slow machine is not taken for a hang.
	if waited := time.Duration(line.Micros) * time.Microsecond; waited > outageLimit+30*time.Second {
		t.Errorf("a reader waited %s: %s", waited, clicks(x)[0])
	}
	o.note(line.logLine, resp.Status, len(x.Sent))
}

// problem says what is wrong with what a reader got, "" where nothing is.
func (l readersLink) problem(resp *hostsim.Response) string {
	location, redirected := resp.Header.Get("Location")
	switch {
	case l.destination != "" && strings.ReplaceAll(location, "%20", " ") != strings.ReplaceAll(l.destination, "%20", " "):
		return fmt.Sprintf("did not arrive at %s: status %d, %q", l.destination, resp.Status, location)
	case l.destination != "" || redirected:
		return ""
	case resp.Status < 429 && resp.Status != 400: // 400: the ESP itself finds the link damaged
		return fmt.Sprintf("neither sent on nor told why: status %d", resp.Status)
	case resp.Status >= 429 && !strings.Contains(string(resp.Body), `href="https://www.example.com/"`):
		return "a page without a way on"
	}
	return ""
}

func (o *outage) note(line logLine, status, sent int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines++
	o.ids[line.Request] = true
	o.asked += sent
	o.byAction[line.Action]++
	switch line.Missed {
	case "yes":
		o.missed++
	case "maybe":
		o.maybe++
	}
	if status >= 429 {
		o.pages++
	}
}

// checkTotals checks the totals: there is a line for each click, and the clicks
// that the log calls missed are those that the ESPs did not see.
func (o *outage) checkTotals(t *testing.T, total int) {
	t.Helper()
	seen := 0
	o.seen.Range(func(any, any) bool { seen++; return true })
	t.Logf("%d clicks: %v, %d pages; the ESPs were asked %d times and saw %d; missed %d, perhaps missed %d",
		total, o.byAction, o.pages, o.asked, seen, o.missed, o.maybe)
	require.Equal(t, total, o.lines, "one line per click")
	require.Len(t, o.ids, total, "each with an id of its own")
	require.LessOrEqual(t, seen, o.asked-o.missed, "what was surely missed, nobody has seen")
	require.GreaterOrEqual(t, seen, o.asked-o.missed-o.maybe, "what was not missed, they have")
	for _, n := range []int{o.missed, o.maybe, o.pages, o.byAction["proxy"], o.byAction["redirect"], o.byAction["refuse"]} {
		require.NotZero(t, n, "the day was too quiet")
	}
}
