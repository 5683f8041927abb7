package warehouse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/clickreport"
)

// panel is one of the dashboard's, with what its numbers are compared with.
type panel struct {
	kind, title, text string // kind: stat, timeseries or table
	width, height     int

	by     string // what a row or a series is one of, as in the tables of the report; "" for one row or series
	counts []count
	times  bool   // latency instead of counts
	only   string // a condition on the rows
	line   bool   // not stacked bars
	limit  int    // rows of a table
}

// count is a column with one of the report's counts.
type count struct{ title, member string }

// panels are those of the dashboard, in their order.
func panels() []panel {
	return []panel{
		{kind: "stat", title: "In this time", width: 24, height: 4, text: "As clickedge clicks counts them.",
			counts: []count{
				{"Clicks", "clicks"}, {"By humans", "clicks_human"}, {"By bots", "clicks_bot"}, {"Opens", "opens"}, {"Missed", "missed"},
				{"Recovered", "recovered"}, {"Recalled", "recalled"}, {"Refused", "refused"}, {"Disagreed", "disagree"}}},
		{kind: "timeseries", title: "Clicks by link domain", width: 12, height: 8, by: "host", counts: []count{{"clicks", "clicks"}},
			text: "Hosts that no site has share one series."},
		{kind: "timeseries", title: "Clicks by ESP", width: 12, height: 8, by: "esp", counts: []count{{"clicks", "clicks"}}},
		{kind: "timeseries", title: "Requests by kind", width: 12, height: 8, by: "kind", counts: []count{{"requests", "requests"}}},
		{kind: "timeseries", title: "Clicks by verdict", width: 12, height: 8, by: "verdict", counts: []count{{"clicks", "clicks"}},
			text: "A verdict is no proof: it is made of the request alone."},
		{kind: "timeseries", title: "Missed by the ESP, and recovered", width: 12, height: 8, line: true,
			counts: []count{{"Missed", "missed"}, {"Never reached the ESP", "certain"}, {"Recovered: redirected from the link", "recovered"}},
			text:   "Requests that the ESP has not counted, or perhaps not, and those of them whose reader was redirected all the same."},
		{kind: "timeseries", title: "Recalled and refused", width: 12, height: 8, line: true,
			counts: []count{{"Recalled", "recalled"}, {"Refused", "refused"}, {"The ESP disagrees", "disagree"}}},
		{kind: "timeseries", title: "ESP latency", width: 12, height: 8, line: true, times: true, only: "is_answered = 1",
			text: "Time until the ESP's answer was passed on, of readers who waited for it; all chosen ESPs together."},
		{kind: "table", title: "ESP latency by ESP", width: 12, height: 8, by: "esp", times: true, only: "is_answered + is_unanswered > 0"},
		{kind: "timeseries", title: "Errors by code", width: 12, height: 8, by: "code", counts: []count{{"requests", "requests"}},
			only: `"code" <> 'ok'`, text: "Why readers did not get what they asked for, recalled links included."},
		{kind: "table", title: "Top destinations", width: 12, height: 8, by: "destination", limit: 20, only: `"destination" <> ''`,
			counts: []count{{"requests", "requests"}, {"clicks", "clicks"}, {"by humans", "clicks_human"}, {"recalled", "recalled"}}},
	}
}

// The macros and variables of Grafana that the dashboard uses. The column has no
// quotes: Grafana's versions differ in what they make of those in an argument.
const (
	timeFilter = "$__timeFilter(r.time)"
	timeGroup  = "$__timeGroupAlias(r.time, $__interval)"
	everything = "*" // the value that stands for all
)

// chosen is the condition that a variable's value is among the chosen ones.
func chosen(variable, expr string) string {
	return fmt.Sprintf("('%s' IN (${%s:sqlstring}) OR %s IN (${%s:sqlstring}))", everything, variable, expr, variable)
}

// label is an expression with words where the text is empty, as the report has
// them.
func label(by, expr string) string {
	table := clickreport.Table{By: by}
	return fmt.Sprintf("CASE WHEN %s = '' THEN '%s' ELSE %s END", expr, table.Label(""), expr)
}

// names are what rows and series are named by.
func (d dialect) names(by string) string {
	q := func(name string) string { return d.quote + name + d.quote }
	switch by {
	case "host":
		return fmt.Sprintf("CASE WHEN %s = '' THEN '%s' ELSE %s END", q("esp"), (&clickreport.Table{By: by}).Label(""), d.port)
	case "esp":
		return label(by, q(by))
	case "verdict":
		return label(by, "COALESCE("+q(by)+", '')")
	}
	return q(by)
}

// sum is the expression of a count.
func (d dialect) sum(t *testing.T, member string) string {
	t.Helper()
	if member == "requests" {
		return "COUNT(*)"
	}
	for _, f := range d.flags() {
		if f.sum == member {
			return "COALESCE(SUM(is_" + f.name + "), 0)"
		}
	}
	require.Fail(t, "no count is called "+member)
	return ""
}

// sql is the panel's query.
func (p panel) sql(t *testing.T, d dialect) string {
	t.Helper()
	columns, group := p.columns(t, d)
	where := []string{timeFilter, chosen("host", d.names("host")), chosen("esp", d.names("esp"))}
	if p.only != "" {
		where = append(where, p.only)
	}
	text := "SELECT\n  " + strings.Join(columns, ",\n  ") + "\nFROM clickedge_requests AS r\nWHERE " + strings.Join(where, "\n  AND ")
	if group > 0 {
		text += "\nGROUP BY " + []string{"", "1", "1, 2"}[group]
	}
	switch {
	case p.limit > 0:
		text += fmt.Sprintf("\nORDER BY 2 DESC, 1\nLIMIT %d", p.limit)
	case group > 0:
		text += "\nORDER BY 1"
	}
	return text
}

// columns are the panel's, the first ones to group by.
func (p panel) columns(t *testing.T, d dialect) (list []string, group int) {
	t.Helper()
	if p.kind == "timeseries" {
		list = append(list, timeGroup)
	}
	if p.by != "" {
		as := map[string]string{"timeseries": "metric"}[p.kind]
		if as == "" {
			as = `"` + p.by + `"`
		}
		list = append(list, d.names(p.by)+" AS "+as)
	}
	group = len(list)
	for _, c := range p.counts {
		list = append(list, fmt.Sprintf("%s AS %q", d.sum(t, c.member), c.title))
	}
	if !p.times {
		return list, group
	}
	if p.kind == "table" {
		list = append(list, `SUM(is_answered) AS "answers"`, `SUM(is_unanswered) AS "no answer"`)
	}
	for _, n := range []int{50, 95, 99} {
		list = append(list, fmt.Sprintf("%s AS \"p%d\"", d.percentile(n, "is_answered = 1"), n))
	}
	if p.kind == "table" {
		list = append(list, `MAX(CASE WHEN is_answered = 1 THEN "us" END) AS "max"`)
	}
	return list, group
}
