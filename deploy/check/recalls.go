package check

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/recall"
)

// Recall is a rule of a site, as core compares it.
type Recall struct {
	From string `json:"from"`
	To   string `json:"to,omitempty"` // "": the link is gone
	Gone bool   `json:"gone,omitempty"`
	Wide bool   `json:"wide,omitempty"` // it meets every link to its host
}

// DescribeRecall returns a rule as check --json prints it.
func DescribeRecall(r recall.Rule) Recall {
	return Recall{From: r.From.String(), To: r.To, Gone: r.To == "", Wide: r.From.IsWide()}
}

func recallsOf(s *core.Site) (list []Recall) {
	for _, r := range s.Recalls.List() {
		list = append(list, DescribeRecall(r))
	}
	return list
}

// Leads says in words where the rule leads.
func (r Recall) Leads() string {
	if r.Gone {
		return "gone"
	}
	return r.To
}

func printRecalls(out io.Writer, sites []Site) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	first := true
	for _, s := range sites {
		for i, r := range s.Recalls {
			if first {
				fmt.Fprintln(w, "\nRECALLS\t\tFROM\tTO")
				first = false
			}
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", s.Host, i, r.From, r.Leads())
		}
	}
	w.Flush()
}

// recallWarnings warns of rules that meet more, or less, than they seem to.
func recallWarnings(s *core.Site) (list []string) {
	rules := s.Recalls.List()
	for i, r := range rules {
		for _, w := range RecallWarnings(s, r) {
			list = append(list, fmt.Sprintf("%s: recalls[%d] %s", s.Host, i, w))
		}
		for j, other := range rules {
			if i != j && r.To != "" && other.From.Meets(r.To) {
				list = append(list, fmt.Sprintf("%s: recalls[%d] leads to %s, which recalls[%d] meets: its readers are sent there all the same, since no rule looks at what another one's \"to\" says", s.Host, i, r.To, j))
			}
		}
	}
	return list
}

// RecallWarnings says what is surprising about one rule of a site.
func RecallWarnings(s *core.Site, r recall.Rule) (list []string) {
	plain := r.From
	plain.Prefix = false
	if r.From.IsWide() {
		list = append(list, fmt.Sprintf("meets every link to %s", r.From.Host))
	}
	if strings.Contains(plain.String(), recall.Wildcard) {
		list = append(list, fmt.Sprintf("has a \"*\" that is not at its end, which stands for itself: %s", r.From))
	}
	if r.From.Host != s.Host && len(s.Destinations) > 0 && s.Allows("https://"+r.From.Host+"/") == outcome.UnlistedDestination && destination.IsHost(r.From.Host) {
		list = append(list, fmt.Sprintf("is about %s, which is not in \"destinations\": if that is not the mistake that it corrects, look at how the host is spelled", r.From.Host))
	}
	return list
}
