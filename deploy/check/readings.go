package check

import (
	"cmp"
	"fmt"
	"io"

	"github.com/clickedge/clickedge/core"
)

// Readings says which click links of a site's ESP have which reading; "" for
// none.
type Readings struct {
	Certain string `json:"certain,omitempty"`
	Likely  string `json:"likely,omitempty"`
	Unread  string `json:"unread,omitempty"`
}

func readingsOf(s *core.Site) *Readings {
	if s.Origin == nil || !s.ClickRedirect && !s.FailRedirect {
		return nil
	}
	r := Readings(s.Origin.Family.Gradings())
	return &r
}

// printReadings prints, once for each ESP, which of its links can be answered
// from the link.
func printReadings(w io.Writer, sites []Site) {
	said := map[Readings]bool{}
	for _, s := range sites {
		if s.Readings == nil || said[*s.Readings] {
			continue
		}
		said[*s.Readings] = true
		r, whose := *s.Readings, s.ESP
		if s.Links != "" {
			whose = s.Links + ", as " + s.Host + " has them"
		}
		fmt.Fprintf(w, "\nLINKS OF %s\n  certain  %s%s\n  likely   %s%s\n  unread   %s%s\n", whose,
			cmp.Or(r.Certain, "none"), ifAny(r.Certain, `: answered first with "clicks": "redirect", followed with "when_esp_fails": "redirect"`),
			cmp.Or(r.Likely, "none"), ifAny(r.Likely, `: never answered first, followed with "when_esp_fails": "redirect"`),
			cmp.Or(r.Unread, "what is damaged"), ": the ESP answers")
	}
}

func ifAny(value, then string) string {
	if value == "" {
		return ""
	}
	return then
}
