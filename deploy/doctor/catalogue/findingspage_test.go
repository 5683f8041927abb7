package catalogue

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// provocations says, by finding id, in which set-ups of the test bench the
// finding is provoked: their names, each with what is wrong there in words.
type provocations map[string][]string

// findingsPage writes FINDINGS.md: every finding with an anchor of its own, and
// the rows of the three guides.
func findingsPage(provoked provocations) string {
	var b strings.Builder
	b.WriteString(pageIntro)
	for s := range Sections {
		fmt.Fprintf(&b, "- [%s](#%s)", s.Title(), anchor(s.Title()))
		var ids []string
		for i := range catalogue {
			if e := &catalogue[i]; e.Section == s {
				ids = append(ids, fmt.Sprintf("[%s](#%s)", e.ID, e.ID))
			}
		}
		fmt.Fprintf(&b, ": %s\n", strings.Join(ids, ", "))
	}
	b.WriteString("- [The troubleshooting of three guides, row by row](#guides)\n")
	for s := range Sections {
		fmt.Fprintf(&b, "\n## %s\n", s.Title())
		for i := range catalogue {
			if catalogue[i].Section == s {
				writeEntry(&b, &catalogue[i], provoked)
			}
		}
	}
	writeGuides(&b, provoked)
	return usual.Replacer().Replace(b.String())
}

// usual are the ports of a link domain; the other marks stay.
var usual = Names{Host: "{host}", Parent: "{parent}", Origin: "{origin}", HTTPPort: 80, HTTPSPort: 443}

const pageIntro = `# What the doctor finds

Made from the code (` + "`go test ./deploy/doctor/catalogue -run TestFindingsPage -update`" + `): do not edit.

` + "`clickedge doctor link.example.com`" + ` looks in this order, and stops where a fault explains all that would follow. The id of a
finding is never changed. An error loses links or figures now, a warning some of them or soon; info is worth knowing. The exit
code is 0 without either, 3 with warnings, 1 with errors, and 2 where the command was called wrongly. In what follows, {host}
is the link domain, {parent} the domain above it and {origin} the ESP's origin.

`

func anchor(title string) string { return strings.ReplaceAll(strings.ToLower(title), " ", "-") }

func writeEntry(b *strings.Builder, e *Entry, provoked provocations) {
	fmt.Fprintf(b, "\n<a id=\"%s\"></a>\n\n### %s\n\n%s, `%s`", e.ID, e.Title, e.Severity, e.ID)
	if e.Severity == OK {
		fmt.Fprintf(b, ". Said where nothing in this section is worth fixing. What it rests on: %s. [Rule](%s)\n", evidence[e.ID], e.Source)
		return
	}
	fmt.Fprintf(b, ". %s\n\n", e.Means)
	for _, row := range e.fixes() {
		fmt.Fprintf(b, "- **%s:** %s\n", row[0], row[1])
	}
	fmt.Fprintf(b, "\nWhat it rests on: %s. [Rule](%s)", evidence[e.ID], e.Source)
	for _, a := range e.Asides {
		if a.Source != "" && a.Source != e.Source {
			fmt.Fprintf(b, ", [for %s](%s)", familyTitle(a), a.Source)
		}
	}
	fmt.Fprintf(b, ". Provoked by: %s.\n", cmp.Or(strings.Join(provoked[e.ID], "; "), "nothing"))
}

// fixes lists the fixes, by CDN or server and by ESP.
func (e *Entry) fixes() (rows [][2]string) {
	m := &e.Fix
	for _, row := range [][2]string{{"Fix", m.Any}, {"Fastly", m.Fastly}, {"Cloudflare", m.Cloudflare}, {"CloudFront", m.CloudFront}, {"nginx", m.Nginx},
		{"Apache", m.Apache}, {"Caddy", m.Caddy}, {"HAProxy", m.HAProxy}, {"Varnish", m.Varnish}, {"clickedge server", m.Server}} {
		if row[1] != "" {
			rows = append(rows, row)
		}
	}
	for _, a := range e.Asides {
		if a.Fix != "" {
			rows = append(rows, [2]string{"At " + familyTitle(a), a.Fix})
		}
	}
	return rows
}

var familyTitles = map[string]string{
	"customerio": "Customer.io", "sendgrid": "SendGrid", "sparkpost": "SparkPost", "ses": "SES", "mailgun": "Mailgun",
	"iterable": "Iterable", "postmark": "Postmark", "mandrill": "Mandrill", "mailjet": "Mailjet",
}

func familyTitle(a Aside) string {
	return cmp.Or(familyTitles[a.Family.String()], a.Family.String())
}

func writeGuides(b *strings.Builder, provoked provocations) {
	b.WriteString("\n<a id=\"guides\"></a>\n\n## The troubleshooting of three guides, row by row\n\n")
	b.WriteString("| guide | what it says | finding | provoked by | fix |\n|---|---|---|---|---|\n")
	for _, row := range guides {
		for i, id := range row.IDs {
			e := Must(id)
			guide, says := fmt.Sprintf("[%s](%s)", row.Guide, row.Source), row.Says
			if i > 0 {
				guide, says = "", ""
			}
			fmt.Fprintf(b, "| %s | %s | [%s](#%s) | %s | %s |\n", guide, cell(says), id, id, cell(someOf(provoked[id])), cell(e.Fix.Any))
		}
	}
}

// someOf keeps a cell of the table short: the section of the finding lists all.
func someOf(names []string) string {
	if len(names) > 2 {
		return strings.Join(names[:2], "; ") + fmt.Sprintf(" and %d more", len(names)-2)
	}
	return strings.Join(slices.Clone(names), "; ")
}

func cell(s string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s) }
