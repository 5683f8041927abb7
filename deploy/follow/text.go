package follow

import (
	"fmt"
	"io"
	"strings"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/output"
)

// Text writes a walk for people.
func (r *Result) Text(w io.Writer) {
	p := output.Facts{W: w}
	for i, h := range r.Hops {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%d  %s\n", i+1, clean.Text(h.URL))
		printHop(p, h)
	}
	p.Heading("the walk")
	p.Row("end", r.endText())
	if r.Promise != nil {
		p.Row("the link said", r.Promise.Said)
		p.Row("compared", r.Promise.How)
	}
	p.Row("took", fmt.Sprintf("%.0f ms", r.Total))
}

func (r *Result) endText() string {
	if r.Problem == "" {
		return string(r.End)
	}
	return string(r.End) + ": " + r.Problem
}

func printHop(p output.Facts, h *Hop) {
	p.Row("is", identityText(h))
	if h.Asked {
		p.Row("answered", answerText(h))
		p.Row("times", timesText(h.Times))
	} else {
		p.Row("asked", "no")
	}
	if c := h.Certificate; c != nil {
		p.Row("certificate", fmt.Sprintf("%s, %s, %d days left, by %s", c.Version, someNames(c.Names), c.DaysLeft, c.Issuer))
	}
	for _, c := range h.Caching {
		p.Row("store", c)
	}
	if h.Location != "" {
		p.Row("Location", h.Location)
	}
	if h.Next != "" && h.Next != h.Location {
		p.Row("a browser goes to", h.Next)
	}
	for _, n := range h.Notes {
		mark := "note"
		if n.Warning {
			mark = "warning"
		}
		p.Row(mark, n.Text+" ["+n.Code+"]")
	}
}

func identityText(h *Hop) string {
	id := h.Is
	var words []string
	switch {
	case id.Own:
		words = append(words, "a signed link, not verified here: "+id.Kind)
	case id.Family != "":
		words = append(words, id.Family+": "+id.Kind)
	case id.Token:
		words = append(words, "of a form that clickedge does not know, with a token in it")
	default:
		words = append(words, "a page")
	}
	if id.Site {
		words = append(words, "on a link domain of sites.json")
	}
	if id.Doubt != "" {
		words = append(words, id.Doubt)
	}
	return strings.Join(words, "; ")
}

func answerText(h *Hop) string {
	if h.Status == 0 {
		return "no, at " + h.Addr
	}
	return fmt.Sprintf("%d, from %s", h.Status, h.Addr)
}

func timesText(t Times) string {
	return fmt.Sprintf("%.0f ms: dns %.0f, connect %.0f, tls %.0f, first byte %.0f", t.Total, t.DNS, t.Connect, t.TLS, t.FirstByte)
}

func someNames(names []string) string {
	const most = 3
	if len(names) > most {
		return strings.Join(names[:most], " ") + fmt.Sprintf(" and %d more names", len(names)-most)
	}
	return strings.Join(names, " ")
}
