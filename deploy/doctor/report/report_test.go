package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample is a report with findings of every severity, skipped sections, and
// foreign values that try to get out of where they are shown.
func sample() *report.Report {
	r := &report.Report{
		Host: "link.example.com", ESP: "customerio-eu", ESPGuessed: true, CDN: "nginx",
		Started: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), Queries: 9, Connections: 31, Requests: 1,
		Skipped: []report.Skipped{{Section: catalogue.Caching, Why: "a filter stands before everything"}},
		Seen: []report.Fact{
			{Section: catalogue.DNS, Name: "CNAME", Value: "proxy.example.net"},
			{Section: catalogue.TLS, Name: "certificate", Value: "link.example.com, by Let's Encrypt, until 2026-11-28 08:00 UTC"},
			{Section: catalogue.HTTP, Name: "answer", Value: "GET /e/o/x: 200 \"\x1b[31m</td><script>alert(1)</script>\", server \"nginx\""},
		},
		Links: []report.Links{
			{ESP: "customerio-eu", By: "customerio-eu", Seen: "as track-eu.customer.io itself (302)"},
			{ESP: "sparkpost-enterprise", Seen: "404 \"\x1b[31m<script>alert(1)</script>\", which is a rather long page, server \"nginx\""},
			{ESP: "sendgrid", Retired: true, Seen: "answered here, with the page of a retired ESP (410)"},
		},
		Timings: []report.Timing{
			{Step: "dns", Took: 12 * time.Millisecond},
			{Step: "connect", Took: 8 * time.Millisecond},
			{Step: "tls", Took: 17 * time.Millisecond},
			{Step: "first byte", Took: 96 * time.Millisecond, ESP: 71 * time.Millisecond},
		},
	}
	add := func(id, seen string) {
		e, _ := catalogue.Lookup(id)
		f := report.Finding{ID: id, Section: e.Section, Severity: e.Severity, Title: e.Title, Seen: seen, Means: e.Means, Fix: e.Fix.Nginx, Source: e.Source}
		if f.Fix == "" {
			f.Fix = e.Fix.Any
		}
		f.Fix = catalogue.Names{Host: r.Host, Origin: "track-eu.customer.io", HTTPPort: 80, HTTPSPort: 443}.Replacer().Replace(f.Fix)
		r.Findings = append(r.Findings, f)
	}
	add("dns-ok", "proxy.example.net")
	add("tls-expires-soon", "6 days left, until 2026-11-28 08:00 UTC")
	add("tls-no-13", "TLS 1.2 is the newest version that is offered")
	add("http-redirect", "308 to https, path and query kept")
	add("esp-host-overridden", "GET /e/c/eyJlbWFpbF9pZCI6ImNsaWNrZWRnZS1kb2N0b3ItbWFkZS11cCIsIm…: 403 \"Invalid link security token\"; the answer is the one to Host: track-eu.customer.io")
	add("filter-refuses-all", "403 \"\x1b]0;owned\a<img src=x onerror=alert(1)>\u202e\", server \"nginx\"")
	add("speed-ok", "first byte after 121ms")
	return r
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "go test ./deploy/doctor/report -run TestReport -update, and look at it")
}

func TestReportText(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  report.TextOptions
	}{
		{"80.txt", report.TextOptions{}},
		{"120.txt", report.TextOptions{Width: 120, Facts: true}},
		{"80-colour.txt", report.TextOptions{Width: 80, Color: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, sample().WriteText(&b, c.opt))
			golden(t, c.name, b.Bytes())
			bare := colours.ReplaceAllString(b.String(), "")
			require.NotContains(t, bare, "\x1b")
			require.NotContains(t, bare, "\u202e")
			for line := range strings.SplitSeq(bare, "\n") {
				if strings.HasPrefix(line, "  rule ") {
					continue
				}
				require.LessOrEqual(t, utf8.RuneCountInString(line), max(80, c.opt.Width), line)
			}
		})
	}
}

var colours = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func TestReportJSON(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, sample().WriteJSON(&b))
	golden(t, "report.json", b.Bytes())
	require.True(t, json.Valid(b.Bytes()))
	require.Contains(t, b.String(), `"worst": "error"`)
}

func TestReportHTML(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, sample().WriteHTML(&b))
	golden(t, "report.html", b.Bytes())
	page := b.String()
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "<img")
	require.NotContains(t, page, "\x1b")
	require.NotRegexp(t, `(?i)\s(src|srcset|on\w+|style)=`, regexp.MustCompile(`>[^<]*<`).ReplaceAllString(page, "><"))
	require.Contains(t, page, `content="default-src 'none'; style-src 'sha256-`)
}

func FuzzReportText(f *testing.F) {
	f.Add("403 to \"https://shop.example.com/\"", 80)
	f.Add("\x1b[2J\u202e"+strings.Repeat("x", 300), 41)
	f.Add("日本語 と "+strings.Repeat("漢", 100), 60)
	f.Fuzz(func(t *testing.T, seen string, width int) {
		r := sample()
		r.Findings[0].Seen, r.Findings[1].Seen = seen, seen
		var b bytes.Buffer
		require.NoError(t, r.WriteText(&b, report.TextOptions{Width: width % 200, Facts: true}))
		for line := range strings.SplitSeq(b.String(), "\n") {
			if strings.HasPrefix(line, "  rule ") {
				continue
			}
			require.LessOrEqual(t, utf8.RuneCountInString(line), max(40, width%200, map[bool]int{true: 80}[width%200 == 0]))
		}
		require.NotContains(t, b.String(), "\x1b")
	})
}
