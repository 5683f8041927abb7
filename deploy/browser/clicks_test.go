package browser

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/clickreport"
)

// clicksLooks are those of a desk and of the narrowest phone.
var clicksLooks = []look{
	{"1280-light", "light", 1280, 800, false},
	{"1280-dark", "dark", 1280, 800, true},
	{"360-light", "light", 360, 640, false},
	{"360-dark", "dark", 360, 640, true},
}

// TestClicks opens pages of "clickedge clicks --html" as their readers do: every
// number can be read, every bar be told from its ground, nothing but a table is
// scrolled sideways, nothing is fetched, and no name in the log has an effect.
func TestClicks(t *testing.T) {
	path := binary(t)
	pages := map[string]string{"one-day": oneDay(t), "two-weeks": twoWeeks(), "hostile": hostileLog(), "one": logLine(0, "link.example.com"), "empty": ""}
	reports := map[string]*clickreport.Report{}
	folder := t.TempDir()
	for name, log := range pages {
		var c clickreport.Clicks
		require.NoError(t, c.Lines(strings.NewReader(log), c.Line))
		reports[name] = c.Report()
		var page bytes.Buffer
		require.NoError(t, reports[name].HTML(&page))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name+".html"), page.Bytes(), 0o600))
	}
	server := httptest.NewServer(http.FileServer(http.Dir(folder)))
	t.Cleanup(server.Close)
	at := strings.TrimPrefix(server.URL, "http://")
	b := openTab(context.Background(), t, path, []string{"MAP clicks.example:80 " + at}, nil)
	for name, report := range reports {
		t.Run(name, func(t *testing.T) {
			b.open(t, "http://clicks.example/"+name+".html")
			for _, l := range clicksLooks {
				t.Run(l.name, func(t *testing.T) { b.examineClicks(t, name, report, l) })
			}
		})
	}
	require.Empty(t, b.complained(), "what the browser holds against the page")
	b.close(t)
}

// clicksView is what the browser knows of a page.
type clicksView struct {
	Height    int64    `json:"height"`
	Fits      bool     `json:"fits"`
	Resources int      `json:"resources"` // fetched beside the page
	Alien     int      `json:"alien"`     // elements that the page never has
	Outside   []string `json:"outside"`   // links that lead out of it
	Cut       []string `json:"cut"`       // texts that are wider than their place
	Faint     []string `json:"faint"`     // texts that are hard to tell from their ground
	Small     []string `json:"small"`     // texts of less than 12 pixels
	Pale      []string `json:"pale"`      // parts of plots that are hard to tell from theirs
	Low       []string `json:"low"`       // links of less than 24 pixels (WCAG 2.2, 2.5.8)
	Bars      int      `json:"bars"`      // of plots
	Names     []string `json:"names"`     // the rows of tables
}

// readClicks looks at every text and bar. A plot's part must have a contrast of
// 3 (WCAG 2, 1.4.11), but for grid, rail and the bar on to p99, whose numbers
// stand beside it.
const readClicks = `(width => {` + contrast + `
	document.querySelectorAll("details").forEach(e => e.open = true);
	const root = document.documentElement, shown = texts().filter(e => !e.matches(".skip") && e.tagName !== "title"), names = l => l.map(e => e.tagName + " " + e.textContent.slice(0, 40));
	const wide = e => e.closest(".wide"), box = e => e.getBoundingClientRect();
	return {
		height: root.scrollHeight, fits: root.scrollWidth <= width, resources: performance.getEntriesByType("resource").length,
		alien: document.querySelectorAll("script,img,iframe,object,form,input,b,i,link,body style").length + Array.from(document.querySelectorAll("*")).filter(e => e.getAttributeNames().some(n => n.startsWith("on") || n === "style")).length,
		outside: Array.from(document.querySelectorAll("[href],[src]")).map(e => e.getAttribute("href") || "src").filter(h => !/^#[a-z]+$/.test(h)),
		cut: names(shown.filter(e => !wide(e) && box(e).right > width || e.tagName !== "SPAN" && e.scrollWidth > Math.ceil(box(e).width) + 1 && getComputedStyle(e).display !== "inline")),
		faint: names(shown.filter(e => contrast(getComputedStyle(e).color, ground(e)) < 4.5)),
		small: names(shown.filter(e => parseFloat(getComputedStyle(e).fontSize) < 12)),
		pale: Array.from(document.querySelectorAll("rect:not(.rail,.slow)")).filter(e => contrast(getComputedStyle(e).fill, ground(e.closest("svg"))) < 3).map(e => e.getAttribute("class")),
		low: names(Array.from(document.querySelectorAll("nav a,summary")).filter(e => box(e).height < 24)),
		bars: document.querySelectorAll(".period").length,
		names: Array.from(document.querySelectorAll("section:not(#time,#latency) tbody th")).filter(e => box(e).height > 0).map(e => e.innerText.trim()),
	};
})`

func (b *tab) examineClicks(t *testing.T, name string, report *clickreport.Report, l look) {
	b.shoot(t, l) // sets width and colours
	view, err := chromedp.Run(b.ctx, chromedp.Evaluate[clicksView](fmt.Sprintf("%s(%d)", readClicks, l.width)))
	require.NoError(t, err)
	l.height = view.Height
	data := b.shoot(t, l)
	require.NoError(t, os.WriteFile(filepath.Join(screenshots(t), "clicks-"+name+"-"+l.name+".png"), data, 0o644))
	require.True(t, view.Fits, "nothing but a table has to be scrolled sideways")
	require.Empty(t, strings.Join(view.Cut, "; "), "texts that are wider than their place")
	require.Empty(t, strings.Join(view.Faint, "; "), "texts that are hard to read")
	require.Empty(t, strings.Join(view.Small, "; "), "texts that are too small")
	require.Empty(t, strings.Join(view.Pale, "; "), "bars that are hard to see")
	require.Empty(t, strings.Join(view.Low, "; "), "links that a finger cannot hit")
	require.Zero(t, view.Resources, "the page needs nothing else")
	require.Zero(t, view.Alien, "nothing from the log is markup")
	require.Empty(t, view.Outside)
	require.Equal(t, report.Total.Clicks+report.Total.Missed > 0, view.Bars > 0)
	l.checkGround(t, data)

	rows := 0
	for _, table := range report.Tables[1:] {
		for _, row := range table.Rows[:min(len(table.Rows), 25)] {
			require.Contains(t, view.Names, strings.Join(strings.Fields(table.Label(row.Name)), " "))
			rows++
		}
	}
	require.GreaterOrEqual(t, len(view.Names), rows)
}

// oneDay is the log of the report's own tests.
func oneDay(t *testing.T) string {
	text, err := os.ReadFile("../clickreport/testdata/clicks.ndjson")
	require.NoError(t, err)
	return string(text)
}

func logLine(i int, name string) string {
	return fmt.Sprintf(`{"v":1,"time":"2026-03-01T13:20:00.000Z","request":"r%d","host":%[2]q,"esp":%[2]q,"kind":%[2]q,"action":"proxy","code":%[2]q,"destination":%[2]q,"verdict":%[2]q,"missed":"maybe","origin_status":200,"us":1000}`+"\n", i, name)
}

// hostileLog has names that a page could take for more.
func hostileLog() string {
	var log strings.Builder
	for i, name := range []string{"<script>document.title=1</script>", `"><img src=x onerror=document.title=1>`, "' onload=x ", "</title><b>", "</style><style>body{color:red}", "{{.}}", "&lt;b&gt;",
		"javascript:alert(1)", "<!--", "]]>", "</svg><iframe>", "link.example.com", strings.Repeat("a-name-without-an-end.", 20), strings.Repeat("W", 250)} {
		log.WriteString(logLine(i, name))
		log.WriteString(strings.Replace(logLine(i+100, name), `"kind":`, `"kind":"click","x":`, 1))
	}
	return log.String()
}

// twoWeeks is a mailing's log: many clicks at first, bots before all others, and
// an ESP that is down for some hours.
func twoWeeks() string {
	random := rand.New(rand.NewPCG(1, 2))
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var log strings.Builder
	for i := range 20_000 {
		hours := random.ExpFloat64() * 60
		if i%4 == 0 {
			hours = random.Float64() * 330
		}
		at := begin.Add(time.Duration(min(hours, 335) * float64(time.Hour)))
		esp := []string{"customerio-eu", "sendgrid", "ses-eu-west-1", "mailgun"}[random.IntN(10)*random.IntN(2)%4]
		kind, more := []string{"click", "click", "open", "app", "unsubscribe"}[random.IntN(25)%5], ""
		switch down := hours > 40 && hours < 47 && esp == "sendgrid"; {
		case down && random.IntN(3) > 0:
			more = `"action":"redirect","code":"esp_timeout","origin_error":"no_answer_in_time","missed":"maybe"`
		case down:
			more = `"action":"refuse","code":"esp_unreachable","origin_error":"connection_refused","missed":"yes"`
		default:
			more = `"action":"proxy","code":"ok","origin_status":302`
		}
		fmt.Fprintf(&log, `{"v":1,"time":%q,"request":"r%d","host":%q,"esp":%q,"kind":%q,%s,"destination":%q,"verdict":%q,"us":%d}`+"\n", at.Format("2006-01-02T15:04:05.000Z"), i,
			[]string{"link.example.com", "news.example.com", "click.example.org"}[random.IntN(6)%3], esp, kind, more,
			"shop"+strconv.Itoa(int(random.ExpFloat64()*9))+".example.com", []string{"human", "unknown", "bot"}[int(min(hours, 1))*random.IntN(2)+random.IntN(2)], int(40_000*(1+random.ExpFloat64()*random.ExpFloat64())))
	}
	return log.String()
}
