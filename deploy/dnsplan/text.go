package dnsplan

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// text prints a plan for people.
type text struct {
	w   io.Writer
	err error
}

func (t *text) say(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, args...)
	}
}

// Text prints the plan for people: the steps of each host, then what holds for
// all hosts.
func (p *Plan) Text(w io.Writer) error {
	t := &text{w: w}
	for i, h := range p.Hosts {
		if i > 0 {
			t.say("\n")
		}
		t.host(&h, p)
	}
	switch {
	case len(p.Hosts) == 1:
		t.say("\nFor %s:\n", p.names())
	case len(p.Hosts) > 1:
		t.say("\nFor all %s:\n", p.names())
	}
	t.points("Do not:", p.DoNot)
	t.points("Notes:", p.Notes)
	return t.err
}

func (t *text) host(h *Host, p *Plan) {
	t.say("%s (%s)\n", h.Host, h.senders())
	t.points(step(StepESP, "At the ESP, before anything moves:"), h.First)
	if len(p.Server) > 0 {
		t.records(step(StepProof, "Let the certificate authority issue:"), h, StepProof)
		t.say("\n  %s\n", step(StepWait, "Start the server, and look at it before readers do: "+p.look(h.Host)))
	} else {
		t.records(step(StepProof, "Set the proof for the certificate:"), h, StepProof)
		t.say("\n  %s\n", step(StepWait, "Wait until the certificate is issued: clickedge doctor "+h.Host+" --via "+p.Target+" asks there."))
	}
	t.records(step(StepCutOver, "Cut over:"), h, StepCutOver)
	t.points(step(StepAfter, "When https answers:"), h.Then)
	t.points("Leave as it is:", h.Keep)
	t.points("Do not:", h.DoNot)
	t.points("Notes:", h.Notes)
}

// senders names the ESPs of the host.
func (h *Host) senders() string {
	text := h.ESP
	for i := range h.Also {
		text += "; " + h.Also[i].text()
	}
	return text
}

func step(n int, title string) string { return fmt.Sprintf("%d. %s", n, title) }

func (t *text) points(title string, points []string) {
	if len(points) == 0 {
		return
	}
	t.say("\n  %s\n", title)
	for _, p := range points {
		t.say("    - %s\n", p)
	}
}

func (t *text) records(title string, h *Host, step int) {
	t.say("\n  %s\n", title)
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for _, r := range h.Records {
		if r.Step == step {
			fmt.Fprintf(w, "    %s.\t%s\t%s\n", r.Name, r.Type, r.text())
		}
	}
	_ = w.Flush() // into memory
	t.say("%s", table.String())
	for _, r := range h.Records {
		if r.Step == step {
			t.say("    - %s %s: %s\n", r.Name, r.Type, r.Note)
		}
	}
}
