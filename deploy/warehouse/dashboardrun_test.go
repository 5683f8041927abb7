package warehouse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/clickreport"
)

// look is what somebody has chosen in the dashboard.
type look struct {
	from, to   time.Time // the last moment counts
	hosts, esp []string  // none for all
}

// sql is a query as Grafana sends it to PostgreSQL, with the interval of an
// hour: first variables, then macros. What is left of either fails.
func (l look) sql(t *testing.T, query string, interval time.Duration) string {
	t.Helper()
	for variable, values := range map[string][]string{"host": l.hosts, "esp": l.esp} {
		list := "'" + everything + "'" // Grafana leaves a custom all value as it is
		if len(values) > 0 {
			var quoted []string
			for _, v := range values {
				quoted = append(quoted, "'"+strings.ReplaceAll(v, "'", "''")+"'")
			}
			list = strings.Join(quoted, ",")
		}
		query = strings.ReplaceAll(query, "${"+variable+":sqlstring}", list)
	}
	query = strings.ReplaceAll(query, "$__interval", fmt.Sprintf("%ds", int(interval.Seconds())))
	query = regexp.MustCompile(`\$__timeFilter\(([^)]*)\)`).ReplaceAllString(query,
		fmt.Sprintf("$1 BETWEEN '%s' AND '%s'", l.from.Format(time.RFC3339Nano), l.to.Format(time.RFC3339Nano)))
	query = regexp.MustCompile(`\$__timeGroupAlias\(([^,)]*), *(\d+)s\)`).ReplaceAllString(query, `floor((extract(epoch from $1))/$2)*$2 AS "time"`)
	require.NotRegexp(t, `\$[\w{]|\[\[`, query, "Grafana would put something here")
	return query
}

// report is what clickedge clicks makes of the same choice.
func (l look) report(t *testing.T, log []byte) *clickreport.Report {
	t.Helper()
	clicks := clickreport.Clicks{}
	clicks.Only = clicklog.Filter{Since: l.from, Until: l.to.Add(time.Millisecond), Hosts: l.hosts}
	if len(l.esp) > 0 { // it has no such flag
		var kept []byte
		for line := range bytes.Lines(log) {
			if slices.ContainsFunc(l.esp, func(name string) bool { return bytes.Contains(line, []byte(`"esp":"`+name+`"`)) }) {
				kept = append(kept, line...)
			}
		}
		log = kept
	}
	require.NoError(t, clicks.Lines(bytes.NewReader(log), clicks.Line))
	return clicks.Report()
}

// shown are the queries of the dashboard as it lies there, by title.
func shown(t *testing.T) (titles []string, queries map[string]string) {
	t.Helper()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ RawSQL string }
		}
		Templating struct {
			List []struct{ Name, Query string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text(t, dashboardFile)), &board))
	queries = map[string]string{}
	for _, p := range board.Panels {
		require.Len(t, p.Targets, 1)
		titles, queries[p.Title] = append(titles, p.Title), p.Targets[0].RawSQL
	}
	for _, v := range board.Templating.List {
		queries["$"+v.Name] = v.Query
	}
	return titles, queries
}

// Every panel shows, on a real PostgreSQL, what clickedge clicks counts: of
// everything, of a part of the time, of one host and of one ESP.
func TestDashboardOnPostgres(t *testing.T) {
	log := someLog(lines / 5)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "clicks.ndjson"), log, 0o644))
	psql := startPostgres(t, dir)
	psql(text(t, "postgres", "schema.sql") + text(t, "postgres", "load.sql") + text(t, "grafana", "reader.sql") + "ANALYZE;")
	ask := func(query string) []map[string]any {
		t.Helper()
		return rows(t, psql("SET ROLE clickedge_grafana;"+asJSON(query)))
	}
	start := time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)
	all := look{from: start, to: start.AddDate(0, 0, 3)}
	looks := map[string]look{
		"everything": all,
		"an hour":    {from: start.Add(24 * time.Hour), to: start.Add(25*time.Hour - time.Millisecond)},
		"one host":   {from: all.from, to: all.to, hosts: []string{"ses.example.com"}},
		"two hosts":  {from: all.from, to: all.to, hosts: []string{"ses.example.com", "link.example.com"}},
		"one ESP":    {from: all.from, to: all.to, esp: []string{"sendgrid"}},
		"nothing":    {from: start.AddDate(1, 0, 0), to: start.AddDate(1, 0, 1)},
	}
	titles, queries := shown(t)
	require.Len(t, titles, len(panels()))
	for name, l := range looks {
		want := l.report(t, log)
		require.Equal(t, name == "nothing", want.Total.Requests == 0)
		for i, p := range panels() {
			require.Equal(t, p.title, titles[i])
			p.requireSame(t, want, ask(l.sql(t, queries[p.title], time.Hour)), name+": "+p.title)
		}
	}
	requireTelling(t, all.report(t, log))
	requireLatency(t, all, all.report(t, log), queries, ask)
	requireVariables(t, all, all.report(t, log), queries, ask)
	requireAlerts(t, log, ask)
	requireReadOnly(t, psql, looks["an hour"].sql(t, queries["In this time"], time.Hour))
}

// requireSame compares a panel's rows with the report.
func (p panel) requireSame(t *testing.T, want *clickreport.Report, rows []map[string]any, at string) {
	t.Helper()
	if p.times {
		p.requireTimes(t, want, rows, at)
		return
	}
	have := map[string]map[string]float64{}
	for _, row := range rows {
		key := p.key(t, row)
		if have[key] == nil {
			have[key] = map[string]float64{}
		}
		for name, v := range row {
			if n, ok := v.(float64); ok && name != "time" {
				have[key][name] += n
			}
		}
	}
	require.Equal(t, p.wanted(t, want), have, at)
}

// key names what a row belongs to. Over time, series are added up, and rows
// without a name stand for their hour.
func (p panel) key(t *testing.T, row map[string]any) string {
	t.Helper()
	for _, name := range []string{"metric", p.by} {
		if s, ok := row[name].(string); ok {
			return s
		}
	}
	if at, ok := row["time"].(float64); ok {
		return time.Unix(int64(at), 0).UTC().Format(time.RFC3339)
	}
	require.Empty(t, p.by)
	return ""
}

// wanted are the report's numbers, by the same keys.
func (p panel) wanted(t *testing.T, want *clickreport.Report) map[string]map[string]float64 {
	t.Helper()
	by := p.by
	if by == "" && p.kind == "timeseries" {
		by = "hour"
	}
	list := map[string]map[string]float64{}
	add := func(name string, counts clickreport.Counts) {
		of := row(t, counts, "")
		list[name] = map[string]float64{}
		for _, c := range p.counts {
			n, ok := of[c.member].(float64)
			require.True(t, ok, c.member)
			list[name][c.title] = n
		}
	}
	if by == "" {
		add("", want.Total)
	}
	for _, table := range want.Tables {
		for _, r := range table.Rows {
			label := r.Name
			if table.Label("") != "" && label == "" {
				label = table.Label("")
			}
			if table.By == by && !(by == "code" && r.Name == "ok") {
				add(label, r.Counts)
			}
		}
	}
	return list
}

// requireTimes compares the table of latencies. Over time, it is the hours that
// have answers: their numbers are compared in one interval, below.
func (p panel) requireTimes(t *testing.T, want *clickreport.Report, rows []map[string]any, at string) {
	t.Helper()
	if p.kind == "timeseries" {
		require.Equal(t, len(want.Latency) > 0, len(rows) > 0, at)
		return
	}
	for _, r := range rows {
		r["name"] = r["esp"]
		if r["esp"] == (&clickreport.Table{By: "esp"}).Label("") {
			r["name"] = ""
		}
		delete(r, "esp")
		for from, to := range map[string]string{"no answer": "no_answer", "p50": "p50_us", "p95": "p95_us", "p99": "p99_us", "max": "max_us"} {
			r[to] = r[from]
			delete(r, from)
		}
	}
	slices.SortFunc(rows, func(a, b map[string]any) int { return strings.Compare(a["name"].(string), b["name"].(string)) })
	requireTimes(t, want, rows)
}

// requireLatency compares the latency over time, with all of it in one interval,
// of each ESP.
func requireLatency(t *testing.T, all look, want *clickreport.Report, queries map[string]string, ask func(string) []map[string]any) {
	t.Helper()
	require.Greater(t, len(want.Latency), 1)
	for _, l := range want.Latency {
		all.esp = []string{l.Label()}
		rows := ask(all.sql(t, queries["ESP latency"], 10_000*24*time.Hour))
		require.Len(t, rows, 1)
		for name, p := range map[string]int64{"p50": l.P50, "p95": l.P95, "p99": l.P99} {
			require.InEpsilon(t, p, rows[0][name], want.LatencyError*1.05, l.ESP)
		}
	}
}

// requireVariables: the variables offer what the log has, and each of their
// values can be chosen.
func requireVariables(t *testing.T, all look, want *clickreport.Report, queries map[string]string, ask func(string) []map[string]any) {
	t.Helper()
	for _, table := range want.Tables {
		if table.By != "host" && table.By != "esp" {
			continue
		}
		var offered, known []string
		for _, row := range ask(all.sql(t, queries["$"+table.By], time.Hour)) {
			for _, v := range row {
				offered = append(offered, v.(string))
			}
		}
		for _, r := range table.Rows {
			name := r.Name
			if name == "" {
				name = table.Label("")
			}
			known = append(known, name)
			l := all
			if l.hosts = []string{name}; table.By == "esp" {
				l.hosts, l.esp = nil, []string{name}
			}
			rows := ask(l.sql(t, queries["In this time"], time.Hour))
			require.EqualValues(t, r.Clicks, rows[0]["Clicks"], "%s %s", table.By, name)
			require.EqualValues(t, r.Missed, rows[0]["Missed"], "%s %s", table.By, name)
		}
		require.ElementsMatch(t, known, offered)
	}
}

// requireAlerts compares what the alerts ask for, at the end of the log, with
// the report of the requests that they are about.
func requireAlerts(t *testing.T, log []byte, ask func(string) []map[string]any) {
	t.Helper()
	end := time.Date(2026, 2, 28, 22, 30, lines/5, 0, time.UTC)
	for _, a := range []struct {
		uid, column, kinds string
		back               time.Duration
		number             func(c clickreport.Counts) int
	}{
		{"clickedge-missed", "missed", "click|app", 15 * time.Minute, func(c clickreport.Counts) int { return c.Missed }},
		{"clickedge-unsubscribes", "missed", "unsubscribe", time.Hour, func(c clickreport.Counts) int { return c.Missed }},
		{"clickedge-disagrees", "disagree", `\w+`, time.Hour, func(c clickreport.Counts) int { return c.Disagree }},
		{"clickedge-silent", "requests", `\w+`, time.Hour, func(c clickreport.Counts) int { return c.Requests }},
	} {
		of := regexp.MustCompile(`(?m)^.*"kind":"(`+a.kinds+`)".*\n`).FindAll(log, -1)
		report := look{from: end.Add(time.Millisecond - a.back), to: end}.report(t, bytes.Join(of, nil))
		query := alertQuery(t, a.uid)
		require.Contains(t, query, "now()")
		rows := ask(strings.ReplaceAll(query, "now()", "timestamptz '"+end.Format(time.RFC3339Nano)+"'"))
		if a.uid == "clickedge-silent" {
			require.Len(t, rows, 1)
			require.EqualValues(t, a.number(report.Total), rows[0][a.column])
			continue
		}
		have, want := map[any]any{}, map[any]any{}
		for _, row := range rows {
			if n := row[a.column].(float64); n > 0 {
				have[row["esp"]] = n
			}
		}
		for _, table := range report.Tables {
			for _, r := range table.Rows {
				if n := a.number(r.Counts); n > 0 && table.By == "esp" {
					want[r.Name] = float64(n)
				}
			}
		}
		require.NotEmpty(t, want, a.uid)
		require.Equal(t, want, have, a.uid)
	}
}

// alertQuery is the SQL of a rule.
func alertQuery(t *testing.T, uid string) string {
	t.Helper()
	for _, raw := range alerts(t, text(t, alertFile)) {
		rule, err := fitsRule(raw)
		require.NoError(t, err)
		if *rule.Uid == uid {
			return rule.Data[0].Model.(*sqlQuery).RawSQL
		}
	}
	require.Fail(t, "no rule "+uid)
	return ""
}

// requireReadOnly: the role cannot write, and a part of the time is found by the
// table's index, through the view.
func requireReadOnly(t *testing.T, psql func(string) string, query string) {
	t.Helper()
	for _, sql := range []string{"DELETE FROM clickedge_log", "CREATE TABLE public.x (y int)", "DROP VIEW clickedge_requests"} {
		psql("SET ROLE clickedge_grafana;\nDO $$ BEGIN " + sql + "; RAISE EXCEPTION 'allowed'; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;")
	}
	plan := psql("SET ROLE clickedge_grafana; EXPLAIN " + query)
	require.Contains(t, plan, "clickedge_log_time", plan)
	require.Contains(t, plan, "Anti Join", plan)
	require.NotContains(t, plan, "Seq Scan on clickedge_log l", plan)
}

// A host of the log that would be SQL stays a value.
func TestChosenIsQuoted(t *testing.T) {
	query := look{hosts: []string{"x'); DROP TABLE clickedge_log; --"}}.sql(t, chosen("host", `"host"`), time.Hour)
	require.Equal(t, `('*' IN ('x''); DROP TABLE clickedge_log; --') OR "host" IN ('x''); DROP TABLE clickedge_log; --'))`, query)
	require.NotEqual(t, everything, core.CanonicalHost(everything+".example.com"))
}
