package doctor

import (
	"strings"

	"github.com/clickedge/clickedge/core"
)

// agents are programs that open mail links and that filters take for robots.
var agents = []struct{ name, agent string }{
	{"Gmail's image proxy", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"},
	{"Outlook", "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"},
	{"a program that sends no User-Agent", "-"},
}

// verifier is how Customer.io's check of a link domain introduces itself.
const verifier = "Customer.io/1.0 (clickedge-doctor)"

// queries are what links hold and filters take for an attack: a URL as a value, and much text.
func queries() []struct{ name, query string } {
	return []struct{ name, query string }{
		{"a URL as a value", "clickedge-doctor=https%3A%2F%2F" + madeUpHost + "%2F%3Fa%3D%27b%27"},
		{"3,000 bytes", "clickedge-doctor=u001." + strings.Repeat("AbC-2F", 500)},
	}
}

func (x *exam) examineFilters() (stop string) {
	if x.baseline.refused() {
		return ""
	}
	if x.origin.Family == core.FamilyCustomerIO {
		if a := x.front(question{target: x.origin.Health.Path, agent: verifier}); a.refused() {
			x.find("filter-verifier", "User-Agent %s: %s", quoted(verifier), a.brief())
		}
	}
	for _, program := range agents {
		if a := x.front(question{target: x.links.open, agent: program.agent}); a.refused() {
			x.find("filter-user-agent", "%s (%s): %s", program.name, quoted(program.agent), a.brief())
			break
		}
	}
	for _, q := range queries() {
		if a := x.front(question{target: with(x.links.open, q.query)}); a.refused() || a.status == 414 || a.status == 400 && x.baseline.status != 400 {
			x.find("filter-query", "a query with %s: %s", q.name, a.brief())
			break
		}
	}
	x.good("filters-ok", "no user agent and no query was refused")
	return ""
}
