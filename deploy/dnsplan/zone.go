package dnsplan

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// noValue is printed in place of a proof that is not known.
const noValue = "(given by Fastly: terraform output, or Domains in its console)"

// line is a record's line in a zone file.
func (r Record) line() string {
	return fmt.Sprintf("%s. 300 IN %s %s", r.Name, r.Type, r.text())
}

// text is the record's value as a zone file has it, or what stands in its
// place.
func (r Record) text() string {
	switch {
	case r.Value == "":
		return noValue
	case r.Type == "CNAME":
		return r.Value + "."
	}
	return r.Value
}

// zone writes a zone file's lines. A note that holds for several records or
// hosts is written once.
type zone struct {
	b    strings.Builder
	seen map[string]bool
}

// Zone prints the plan as lines for a zone file, step by step. Live are the
// proofs and, with CutOver, the CNAMEs; all else is a comment.
func (p *Plan) Zone(w io.Writer) error {
	z := &zone{seen: map[string]bool{}}
	z.say("Records for %s", p.names())
	switch {
	case p.CutOver:
	case len(p.Server) > 0:
		z.say("The addresses of step %d are comments: with --cut-over they are not, and readers move", StepCutOver)
	default:
		z.say("The CNAMEs of step %d are comments: with --cut-over they are not, and readers move", StepCutOver)
	}
	z.advice(StepESP, "at the ESP, before anything moves", p.Hosts, func(h Host) []string { return h.First })
	if len(p.Server) > 0 {
		z.step(StepProof, "let the certificate authority issue")
		z.records(p.Hosts, StepProof)
		z.step(StepWait, "start the server, and look at it before readers do")
		z.say("  %s", p.look("HOST"))
		z.step(StepCutOver, "the cut-over, once the server answers")
	} else {
		z.step(StepProof, "the proofs for the certificates")
		z.records(p.Hosts, StepProof)
		z.step(StepWait, "wait until the certificates are issued")
		z.say("  clickedge doctor HOST --via %s asks there before DNS leads there", p.Target)
		z.step(StepCutOver, "the cut-over, once the certificates are issued")
	}
	z.records(p.Hosts, StepCutOver)
	z.advice(StepAfter, "when https answers", p.Hosts, func(h Host) []string { return h.Then })
	z.points("Leave as it is", nil, p.Hosts, func(h Host) []string { return h.Keep })
	z.points("Do not", p.DoNot, p.Hosts, func(h Host) []string { return h.DoNot })
	z.points("Notes", p.Notes, p.Hosts, func(h Host) []string { return h.Notes })
	_, err := io.WriteString(w, z.b.String())
	return err
}

func (p *Plan) names() string {
	if len(p.Hosts) == 1 {
		return p.Hosts[0].Host
	}
	return fmt.Sprintf("%d link domains", len(p.Hosts))
}

func (z *zone) say(format string, args ...any) {
	fmt.Fprintf(&z.b, "; "+format+"\n", args...)
}

func (z *zone) step(n int, title string) { fmt.Fprintf(&z.b, ";\n; Step %d: %s\n", n, title) }

// advice prints a step without records.
func (z *zone) advice(n int, title string, hosts []Host, of func(Host) []string) {
	if points := gather(nil, hosts, of); len(points) > 0 {
		z.step(n, title)
		z.list(points)
	}
}

func (z *zone) points(title string, common []string, hosts []Host, of func(Host) []string) {
	if points := gather(common, hosts, of); len(points) > 0 {
		fmt.Fprintf(&z.b, ";\n; %s:\n", title)
		z.list(points)
	}
}

func (z *zone) list(points []string) {
	for _, p := range points {
		z.say("  - %s", p)
	}
}

// records writes the records of a step, each with its note before it. A note is
// not repeated.
func (z *zone) records(hosts []Host, step int) {
	for _, h := range hosts {
		for _, r := range h.Records {
			line := r.line()
			if r.Step != step || z.seen[line] {
				continue
			}
			if !z.seen[r.Note] {
				z.say("  %s:", r.Note)
				z.seen[r.Note] = true
			}
			z.seen[line] = true
			if !r.Live {
				line = "; " + line
			}
			z.b.WriteString(line + "\n")
		}
	}
}

// gather lists the sentences about hosts, each once; one that does not hold for
// all hosts names those for which it does.
func gather(common []string, hosts []Host, of func(Host) []string) []string {
	list, by := slices.Clone(common), map[string][]string{}
	var order []string
	for _, h := range hosts {
		for _, s := range of(h) {
			if by[s] == nil {
				order = append(order, s)
			}
			by[s] = append(by[s], h.Host)
		}
	}
	for _, s := range order {
		list = append(list, strings.Join(by[s], ", ")+": "+s)
	}
	return list
}
