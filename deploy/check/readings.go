package check

import (
	"cmp"
	"fmt"
	"io"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
)

// Readings says which click links of a site's ESP have which reading; "" for
// none.
type Readings struct {
	Certain string `json:"certain,omitempty"`
	Likely  string `json:"likely,omitempty"`
	Unread  string `json:"unread,omitempty"`
}

func readingsOf(e *core.Site) *Readings {
	if e.Origin == nil || !e.ClickRedirect && !e.FailRedirect && e.Retired == 0 {
		return nil
	}
	r := Readings(e.Origin.Family.Gradings())
	return &r
}

// readKey is what is said once: the readings of an ESP, and whether it is
// retired.
type readKey struct {
	Readings
	retired, learn bool
}

// printReadings prints, once for each ESP, which of its links can be answered
// from the link.
func printReadings(w io.Writer, sites []Site) {
	said := map[readKey]bool{}
	for _, s := range sites {
		for _, e := range s.settings() {
			if e.Readings == nil {
				continue
			}
			key := readKey{*e.Readings, e.Clicks == "retired", e.Learn}
			if !said[key] {
				said[key] = true
				key.print(w, s.Host, e)
			}
		}
	}
}

// settings are those of each of the site's ESPs.
func (s *Site) settings() []Settings {
	if len(s.ESPs) == 0 {
		return []Settings{s.Settings}
	}
	var list []Settings
	for _, e := range s.ESPs {
		list = append(list, e.Settings)
	}
	return list
}

func (k *readKey) print(w io.Writer, host string, e Settings) {
	certain, likely, unread := `: answered first with "clicks": "redirect", followed with "when_esp_fails": "redirect"`,
		`: never answered first, followed with "when_esp_fails": "redirect"`, ": the ESP answers"
	whose := e.ESP
	if e.Links != "" {
		whose = e.Links + ", as " + host + " has them"
	}
	if k.retired {
		certain, likely, unread = ": followed", ": followed", ": "+page(outcome.Retired)
		whose += ", retired"
	}
	if e.Learn {
		unread += ", or it was learned where others were led"
	}
	fmt.Fprintf(w, "\nLINKS OF %s\n  certain  %s%s\n  likely   %s%s\n  unread   %s%s\n", whose,
		cmp.Or(k.Certain, "none"), ifAny(k.Certain, certain),
		cmp.Or(k.Likely, "none"), ifAny(k.Likely, likely),
		cmp.Or(k.Unread, "what is damaged"), unread)
}

func ifAny(value, then string) string {
	if value == "" {
		return ""
	}
	return then
}
