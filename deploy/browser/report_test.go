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

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// reports has pages of "clickedge doctor --html" beside the same as JSON, as
// the doctor's own tests hold them fast.
const reports = "../internal/doctortest/testdata/command"

// TestReport opens every report as its reader does, in light and dark, on a
// desk and on a phone: everything that was found can be seen, nothing has to be
// scrolled sideways, nothing is fetched, and no rule of the page's own forbids
// what it does.
func TestReport(t *testing.T) {
	path := binary(t)
	pages, err := filepath.Glob(filepath.Join(reports, "*.html"))
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	server := httptest.NewServer(http.FileServer(http.Dir(reports)))
	t.Cleanup(server.Close)
	at := strings.TrimPrefix(server.URL, "http://")
	b := openTab(context.Background(), t, path, []string{"MAP report.example:80 " + at}, nil)
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".html")
		t.Run(name, func(t *testing.T) {
			b.open(t, "http://report.example/"+filepath.Base(page))
			for _, l := range allLooks {
				t.Run(l.name, func(t *testing.T) { b.examineReport(t, name, l) })
			}
		})
	}
	require.Empty(t, b.complained(), "what the browser holds against the page")
	b.close(t)
}

// reportView is what the browser knows of a report.
type reportView struct {
	Height    int64    `json:"height"`
	Fits      bool     `json:"fits"`
	Resources int      `json:"resources"` // fetched beside the page
	Scripts   int      `json:"scripts"`
	Findings  []string `json:"findings"` // ids that can be seen
	Cut       []string `json:"cut"`      // texts that are wider than their place
	Faint     []string `json:"faint"`    // texts that are hard to tell from their ground
}

// readReport looks at every text of the page. Contrast is that of WCAG 2, where
// 4.5 is the least for text (success criterion 1.4.3).
const readReport = `(width => {` + contrast + `
	const cut = [], faint = [];
	for (const e of texts()) {
		const box = e.getBoundingClientRect(), name = e.tagName + " " + e.innerText.slice(0, 40);
		if (box.right > width + 1 || e.scrollWidth > Math.ceil(box.width) + 1 && getComputedStyle(e).display !== "inline") cut.push(name);
		if (contrast(getComputedStyle(e).color, ground(e)) < 4.5) faint.push(name);
	}
	return {
		height: document.documentElement.scrollHeight, fits: document.documentElement.scrollWidth <= width,
		resources: performance.getEntriesByType("resource").length, scripts: document.scripts.length,
		findings: Array.from(document.querySelectorAll("article[id]")).filter(e => e.offsetHeight > 0 && e.innerText.includes(e.id)).map(e => e.id),
		cut, faint,
	};
})`

func (b *tab) examineReport(t *testing.T, name string, l look) {
	b.shoot(t, l) // sets width and colours
	view, err := chromedp.Run(b.ctx, chromedp.Evaluate[reportView](fmt.Sprintf("%s(%d)", readReport, l.width)))
	require.NoError(t, err)
	l.height = view.Height
	data := b.shoot(t, l)
	require.NoError(t, os.WriteFile(filepath.Join(screenshots(t), "report-"+name+"-"+l.name+".png"), data, 0o644))
	require.True(t, view.Fits, "nothing has to be scrolled sideways")
	require.Empty(t, strings.Join(view.Cut, "; "), "texts that are wider than their place")
	require.Empty(t, strings.Join(view.Faint, "; "), "texts that are hard to read")
	require.Zero(t, view.Resources, "the page needs nothing else")
	require.Zero(t, view.Scripts)
	require.Equal(t, findingsOf(t, name), view.Findings)
	l.checkGround(t, data)
}

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
