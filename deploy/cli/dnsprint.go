package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

func (d *dnsPlan) print(list []hostDNS) error {
	switch d.format {
	case "json":
		return printJSON(d.env.Out, map[string][]hostDNS{"hosts": list})
	case "zone":
		return printZone(d.env.Out, list)
	}
	for i, h := range list {
		if i > 0 {
			fmt.Fprintln(d.env.Out)
		}
		if err := h.print(d.env.Out); err != nil {
			return err
		}
	}
	return nil
}

const noValue = "(given by Fastly: terraform output, or Domains in its console)"

func (h *hostDNS) print(out io.Writer) error {
	fmt.Fprintf(out, "%s (%s)\n\n  Set:\n", h.Host, h.ESP)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range h.Records {
		value := r.text()
		if r.Value == "" {
			value = noValue
		}
		fmt.Fprintf(w, "    %s.\t%s\t%s\n", r.Name, r.Type, value)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range h.Records {
		fmt.Fprintf(out, "    - %s %s: %s\n", r.Name, r.Type, r.Note)
	}
	printPoints(out, "Leave as it is:", h.Keep)
	printPoints(out, "Do not:", h.DoNot)
	printPoints(out, "When https answers:", h.Then)
	printPoints(out, "Notes:", h.Notes)
	return nil
}

func printPoints(out io.Writer, title string, points []string) {
	if len(points) == 0 {
		return
	}
	fmt.Fprintf(out, "\n  %s\n", title)
	for _, p := range points {
		fmt.Fprintf(out, "    - %s\n", p)
	}
}

// text is the record's value as a zone file has it.
func (r dnsRecord) text() string {
	if r.Type == "CNAME" {
		return r.Value + "."
	}
	return r.Value
}

// printZone writes lines for a zone file. What is not known yet, or wanted under a
// condition only, is a comment.
func printZone(out io.Writer, list []hostDNS) error {
	var b strings.Builder
	seen := map[string]bool{}
	for _, h := range list {
		fmt.Fprintf(&b, "; %s (%s)\n", h.Host, h.ESP)
		for _, keep := range h.Keep {
			fmt.Fprintf(&b, "; leave as it is: %s\n", keep)
		}
		for _, r := range h.Records {
			line := fmt.Sprintf("%s. 300 IN %s %s", r.Name, r.Type, r.text())
			switch {
			case seen[line]:
				continue
			case r.Value == "":
				line = fmt.Sprintf("; %s. 300 IN %s %s", r.Name, r.Type, noValue)
			case r.Maybe:
				line = "; " + r.Note + ":\n; " + line
			}
			seen[line] = true
			b.WriteString(line + "\n")
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
