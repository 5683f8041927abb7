package report

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
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
	t.findings(r, func(s catalogue.Severity) bool { return s >= catalogue.Warning })
	t.findings(r, func(s catalogue.Severity) bool { return s == catalogue.Info })
	t.notSeen(r)
	t.timings(r)
	t.facts(r)
	t.foot(r)
	_, err := io.WriteString(w, strings.Join(t.lines, "\n")+"\n")
	return err
}

func (t *textWriter) line(format string, args ...any) {
	t.lines = append(t.lines, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

func (t *textWriter) head(r *Report) {
	t.line("%s", t.paint(bold, r.Host))
	t.wrap("", "", r.Subtitle())
	t.line("")
}

// Subtitle says what was examined, in one line.
func (r *Report) Subtitle() string {
	esp := cmp.Or(r.ESP, "an unknown ESP")
	if r.ESPGuessed {
		esp += " (guessed)"
	}
	parts := []string{esp, "through " + map[bool]string{true: "an unknown CDN", false: r.CDN}[r.CDN == catalogue.Other]}
	if r.Via != "" {
		parts = append(parts, "at "+r.Via)
	}
	return strings.Join(append(parts, r.Started.Format("2006-01-02 15:04 MST")), ", ")
}

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
		t.row(title, f.Severity.String(), severityColour[f.Severity], text)
	}
}

// skipped names what was not examined, and why.
func (t *textWriter) skipped(r *Report) {
	if text := r.NotExamined(); text != "" {
		t.line("")
		t.wrap("", "", text)
	}
}

// notSeen names what could not be seen, and why.
func (t *textWriter) notSeen(r *Report) {
	for i := range r.NotSeen {
		if i == 0 {
			t.line("")
		}
		t.wrap(pad(r.NotSeen[i].Section.Title(), labelWidth), strings.Repeat(" ", labelWidth), r.NotSeen[i].Text())
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
func (r *Report) rows(s catalogue.Section) (rows []*Finding) {
	for _, least := range []catalogue.Severity{catalogue.Warning, catalogue.OK} {
		for i := range r.Findings {
			f := &r.Findings[i]
			if f.Section == s && f.Severity >= least && (least == catalogue.Warning || f.Severity == catalogue.OK) {
				rows = append(rows, f)
			}
		}
		if len(rows) > 0 {
			return rows
		}
	}
	for i := range r.Findings {
		if r.Findings[i].Section == s {
			rows = append(rows, &r.Findings[i])
		}
	}
	return rows
}

func (t *textWriter) row(title, state, colour, text string) {
	first := pad(title, labelWidth) + t.paint(colour, pad(state, 9))
	t.wrap(first, strings.Repeat(" ", labelWidth+9), text)
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
	t.wrap(t.paint(severityColour[f.Severity], pad(strings.ToUpper(f.Severity.String()), labelWidth)), strings.Repeat(" ", labelWidth), f.Title)
	t.line("%s%s", strings.Repeat(" ", labelWidth), t.paint(dim, f.ID))
	for _, part := range [][2]string{{"seen", f.Seen}, {"means", f.Means}, {"fix", f.Fix}} {
		if part[1] != "" {
			t.wrap(t.paint(dim, pad("  "+part[0], labelWidth)), strings.Repeat(" ", labelWidth), part[1])
		}
	}
	// An address that is broken over two lines cannot be followed.
	t.line("%s%s", t.paint(dim, pad("  rule", labelWidth)), f.Source)
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
		t.wrap(pad("  "+f.Section.Title(), labelWidth), strings.Repeat(" ", labelWidth), f.Name+": "+f.Value)
	}
}

func (t *textWriter) foot(r *Report) {
	t.line("")
	t.wrap("", "", r.Summary())
}

// Verdict counts the findings that are worth fixing.
func (r *Report) Verdict() string {
	var counts [catalogue.Severities]int
	for i := range r.Findings {
		counts[r.Findings[i].Severity]++
	}
	switch errors, warnings := counts[catalogue.Error], counts[catalogue.Warning]; {
	case errors > 0 && warnings > 0:
		return number(errors, "error") + " and " + number(warnings, "warning")
	case errors > 0:
		return number(errors, "error")
	case warnings > 0:
		return number(warnings, "warning")
	}
	return "Nothing to fix was seen"
}

// Summary is the verdict, and what was sent to reach it.
func (r *Report) Summary() string {
	return fmt.Sprintf("%s. Sent: %s, %s, %s.", r.Verdict(), counted(r.Queries, "DNS query", "DNS queries"),
		number(r.Connections, "connection"), number(r.Requests, "request"))
}

func number(n int, noun string) string { return counted(n, noun, noun+"s") }

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// wrap writes text behind first, and goes on below it behind rest. Words that
// are too long for a line are broken.
func (t *textWriter) wrap(first, rest, text string) {
	room := t.opt.Width - visible(rest)
	for i, line := range fold(clean.Text(text), room) {
		if i == 0 {
			t.line("%s%s", first, line)
		} else {
			t.line("%s%s", rest, line)
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

// visible is the width of a prefix without colours in it.
func visible(s string) int { return utf8.RuneCountInString(s) }

// Round cuts a time to what a reader can use.
func Round(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}
