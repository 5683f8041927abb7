package warehouse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/loghash"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/deploy/clickreport"
	"github.com/clickedge/clickedge/deploy/internal/enginetest"
)

// lines is how many lines the databases are given.
const lines = 100_000

// someLog is a log with every member, and what a collector may do to it: lines
// twice, lines of something else between them, and optional members late.
func someLog(lines int) []byte {
	r := rand.New(rand.NewPCG(7, 11))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	start := time.Date(2026, 2, 28, 22, 30, 0, 0, time.UTC)
	var log []byte
	for i := range lines {
		l := clicklog.Record{
			Time: start.Add(time.Duration(i) * time.Second), RequestID: fmt.Sprintf("%032x", i),
			Host: pick("link.example.com", "LINK.example.com", "link.example.com:443", "link.example.com.", "ses.example.com"),
			ESP:  pick("customerio-eu", "sendgrid", "ses-us-east-1"), Kind: esp.Kind(r.IntN(int(esp.KindHealth) + 1)), Method: pick("GET", "HEAD", "POST"),
			Action: []core.Action{core.Proxy, core.Redirect, core.Reply, core.Refuse}[r.IntN(4)], Code: outcome.Code(pick("ok", "recalled", "esp_timeout", "bad_tag")),
			Status: 302, Destination: pick("", "shop.example.com", `a"\b`+"\x01"+`'; DROP TABLE clickedge_log; --`, "www.example.com"), Micros: r.Int64N(2_000_000), Version: "v1",
		}
		if r.IntN(20) == 0 {
			l.ESP, l.Host = "", pick("scanner.example.net", "'", "10.0.0.1")
		}
		if i > lines/2 { // the members that a database must not have to guess
			l.ID, l.KeyID, l.Expiry, l.Override = "aWQ", "k1", 30_000_000, pick("", "used")
			l.OriginStatus = []int{0, 200, 302, 503}[r.IntN(4)]
			l.OriginError, l.SecondOrigin = pick("", "", "connection_refused"), pick("", "answered")
			l.Missed, l.Agrees, l.OriginDestination = pick("", "yes", "maybe"), pick("", "yes", "no"), pick("", "evil.example.net")
			l.Judged, l.Verdict = r.IntN(2) == 0, verdict.Verdict{Who: verdict.Who(r.IntN(3)), Reasons: []verdict.ReasonSet{verdict.ReasonHead, verdict.ReasonTrap, verdict.ReasonHead | verdict.ReasonTrap}[r.IntN(3)], Agent: "Some\tBot"}
			l.Late, l.Network = true, &verdict.Network{AS: r.Uint32N(4), ProxyType: pick("", "hosting", `a"\'`), ProxyDescription: pick("", "cloud"), JA4: pick("", "t13d1516h2_8daaf6152771_02713d6af862"), H2: pick("", "1:65536|0|0|m,a,s,p")}
			l.Verdict.Network = verdict.NetworkName(r.IntN(3))
			l.Hashes = &loghash.Hashes{Mail: loghash.Sum(r.Uint64N(9)), Reader: loghash.Sum(r.Uint64()), Link: loghash.Sum(r.Uint64N(99))}
			l.VCPU, l.Reading = 3, []esp.Grade{esp.Unread, esp.Likely, esp.Certain}[r.IntN(3)]
		}
		begin := len(log)
		log = l.AppendJSON(log)
		if r.IntN(100) == 0 {
			log = append(log, log[begin:]...)
		}
	}
	return log
}

// engine runs the files of a database in a folder that has clicks.ndjson, and
// returns what each query gave.
type engine func(t *testing.T, dir string, statements []string, queries []string) [][]map[string]any

// On real databases the queries count what clickedge clicks counts.
func TestEngines(t *testing.T) {
	log := someLog(lines)
	var clicks clickreport.Clicks
	require.NoError(t, clicks.Lines(bytes.NewReader(log), clicks.Line))
	want, members := clicks.Report(), members(t)
	filled := filledMembers(t, log)
	require.Len(t, filled, len(members), "the log has every member")
	require.Equal(t, lines, want.Total.Requests)
	requireTelling(t, want)
	for name, run := range map[string]engine{"duckdb": duckdb, "clickhouse": clickhouse, "postgres": postgres} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "clicks.ndjson"), log, 0o644))
			names, queries := queriesOf(t, name)
			queries = append(queries, filledQuery(name, members))
			got := run(t, dir, []string{text(t, name, "schema.sql"), text(t, name, "schema.sql"), text(t, name, "load.sql")}, queries)
			require.Len(t, got, len(names)+1)
			require.Equal(t, filled, numbers(t, got[len(names)][0]))
			for i, query := range names {
				requireSame(t, want, query, got[i])
			}
		})
	}
}

// A table that an earlier version has made, with its lines, gets what it lacks,
// however often it is asked to, and then takes lines of today.
func TestEnginesUpgrade(t *testing.T) {
	all := members(t)
	old := slices.DeleteFunc(slices.Clone(all), func(m member) bool {
		return slices.Contains([]string{"asn", "network", "proxy", "ja4", "h2", "mail_hash", "reader_hash", "link_hash"}, m.name)
	})
	require.Len(t, old, len(all)-8)
	log := someLog(2000)
	filled := filledMembers(t, log)
	for _, m := range old { // these lines are there twice
		filled["n_"+m.name] = filled["n_"+m.name].(float64) * 2
	}
	for _, d := range dialects() {
		run := map[string]engine{"duckdb": duckdb, "clickhouse": clickhouse, "postgres": postgres}[d.name]
		if run == nil {
			continue // read by a parser: TestDialects
		}
		t.Run(d.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "clicks.ndjson"), log, 0o644))
			upgrade, schema := text(t, d.name, "upgrade.sql"), text(t, d.name, "schema.sql")
			_, queries := queriesOf(t, d.name)
			got := run(t, dir, []string{d.schema(old), d.loading(old), upgrade, schema, upgrade, upgrade, schema, text(t, d.name, "load.sql")},
				[]string{filledQuery(d.name, all), "SELECT COUNT(*) AS n, COUNT(DISTINCT request) AS once FROM clickedge_requests", queries[0]})
			require.Equal(t, filled, numbers(t, got[0][0]))
			require.Equal(t, map[string]any{"n": 2000.0, "once": 2000.0}, numbers(t, got[1][0]))
			require.EqualValues(t, 2000, numbers(t, got[2][0])["requests"])
		})
	}
}

// requireTelling: no comparison with the report is one of nothing. Each count is
// there and is not that of all requests, and each table has several rows.
func requireTelling(t *testing.T, want *clickreport.Report) {
	t.Helper()
	require.Positive(t, want.Repeats)
	for name, n := range row(t, want.Total, "") {
		if name != "name" {
			require.Greater(t, n, 0.0, name)
			require.True(t, name == "requests" || n.(float64) < float64(want.Total.Requests), name)
		}
	}
	for _, table := range want.Tables {
		require.Greater(t, len(table.Rows), 1, table.By)
	}
	require.Greater(t, len(want.Latency), 1)
	for _, l := range want.Latency {
		require.True(t, l.Answers > 0 && l.NoAnswer > 0 && l.P50 < l.P95 && l.P95 < l.P99, "%+v", l)
	}
}

// filledMembers counts the lines that have each member.
func filledMembers(t *testing.T, log []byte) map[string]any {
	t.Helper()
	filled := map[string]any{}
	for line := range bytes.Lines(log) {
		var l map[string]any
		require.NoError(t, json.Unmarshal(line, &l))
		for name := range l {
			n, _ := filled["n_"+name].(float64)
			filled["n_"+name] = n + 1
		}
	}
	return filled
}

// filledQuery counts the rows of the table that have each column.
func filledQuery(name string, members []member) string {
	quote := map[string]string{"clickhouse": "`"}[name]
	if quote == "" {
		quote = `"`
	}
	var columns []string
	for _, m := range members {
		columns = append(columns, fmt.Sprintf("COUNT(%s%s%s) AS n_%s", quote, m.name, quote, m.name))
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM clickedge_log"
}

func text(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(b)
}

// queryPattern finds a query with its name.
var queryPattern = regexp.MustCompile(`(?ms)^-- (\w+): [^\n]*\n(SELECT.*?);$`)

// queriesOf are the queries of a database, with their names.
func queriesOf(t *testing.T, name string) (names, queries []string) {
	t.Helper()
	for _, part := range queryPattern.FindAllStringSubmatch(text(t, name, "queries.sql"), -1) {
		names, queries = append(names, part[1]), append(queries, part[2])
	}
	require.Equal(t, append(append([]string{"total"}, clickreport.Names()...), "latency"), names)
	return names, queries
}

// requireSame compares the rows of a query with the report.
func requireSame(t require.TestingT, want *clickreport.Report, query string, rows []map[string]any) {
	expected := map[string]clickreport.Counts{}
	switch query {
	case "latency":
		requireTimes(t, want, rows)
		return
	case "total":
		expected[""] = want.Total
	default:
		for _, table := range want.Tables {
			for _, row := range table.Rows {
				if table.By == query {
					expected[row.Name] = row.Counts
				}
			}
		}
	}
	require.Len(t, rows, len(expected), "%s: %v", query, rows)
	for _, row := range rows {
		name, _ := row["name"].(string)
		delete(row, "name")
		if query == "hour" {
			name = strings.Replace(name[:19], " ", "T", 1) + "Z"
		}
		var wanted map[string]any
		counts, known := expected[name]
		require.True(t, known, "%s: %q", query, name)
		encoded, err := json.Marshal(counts)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(encoded, &wanted))
		require.Equal(t, wanted, numbers(t, row), "%s %s", query, name)
	}
}

// numbers turns numbers that a database writes as strings into numbers.
func numbers(t require.TestingT, row map[string]any) map[string]any {
	for name, v := range row {
		if s, ok := v.(string); ok {
			n, err := strconv.ParseFloat(s, 64)
			require.NoError(t, err)
			row[name] = n
		}
	}
	return row
}

// requireTimes compares percentiles, which the report has within its error.
func requireTimes(t require.TestingT, want *clickreport.Report, rows []map[string]any) {
	require.Len(t, rows, len(want.Latency))
	for i, row := range rows {
		l := want.Latency[i]
		require.Equal(t, l.ESP, row["name"])
		delete(row, "name")
		n := numbers(t, row)
		require.EqualValues(t, l.Answers, n["answers"])
		require.EqualValues(t, l.NoAnswer, n["no_answer"])
		require.EqualValues(t, l.Max, n["max_us"])
		for name, p := range map[string]int64{"p50_us": l.P50, "p95_us": l.P95, "p99_us": l.P99} {
			require.InEpsilon(t, p, n[name], want.LatencyError*1.05, name)
		}
	}
}

// sqlglot reads SQL of many databases; it stands for those that cannot be run
// here.
const sqlglot = `
import sys
try:
    import sqlglot
except ImportError:
    sys.exit(3)
print(len([s for s in sqlglot.parse(sys.stdin.read(), read=sys.argv[1]) if s]))
`

// A parser that knows each database's dialect reads the files, and a slip in
// them is one to it.
func TestDialects(t *testing.T) {
	python := enginetest.Need(t, "python3")
	if exec.CommandContext(t.Context(), python, "-c", "import sqlglot").Run() != nil {
		enginetest.Need(t, "sqlglot for "+python)
	}
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			require.NotEqual(t, "0\n", run(t, "", text(t, d.name, "schema.sql"), python, "-c", sqlglot, d.name))
			require.Equal(t, fmt.Sprintln(strings.Count(d.upgrade(members(t)), ";\n")), run(t, "", text(t, d.name, "upgrade.sql"), python, "-c", sqlglot, d.name))
			queries := text(t, d.name, "queries.sql")
			require.Equal(t, fmt.Sprintln(strings.Count(queries, "\n-- ")-1), run(t, "", queries, python, "-c", sqlglot, d.name))
			slip := exec.CommandContext(t.Context(), python, "-c", sqlglot, d.name)
			slip.Stdin = strings.NewReader(strings.Replace(queries, "GROUP BY", "GROUP GROUP", 1))
			require.Error(t, slip.Run())
		})
	}
}

func run(t *testing.T, dir, input, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, "%s: %s%s", program, out, &said)
	return string(out)
}

// rows reads JSON: one array, or an object a line.
func rows(t *testing.T, text string) (list []map[string]any) {
	t.Helper()
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "[") {
		require.NoError(t, json.Unmarshal([]byte(text), &list), "%s", text)
		return list
	}
	for line := range strings.Lines(text) {
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &row), "%s", line)
		list = append(list, row)
	}
	return list
}

func duckdb(t *testing.T, dir string, statements, queries []string) (list [][]map[string]any) {
	path := enginetest.Need(t, "duckdb")
	run(t, dir, strings.Join(statements, "\n"), path, "clicks.db")
	for _, q := range queries {
		list = append(list, rows(t, run(t, dir, "", path, "-json", "clicks.db", q)))
	}
	return list
}

// chdb is ClickHouse as a library; it runs statements that come as JSON.
const chdb = `
import json, sys
try:
    from chdb import session
except ImportError:
    sys.exit(3)
s = session.Session("clicks.chdb")
asked = json.load(sys.stdin)
for q in asked["statements"]:
    s.query(q)
print(json.dumps([str(s.query(q, "JSONEachRow")) for q in asked["queries"]]))
`

func clickhouse(t *testing.T, dir string, statements, queries []string) (list [][]map[string]any) {
	python := enginetest.Need(t, "python3")
	if exec.CommandContext(t.Context(), python, "-c", "import chdb").Run() != nil {
		enginetest.Need(t, "chdb for "+python)
	}
	single := regexp.MustCompile(`(?m);\s*$`).Split(strings.Join(statements, "\n"), -1)
	var parts []string
	for _, s := range single {
		if strings.TrimSpace(s) != "" {
			parts = append(parts, s)
		}
	}
	asked, err := json.Marshal(map[string][]string{"statements": parts, "queries": queries})
	require.NoError(t, err)
	var answers []string
	require.NoError(t, json.Unmarshal([]byte(run(t, dir, string(asked), python, "-c", chdb)), &answers))
	for _, a := range answers {
		list = append(list, rows(t, a))
	}
	return list
}

func postgres(t *testing.T, dir string, statements, queries []string) (list [][]map[string]any) {
	psql := startPostgres(t, dir)
	psql(strings.Join(statements, "\n"))
	for _, q := range queries {
		list = append(list, rows(t, psql(asJSON(q))))
	}
	return list
}

// asJSON is a query whose rows come as one JSON array.
func asJSON(query string) string { return "SELECT json_agg(q) FROM (" + query + ") AS q;" }

// startPostgres starts a server and returns what runs SQL on it, with the files of
// a folder at hand.
func startPostgres(t *testing.T, dir string) func(sql string) string {
	server := enginetest.NewPostgres(t)
	return func(sql string) string {
		return run(t, dir, sql, enginetest.Need(t, "psql"), "--host="+server.Dir, "--username=clickedge", "--dbname=postgres", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
	}
}
