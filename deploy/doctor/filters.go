package doctor

import (
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
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
	defer x.compareHTTP2()
	if x.baseline.refused() {
		x.unseen(catalogue.Filters, "whether a filter refuses some user agents or queries", "the browser's request is answered "+x.baseline.brief()+" as well", "")
		return ""
	}
	if x.origin.Family == core.FamilyCustomerIO {
		if a := x.front(question{target: x.origin.Health.Path, agent: verifier}); a.refused() {
			x.judgeRefusal("filter-verifier", a, "User-Agent "+quoted(verifier))
		}
	}
	for _, program := range agents {
		if a := x.front(question{target: x.links.open, agent: program.agent}); a.refused() && x.judgeRefusal("filter-user-agent", a, program.name+" ("+quoted(program.agent)+")") {
			break
		}
	}
	for _, q := range queries() {
		a := x.front(question{target: with(x.links.open, q.query)})
		if a.refused() || a.status == 414 || a.status == 431 || a.status == 400 && x.baseline.status != 400 {
			if x.judgeRefusal("filter-query", a, "a query with "+q.name) {
				break
			}
			continue
		}
		x.again = append(x.again, a)
	}
	x.good("filters-ok", "%d user agents and %d long or odd queries, which filters often refuse, are answered like the rest", x.agentsTried(), len(queries()))
	return ""
}

func (x *exam) agentsTried() int {
	if x.origin.Family == core.FamilyCustomerIO {
		return len(agents) + 1
	}
	return len(agents)
}

// judgeRefusal calls a refusal a filter's, unless the ESP itself refuses the same.
func (x *exam) judgeRefusal(id string, a *answer, what string) (told bool) {
	seen := fmt.Sprintf("%s: %s", what, a.brief())
	if a.challenges() {
		x.find("filter-challenge", "%s", seen)
		return true
	}
	if x.direct == nil {
		x.find(id, "%s; not seen: whether the ESP refuses it itself, because %s", seen, x.whyNoDirect())
		return true
	}
	q := a.asked
	q.to = x.direct.to
	straight := x.ask(q)
	if straight.err == nil && straight.status == a.status {
		x.fact(catalogue.Filters, "refused by the ESP itself", "%s", seen)
		return false
	}
	x.find(id, "%s; the ESP answers %s", seen, straight.brief())
	return true
}
