package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/output"
)

// TextOptions say how a report is written for a terminal.
type TextOptions struct {
	// Width in columns; 0 is 80, and no less than 40 is used.
	Width int
	// Color marks severities with ANSI colours.
	Color bool
	// Facts adds what was seen and is in order.
	Facts bool
}

// textWriter lays a report out.
type textWriter struct {
	opt   TextOptions
	lines []string
}

// WriteText writes the report as a table of the sections, and below it each
// finding of more than passing interest in full. Controls in foreign values are
// replaced, so that they cannot drive a terminal.
func (r *Report) WriteText(w io.Writer, opt TextOptions) error {
	if opt.Width == 0 {
		opt.Width = 80
	}
	opt.Width = max(opt.Width, 40)
	t := &textWriter{opt: opt}
	t.head(r)
	for s := range catalogue.Sections {
		t.section(r, s)
	}
	t.skipped(r)
	t.findings(r, worthFixing)
	t.findings(r, func(s catalogue.Severity) bool { return s == catalogue.Info })
	t.notSeen(r)
	t.links(r)
	t.timings(r)
	t.facts(r)
	t.line("")
	t.wrap("", 0, r.Summary())
	_, err := io.WriteString(w, strings.Join(t.lines, "\n")+"\n")
	return err
}

func (t *textWriter) line(format string, args ...any) {
	t.lines = append(t.lines, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

func (t *textWriter) head(r *Report) {
	t.line("%s", t.paint(bold, r.Host))
	t.wrap("", 0, r.Subtitle())
	t.line("")
}

// Subtitle says what was examined, in one line.
func (r *Report) Subtitle() string {
	esp := cmp.Or(r.ESP, "an unknown ESP")
	if r.ESPGuessed {
		esp += " (guessed)"
	}
	if len(r.Links) > 1 {
		esp += " and " + strconv.Itoa(len(r.Links)-1) + " more"
	}
	parts := []string{esp, "through " + cmp.Or(cdnNames[r.CDN], r.CDN)}
	if r.Via != "" {
		parts = append(parts, "at "+r.Via)
	}
	return strings.Join(append(parts, r.Started.Format("2006-01-02 15:04 MST")), ", ")
}

// cdnNames are CDNs that are called otherwise than the flag has them.
var cdnNames = map[string]string{catalogue.Other: "an unknown CDN", catalogue.Server: "clickedge server"}

// labelWidth is the first column of the table and of the findings.
const labelWidth = 11

// section is one row: the section, its worst severity, and the finding that it
// comes from.
func (t *textWriter) section(r *Report, s catalogue.Section) {
	for i, f := range r.rows(s) {
		title := s.Title()
		if i > 0 {
			title = ""
		}
		text := f.Title
		if f.Severity == catalogue.OK {
			text = f.Seen
		}
		first := pad(title, labelWidth) + t.paint(severityColour[f.Severity], pad(f.Severity.String(), 9))
		t.wrap(first, labelWidth+9, text)
	}
}

// skipped names what was not examined, and why.
func (t *textWriter) skipped(r *Report) {
	if text := r.NotExamined(); text != "" {
		t.line("")
		t.wrap("", 0, text)
	}
}

// notSeen names what could not be seen, and why.
func (t *textWriter) notSeen(r *Report) {
	for i := range r.NotSeen {
		if i == 0 {
			t.line("")
		}
		t.wrap(pad(r.NotSeen[i].Section.Title(), labelWidth), labelWidth, r.NotSeen[i].Text())
	}
}

// NotExamined names the sections that were not examined, and why; "" for none.
func (r *Report) NotExamined() string {
	var titles []string
	for _, skip := range r.Skipped {
		titles = append(titles, skip.Section.Title())
	}
	if len(titles) == 0 {
		return ""
	}
	return "Not examined, since " + r.Skipped[0].Why + ": " + strings.Join(titles, ", ") + "."
}

// rows are the findings that the table shows of a section: all that are worth
// fixing, or else the good one, or else the rest.
func (r *Report) rows(s catalogue.Section) []*Finding {
	all := r.in(s)
	for _, shown := range []func(catalogue.Severity) bool{worthFixing, func(s catalogue.Severity) bool { return s == catalogue.OK }} {
		if rows := slices.DeleteFunc(slices.Clone(all), func(f *Finding) bool { return !shown(f.Severity) }); len(rows) > 0 {
			return rows
		}
	}
	return all
}

func worthFixing(s catalogue.Severity) bool { return s >= catalogue.Warning }

// in are the findings of a section.
func (r *Report) in(s catalogue.Section) (list []*Finding) {
	for i := range r.Findings {
		if r.Findings[i].Section == s {
			list = append(list, &r.Findings[i])
		}
	}
	return list
}

// findings writes those of some severities, in the order in which things break.
func (t *textWriter) findings(r *Report, wanted func(catalogue.Severity) bool) {
	for i := range r.Findings {
		if f := &r.Findings[i]; wanted(f.Severity) {
			t.finding(f)
		}
	}
}

func (t *textWriter) finding(f *Finding) {
	t.line("")
	t.wrap(t.paint(severityColour[f.Severity], pad(strings.ToUpper(f.Severity.String()), labelWidth)), labelWidth, f.Title)
	t.line("%s%s", strings.Repeat(" ", labelWidth), t.paint(dim, f.ID))
	for _, part := range [][2]string{{"seen", f.Seen}, {"means", f.Means}, {"fix", f.Fix}} {
		if part[1] != "" {
			t.wrap(t.paint(dim, pad("  "+part[0], labelWidth)), labelWidth, part[1])
		}
	}
	// An address that is broken over two lines cannot be followed.
	t.line("%s%s", t.paint(dim, pad("  rule", labelWidth)), f.Source)
}

// links says which ESP answered whose links.
func (t *textWriter) links(r *Report) {
	if len(r.Links) == 0 {
		return
	}
	width := len("Links of")
	for _, l := range r.Links {
		width = min(max(width, 2+utf8.RuneCountInString(l.Whose())), t.opt.Width/2)
	}
	width += 2
	t.line("")
	t.line("%s%s", t.paint(bold, pad("Links of", width)), "answered by")
	for _, l := range r.Links {
		t.wrap(pad("  "+l.Whose(), width), width, l.Answered())
	}
}

func (t *textWriter) timings(r *Report) {
	if len(r.Timings) == 0 {
		return
	}
	t.line("")
	t.line("%s%s%s", t.paint(bold, pad("Speed", 14)), pad("took", 10), "of which the ESP")
	for _, timing := range r.Timings {
		t.line("%s%s%s", pad("  "+timing.Step, 14), pad(Round(timing.Took).String(), 10), timing.share())
	}
}

// share is the ESP's part of a step, in words.
func (s *Timing) share() string {
	switch {
	case s.ESP < 0:
		return "unknown: no direct answer from it"
	case s.ESP == 0 || s.Took == 0:
		return "none"
	}
	return fmt.Sprintf("%s, %d %%", Round(s.ESP), 100*s.ESP/max(s.Took, time.Nanosecond))
}

func (t *textWriter) facts(r *Report) {
	if !t.opt.Facts || len(r.Seen) == 0 {
		return
	}
	t.line("")
	t.line("%s", t.paint(bold, "Seen"))
	for _, f := range r.Seen {
		t.wrap(pad("  "+f.Section.Title(), labelWidth), labelWidth, f.Name+": "+f.Value)
	}
}

// Verdict counts the findings that are worth fixing.
func (r *Report) Verdict() string {
	var counts [catalogue.Severities]int
	for i := range r.Findings {
		counts[r.Findings[i].Severity]++
	}
	switch errors, warnings := counts[catalogue.Error], counts[catalogue.Warning]; {
	case errors > 0 && warnings > 0:
		return output.Count(errors, "error") + " and " + output.Count(warnings, "warning")
	case errors > 0:
		return output.Count(errors, "error")
	case warnings > 0:
		return output.Count(warnings, "warning")
	}
	return "Nothing to fix was seen"
}

// Summary is the verdict, and what was sent to reach it.
func (r *Report) Summary() string {
	queries := "DNS queries"
	if r.Queries == 1 {
		queries = "DNS query"
	}
	return fmt.Sprintf("%s. Sent: %d %s, %s, %s.", r.Verdict(), r.Queries, queries,
		output.Count(r.Connections, "connection"), output.Count(r.Requests, "request"))
}

// wrap writes text behind first, which is so many columns wide, and goes on
// below it at the same column. Words that are too long for a line are broken.
func (t *textWriter) wrap(first string, width int, text string) {
	room := t.opt.Width - width
	for i, line := range fold(clean.Text(text), room) {
		if i == 0 {
			t.line("%s%s", first, line)
		} else {
			t.line("%s%s", strings.Repeat(" ", width), line)
		}
	}
}

// fold breaks text into lines of at most width characters.
func fold(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		for {
			gap := min(1, len(line))
			if utf8.RuneCountInString(line)+gap+utf8.RuneCountInString(word) <= width {
				line += strings.Repeat(" ", gap) + word
				break
			}
			if line != "" {
				lines, line = append(lines, line), ""
				continue
			}
			runes := []rune(word)
			lines, word = append(lines, string(runes[:width])), string(runes[width:])
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

const (
	bold  = "\x1b[1m"
	dim   = "\x1b[2m"
	reset = "\x1b[0m"
)

var severityColour = [...]string{catalogue.OK: "\x1b[32m", catalogue.Info: "\x1b[36m", catalogue.Warning: "\x1b[33m", catalogue.Error: "\x1b[1;31m"}

func (t *textWriter) paint(colour, s string) string {
	if !t.opt.Color || colour == "" {
		return s
	}
	body := strings.TrimRight(s, " ")
	return colour + body + reset + s[len(body):]
}

// Round cuts a time to what a reader can use.
func Round(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}
