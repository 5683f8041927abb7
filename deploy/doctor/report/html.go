package report

import (
	_ "embed"
	"html/template"
	"io"
	"slices"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/output"
)

// The page holds no script and names no other resource; its style is allowed by
// its hash alone, so that whatever a foreign value might smuggle in has no
// effect.
//
//go:embed report.html
var pageText string

var page = newPage()

// newPage puts the hash of the style in its place.
func newPage() *template.Template {
	return template.Must(template.New("report").Funcs(template.FuncMap{
		"text":  clean.Text,
		"share": func(t Timing) string { return t.share() },
		"took":  func(t Timing) string { return Round(t.Took).String() },
		"link":  func(source string) bool { return source != "" },
	}).Parse(output.PageWithHashes(pageText)))
}

// htmlSection is one section of the page.
type htmlSection struct {
	Name     string // the anchor
	Title    string
	State    string
	Findings []*Finding
	Facts    []Fact
}

type htmlPage struct {
	*Report
	// First is what to fix first, nil for nothing.
	First    *Finding
	Sections []htmlSection
}

// WriteHTML writes the report as one page that needs nothing else, for the
// person who looks after the CDN. It follows the reader's choice of light or
// dark.
func (r *Report) WriteHTML(w io.Writer) error {
	p := htmlPage{Report: r, First: r.first()}
	for s := range catalogue.Sections {
		if h := r.htmlSection(s); len(h.Findings)+len(h.Facts) > 0 {
			p.Sections = append(p.Sections, h)
		}
	}
	return page.Execute(w, p)
}

// first is the first finding of those that are worst, where that is worth
// fixing.
func (r *Report) first() *Finding {
	worst := r.Worst()
	for i := range r.Findings {
		if r.Findings[i].Severity == worst && worst >= catalogue.Warning {
			return &r.Findings[i]
		}
	}
	return nil
}

func (r *Report) htmlSection(s catalogue.Section) htmlSection {
	worst := catalogue.OK
	h := htmlSection{Name: s.String(), Title: s.Title(), State: "seen", Findings: r.in(s)}
	for _, f := range h.Findings {
		worst = max(worst, f.Severity)
		h.State = worst.String()
	}
	skipped := slices.ContainsFunc(r.Skipped, func(skip Skipped) bool { return skip.Section == s })
	for _, f := range r.Seen {
		if f.Section == s && !skipped {
			h.Facts = append(h.Facts, f)
		}
	}
	return h
}
