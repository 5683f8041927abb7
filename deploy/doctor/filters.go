package doctor

import (
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
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

// queries are what links hold and filters take for an attack: a URL as a value,
// and much text.
func queries() []struct{ name, query string } {
	return []struct{ name, query string }{
		{"a URL as a value", "clickedge-doctor=https%3A%2F%2F" + testHost + "%2F%3Fa%3D%27b%27"},
		{"3,000 bytes", "clickedge-doctor=u001." + strings.Repeat("AbC-2F", 500)},
	}
}

// examineFilters asks as programs do that filters take for robots, and what
// they take for an attack. At the end it compares answers with those over
// HTTP/2, where that has answered alike so far.
func (b *behind) examineFilters(compare []*answer, http2 bool) {
	compare = append(compare, b.examineRefusals()...)
	for _, one := range compare {
		if http2 && one.err == nil {
			http2 = b.sameOverHTTP2(one)
		}
	}
}

// examineRefusals returns the answers to queries that were not refused.
func (b *behind) examineRefusals() (passed []*answer) {
	if b.baseline.refused() {
		b.unseen(catalogue.Filters, "whether a filter refuses some user agents or queries", "the browser's request is answered "+b.baseline.brief()+" as well", "")
		return passed
	}
	tried := len(agents)
	if b.esp.preset.Family == esp.FamilyCustomerIO {
		tried++
		if a := b.front.ask(question{target: b.esp.preset.Health.Path, agent: verifier}); a.refused() {
			b.checkRefusal("filter-verifier", a, "User-Agent "+quoted(verifier))
		}
	}
	for _, program := range agents {
		if a := b.front.ask(question{target: b.esp.links.open, agent: program.agent}); a.refused() && b.checkRefusal("filter-user-agent", a, program.name+" ("+quoted(program.agent)+")") {
			break
		}
	}
	for _, q := range queries() {
		a := b.front.ask(question{target: with(b.esp.links.open, q.query)})
		if a.refused() || a.status == 414 || a.status == 431 || a.status == 400 && b.baseline.status != 400 {
			if b.checkRefusal("filter-query", a, "a query with "+q.name) {
				break
			}
			continue
		}
		passed = append(passed, a)
	}
	b.pass("filters-ok", "%d user agents and %d long or odd queries, which filters often refuse, were tried: no filter refused one", tried, len(queries()))
	return passed
}

// checkRefusal calls a refusal a filter's, unless the ESP itself refuses the
// same.
func (b *behind) checkRefusal(id string, a *answer, what string) (found bool) {
	seen := fmt.Sprintf("%s: %s", what, a.brief())
	if a.challenges() {
		b.find("filter-challenge", "%s", seen)
		return true
	}
	if b.origin == nil {
		b.find(id, "%s; not seen: whether the ESP refuses it itself, because %s", seen, b.whyNoOrigin())
		return true
	}
	q := a.asked
	q.to = b.origin.to
	direct := b.ask(q)
	if direct.err == nil && direct.status == a.status {
		b.fact(catalogue.Filters, "refused by the ESP itself", "%s", seen)
		return false
	}
	b.find(id, "%s; the ESP answers %s", seen, direct.brief())
	return true
}
