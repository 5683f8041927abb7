package cli

import (
	"cmp"
	"fmt"
	"io"

	"github.com/clickedge/clickedge/core"
)

// readings says which click links of a site's ESP have which reading; "" for
// none.
type readings struct {
	Certain string `json:"certain,omitempty"`
	Likely  string `json:"likely,omitempty"`
	Unread  string `json:"unread,omitempty"`
}

func readingsOf(s *core.Site) *readings {
	if s.Origin == nil || !s.ClickRedirect && !s.FailRedirect {
		return nil
	}
	r := readings(s.Origin.Family.Gradings())
	return &r
}

// printReadings says for each ESP once what its links are good for.
func printReadings(w io.Writer, sites []checkedSite) error {
	said := map[readings]bool{}
	for _, s := range sites {
		if s.Readings == nil || said[*s.Readings] {
			continue
		}
		said[*s.Readings] = true
		r := *s.Readings
		_, err := fmt.Fprintf(w, "\nLINKS OF %s\n  certain  %s%s\n  likely   %s%s\n  unread   %s%s\n", s.ESP,
			cmp.Or(r.Certain, "none"), given(r.Certain, `: answered first with "clicks": "redirect", followed with "when_esp_fails": "redirect"`),
			cmp.Or(r.Likely, "none"), given(r.Likely, `: never answered first, followed with "when_esp_fails": "redirect"`),
			cmp.Or(r.Unread, "what is damaged"), ": the ESP answers")
		if err != nil {
			return err
		}
	}
	return nil
}

func given(value, then string) string {
	if value == "" {
		return ""
	}
	return then
}

// readWarnings says which settings change nothing, since no link can be read, or
// less than one would think, since none is certain.
func readWarnings(s *core.Site) []string {
	if s.Origin == nil || !s.ClickRedirect && !s.FailRedirect {
		return nil
	}
	field := "when_esp_fails"
	if s.ClickRedirect {
		field = "clicks"
	}
	switch g := s.Origin.Family.Gradings(); {
	case g.Certain != "" || g.Likely != "" && !s.ClickRedirect:
		return nil
	case g.Likely == "":
		return []string{fmt.Sprintf("%s: %q: \"redirect\" changes nothing with esp %q: only the ESP can read its links", s.Host, field, s.ESP)}
	}
	what := `they are followed when the ESP fails`
	if !s.FailRedirect {
		what = `say "when_esp_fails": "redirect", and they are followed when the ESP fails`
	}
	return []string{fmt.Sprintf("%s: \"clicks\": \"redirect\" changes nothing with esp %q: where its links lead is likely at most, so none is answered first; %s", s.Host, s.ESP, what)}
}
