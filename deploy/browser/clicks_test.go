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
			b.requireNoEffect(t, "Clicks,", "script, img, iframe, object, form, input, b, i, link, body style")
			_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.querySelectorAll("details").forEach(e => e.open = true); true`))
			require.NoError(t, err)
			t.Run("keyboard", b.tabThrough)
			t.Run("tree", b.checkTree)
			for _, l := range pageLooks {
				t.Run(l.name, func(t *testing.T) { b.examineClicks(t, name, report, l) })
			}
		})
	}
	require.Empty(t, b.complained(), "what the browser holds against the page")
	b.close(t)
}

// clicksView is what the browser knows of a page besides what is [measured].
type clicksView struct {
	Outside []string `json:"outside"` // links that lead out of it
	Pale    []string `json:"pale"`    // parts of plots that are hard to tell from their ground
	Bars    int      `json:"bars"`    // of plots
	Names   []string `json:"names"`   // the rows of tables
}

// readClicks looks at every bar. A plot's part must have a contrast of 3 (WCAG 2,
// 1.4.11), but for grid, rail and the bar on to p99, whose numbers stand beside
// it.
const readClicks = `(() => {` + contrast + `
	return {
		outside: Array.from(document.querySelectorAll("[href],[src]")).map(e => e.getAttribute("href") || "src").filter(h => !/^#[a-z]+$/.test(h)),
		pale: Array.from(document.querySelectorAll("rect:not(.rail,.slow)")).filter(e => contrast(getComputedStyle(e).fill, ground(e.closest("svg"))) < 3).map(e => e.getAttribute("class")),
		bars: document.querySelectorAll(".period").length,
		names: Array.from(document.querySelectorAll("section:not(#time,#latency) tbody th")).filter(e => e.offsetHeight > 0).map(e => e.innerText.trim()),
	};
})()`

func (b *tab) examineClicks(t *testing.T, name string, report *clickreport.Report, l look) {
	b.examine(t, "clicks-"+name, l)
	view, err := chromedp.Run(b.ctx, chromedp.Evaluate[clicksView](readClicks))
	require.NoError(t, err)
	require.Empty(t, strings.Join(view.Pale, "; "), "bars that are hard to see")
	require.Empty(t, view.Outside)
	require.Equal(t, report.Total.Clicks+report.Total.Missed > 0, view.Bars > 0)
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

// logLine writes a name as it is but for what JSON escapes: bytes that are no
// UTF-8 stay.
func logLine(i int, name string) string {
	var quoted strings.Builder
	quoted.WriteByte('"')
	for _, c := range []byte(name) {
		if c < ' ' || c == '"' || c == '\\' {
			fmt.Fprintf(&quoted, `\u%04x`, c)
		} else {
			quoted.WriteByte(c)
		}
	}
	quoted.WriteByte('"')
	return fmt.Sprintf(`{"v":1,"time":"2026-03-01T13:20:00.000Z","request":"r%d","host":%[2]s,"esp":%[2]s,"kind":%[2]s,"action":"proxy","code":%[2]s,"destination":%[2]s,"verdict":%[2]s,"missed":"maybe","origin_status":200,"us":1000}`+"\n", i, quoted.String())
}

// hostileLog has names that a page could take for more.
func hostileLog() string {
	var log strings.Builder
	for i, name := range append(hostileTexts, "link.example.com") {
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
