package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
)

// reports has pages of "clickedge doctor --html" beside the same as JSON, as
// the doctor's own tests hold them fast.
const reports = "../internal/doctortest/testdata/command"

// TestReport opens every report as its reader does, in light and dark, on a
// desk and on a phone: everything that was found can be seen and used, nothing is
// fetched, no rule of the page's own forbids what it does, and no text from
// outside has an effect.
func TestReport(t *testing.T) {
	path := binary(t)
	pages, err := filepath.Glob(filepath.Join(reports, "*.html"))
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(reports)))
	for i, text := range hostileTexts {
		mux.HandleFunc(fmt.Sprintf("/hostile/%d", i), func(w http.ResponseWriter, _ *http.Request) { hostileReport(t, w, text) })
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	at := strings.TrimPrefix(server.URL, "http://")
	b := openTab(context.Background(), t, path, []string{"MAP report.example:80 " + at}, nil)
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".html")
		t.Run(name, func(t *testing.T) {
			b.open(t, "http://report.example/"+filepath.Base(page))
			for _, l := range pageLooks {
				t.Run(l.name, func(t *testing.T) {
					b.examine(t, "report-"+name, l)
					found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](seenFindings))
					require.NoError(t, err)
					require.Equal(t, findingsOf(t, name), found)
				})
			}
			t.Run("keyboard", b.tabThrough)
			t.Run("tree", b.checkTree)
		})
	}
	for i := range hostileTexts {
		t.Run(fmt.Sprint("hostile", i), func(t *testing.T) {
			b.open(t, fmt.Sprintf("http://report.example/hostile/%d", i))
			title, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector("h1").textContent`))
			require.NoError(t, err)
			b.requireNoEffect(t, title+": examination", "script, img, svg, iframe, object, form, input, i, link, body style, b:not(nav b), a:not([href^='#'], [href^='https://'])")
			for _, l := range pageLooks[len(pageLooks)-2:] {
				b.measure(t, l)
			}
		})
	}
	require.Empty(t, b.complained(), "what the browser holds against the page")
	b.close(t)
}

// hostileReport is a page of a report in which a text stands wherever something
// from outside may stand.
func hostileReport(t *testing.T, w http.ResponseWriter, text string) {
	r := &report.Report{Host: text, ESP: text, CDN: text, Via: text, Links: []report.Links{{ESP: text, By: text, Seen: text}, {ESP: text, Retired: true, Seen: text}},
		Timings: []report.Timing{{Step: "connect", Took: time.Millisecond}}, LinkOpened: true}
	for s := range catalogue.Sections {
		r.Seen = append(r.Seen, report.Fact{Section: s, Name: "answer", Value: text})
		r.NotSeen = append(r.NotSeen, report.Unseen{Section: s, What: text, Because: text, Ask: text})
	}
	for _, e := range catalogue.All() {
		r.Findings = append(r.Findings, report.Finding{ID: e.ID, Section: e.Section, Severity: e.Severity, Title: e.Title, Seen: text, Means: text, Fix: text, Source: e.Source})
	}
	r.Findings = r.Findings[:min(len(r.Findings), 12)]
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	require.NoError(t, r.WriteHTML(w))
}

// seenFindings are the ids of the findings that can be seen.
const seenFindings = `Array.from(document.querySelectorAll("article[id]")).filter(e => e.offsetHeight > 0 && e.innerText.includes(e.id)).map(e => e.id)`

// findingsOf are the ids in the same report's JSON, in its order.
func findingsOf(t *testing.T, name string) (ids []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(reports, name+".json"))
	require.NoError(t, err)
	var report struct {
		Findings []struct {
			ID string `json:"id"`
		} `json:"findings"`
	}
	require.NoError(t, json.Unmarshal(data, &report))
	require.NotEmpty(t, report.Findings)
	for _, f := range report.Findings {
		ids = append(ids, f.ID)
	}
	return ids
}

// checkGround asks a picture for the reader's colours.
func (l look) checkGround(t *testing.T, data []byte) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	darkest, lightest := greys(img)
	ground := grey(img, img.Bounds().Min.Add(img.Bounds().Size().Div(200)))
	if l.dark {
		require.Less(t, ground, uint8(64), "a dark ground")
	} else {
		require.Greater(t, ground, uint8(192), "a light ground")
	}
	require.Greater(t, lightest-darkest, uint8(160), "text that can be told from its ground")
}
