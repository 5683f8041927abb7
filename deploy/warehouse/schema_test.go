package warehouse

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the files of SQL anew")

// member is one member of the log's lines.
type member struct {
	name   string
	kind   string // number, string or time
	always bool
	text   string // what it means, first sentence
}

// members reads the table of the specification.
func members(t *testing.T) (list []member) {
	t.Helper()
	spec, err := os.ReadFile("../../core/spec/click-log.md")
	require.NoError(t, err)
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (number|string) \\| (yes|no) \\| (.*) \\|$").FindAllStringSubmatch(string(spec), -1) {
		m := member{name: row[1], kind: row[2], always: row[3] == "yes", text: row[4]}
		if m.name == "time" {
			m.kind = "time"
		}
		list = append(list, m)
	}
	require.Greater(t, len(list), 20)
	return list
}

// dialect is what SQL is in one database.
type dialect struct {
	name, title string
	quote       string
	types       map[string]string // by kind
	optional    func(typ string) string
	table       string // what opens the table's definition
	options     string // what closes it
	once        string // each request once
	hour        string // of the column time
	// percentile is the p hundredth of us among the rows that were answered.
	percentile func(p int, answered string) string
	port       string // the host without port and dot at the end, in lower case
	load       string // how files get in; %s is the list of columns
}

// nullable leaves a type as it is: its values may be NULL.
func nullable(typ string) string { return typ }

const onceByRow = "SELECT * FROM clickedge_log%s QUALIFY ROW_NUMBER() OVER (PARTITION BY %s ORDER BY %s) = 1"

func dialects() []dialect {
	return []dialect{
		{
			name: "duckdb", title: "DuckDB", quote: `"`,
			types:    map[string]string{"number": "BIGINT", "string": "VARCHAR", "time": "TIMESTAMP"},
			optional: nullable, table: "CREATE TABLE IF NOT EXISTS clickedge_log (", options: ");",
			once: fmt.Sprintf(onceByRow, "", `"request"`, `"time"`),
			hour: `date_trunc('hour', "time")`,
			percentile: func(p int, answered string) string {
				return fmt.Sprintf(`quantile_disc("us", 0.%02d) FILTER (WHERE %s)`, p, answered)
			},
			port: `lower(regexp_replace("host", '\.?(:[0-9]*)?$', ''))`,
			load: "-- Put your files in place of the name. What DuckDB finds out by itself lacks members\n-- that no line at the beginning has, so the columns are named.\n" +
				"INSERT INTO clickedge_log BY NAME\nSELECT * FROM read_json('clicks.ndjson', format = 'newline_delimited', columns = {\n%s\n}) WHERE \"v\" = 1;\n",
		},
		{
			name: "postgres", title: "PostgreSQL 13 or later", quote: `"`,
			types:    map[string]string{"number": "bigint", "string": "text", "time": "timestamptz"},
			optional: nullable, table: "CREATE TABLE IF NOT EXISTS clickedge_log (",
			options: ");\nCREATE INDEX IF NOT EXISTS clickedge_log_time ON clickedge_log (\"time\");\nCREATE INDEX IF NOT EXISTS clickedge_log_request ON clickedge_log (\"request\");",
			// A condition on the time reaches the table's index this way, as it
			// does not through DISTINCT ON.
			once: "SELECT l.* FROM clickedge_log AS l WHERE NOT EXISTS (SELECT FROM clickedge_log AS e WHERE e.\"request\" = l.\"request\" AND (e.\"time\", e.tableoid, e.ctid) < (l.\"time\", l.tableoid, l.ctid))",
			hour: `date_trunc('hour', "time" AT TIME ZONE 'UTC')`,
			percentile: func(p int, answered string) string {
				return fmt.Sprintf(`percentile_disc(0.%02d) WITHIN GROUP (ORDER BY "us") FILTER (WHERE %s)`, p, answered)
			},
			port: `lower(regexp_replace("host", '\.?(:[0-9]*)?$', ''))`,
			load: "-- With psql --set=ON_ERROR_STOP=1, in the folder of the file. No byte of a line can be taken for a\n-- delimiter or a quote: both are control characters, which JSON escapes.\n" +
				"CREATE TEMPORARY TABLE clickedge_lines (line text);\n\\copy clickedge_lines FROM 'clicks.ndjson' WITH (FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01')\n" +
				"INSERT INTO clickedge_log\nSELECT l.* FROM clickedge_lines, jsonb_populate_record(NULL::clickedge_log, line::jsonb) AS l WHERE l.\"v\" = 1;\n" +
				"DROP TABLE clickedge_lines;\n",
		},
		{
			name: "clickhouse", title: "ClickHouse", quote: "`",
			types:    map[string]string{"number": "Int64", "string": "String", "time": "DateTime64(3, 'UTC')"},
			optional: func(typ string) string { return "Nullable(" + typ + ")" }, table: "CREATE TABLE IF NOT EXISTS clickedge_log (",
			options: ") ENGINE = MergeTree\nPARTITION BY toYYYYMM(`time`)\nORDER BY (`time`, `request`);",
			once:    "SELECT * FROM clickedge_log ORDER BY `time` LIMIT 1 BY `request`",
			hour:    "toStartOfHour(`time`)",
			percentile: func(p int, answered string) string {
				return fmt.Sprintf("quantileExactLowIf(0.%02d)(`us`, %s)", p, answered)
			},
			port: "lower(replaceRegexpOne(`host`, '\\\\.?(:[0-9]*)?$', ''))",
			load: "-- Put your files in place of the name; in clickhouse-client, FROM INFILE does the same.\n" +
				"INSERT INTO clickedge_log\nSELECT * FROM file('clicks.ndjson', 'JSONEachRow', '%s')\nWHERE `v` = 1\n" +
				"SETTINGS input_format_skip_unknown_fields = 1, date_time_input_format = 'best_effort';\n",
		},
		{
			name: "bigquery", title: "BigQuery", quote: "`",
			types:    map[string]string{"number": "INT64", "string": "STRING", "time": "TIMESTAMP"},
			optional: nullable, table: "CREATE TABLE IF NOT EXISTS clickedge_log (",
			options: ")\nPARTITION BY DATE(`" + bigqueryDay + "`)\nCLUSTER BY `" + strings.Join(bigqueryCluster, "`, `") + "`;",
			once:    fmt.Sprintf(onceByRow, "\nWHERE `v` = 1", "`request`", "`time`"),
			hour:    "TIMESTAMP_TRUNC(`time`, HOUR)",
			percentile: func(p int, answered string) string {
				return fmt.Sprintf("APPROX_QUANTILES(IF(%s, `us`, NULL), 100 IGNORE NULLS)[SAFE_OFFSET(%d)]", answered, p)
			},
			port: "LOWER(REGEXP_REPLACE(`host`, r'\\.?(:[0-9]*)?$', ''))",
			load: "-- In a shell, with the dataset's name before the table's, as everywhere here:\n" +
				"--   bq load --source_format=NEWLINE_DELIMITED_JSON --ignore_unknown_values DATASET.clickedge_log clicks.ndjson\n",
		},
		{
			name: "athena", title: "Amazon Athena", quote: `"`,
			types:    map[string]string{"number": "bigint", "string": "string", "time": "string"},
			optional: nullable, table: "CREATE EXTERNAL TABLE IF NOT EXISTS clickedge_log (",
			options: athenaOptions(),
			once:    "SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY \"request\" ORDER BY \"time\") AS copy FROM clickedge_log WHERE \"v\" = 1) WHERE copy = 1",
			hour:    `date_trunc('hour', from_iso8601_timestamp("time"))`,
			percentile: func(p int, answered string) string {
				return fmt.Sprintf(`approx_percentile("us", 0.%02d) FILTER (WHERE %s)`, p, answered)
			},
			port: `lower(regexp_replace("host", '\.?(:[0-9]*)?$', ''))`,
			load: "-- Athena reads the files where they lie: put your bucket's name into the table, twice.\n-- A condition on \"dt\" in a query of clickedge_log leaves days out; the view reads all of\n-- them, as a repeated line may lie in the next day's folder.\n",
		},
	}
}

// column is a member's type, which may be NULL where lines may lack it.
func (d dialect) column(m member) string {
	if m.always {
		return d.types[m.kind]
	}
	return d.optional(d.types[m.kind])
}

// columns lists the members with their types, each in this form.
func (d dialect) columns(list []member, form, between string) string {
	var b []string
	for _, m := range list {
		b = append(b, fmt.Sprintf(form, m.name, d.column(m)))
	}
	return strings.Join(b, between)
}

// upgrade gives a table of an earlier version the columns that it lacks, each
// where a new table has it: ClickHouse's load goes by their order. The view is
// dropped, as not every database lets one get a column between others.
func (d dialect) upgrade(list []member) string {
	var b strings.Builder
	fmt.Fprintf(&b, "-- For a table of an earlier version, in %s: the columns that it lacks. Afterwards, run\n-- schema.sql, which makes the view anew.\n", d.title)
	if d.name == "athena" {
		b.WriteString("-- The table only says how files are read, so it is made anew; the files stay.\nDROP VIEW IF EXISTS clickedge_requests;\nDROP TABLE IF EXISTS clickedge_log;\n")
		return b.String()
	}
	b.WriteString("DROP VIEW IF EXISTS clickedge_requests;\n")
	var columns []string
	for i, m := range list {
		if m.always {
			continue // version 1 has had it from the beginning
		}
		c := fmt.Sprintf("ADD COLUMN IF NOT EXISTS %s%s%s %s", d.quote, m.name, d.quote, d.column(m))
		if d.name == "clickhouse" {
			c += fmt.Sprintf(" AFTER %s%s%s", d.quote, list[i-1].name, d.quote)
		}
		columns = append(columns, c)
	}
	between := ",\n  "
	if d.name == "duckdb" {
		between = ";\nALTER TABLE clickedge_log\n  " // one column at a time
	}
	fmt.Fprintf(&b, "ALTER TABLE clickedge_log\n  %s;\n", strings.Join(columns, between))
	return b.String()
}

// selected are the columns of the view that are the table's.
func (d dialect) selected(list []member) (columns []string) {
	for _, m := range list {
		columns = append(columns, d.quote+m.name+d.quote)
	}
	if d.name == "athena" {
		columns = append(columns, d.quote+athenaDay()+d.quote)
	}
	return columns
}

// schema defines the table, and the view in which each request stands once.
func (d dialect) schema(list []member) string {
	var b strings.Builder
	quote := d.quote
	if d.name == "athena" {
		quote = "`" // Hive's own
	}
	fmt.Fprintf(&b, "-- The click log, version 1, in %s. What the columns mean: core/spec/click-log.md.\n%s\n", d.title, d.table)
	columns := d.selected(list)
	for i, m := range list {
		typ := d.column(m)
		if m.always && d.name != "clickhouse" && d.name != "athena" {
			typ += " NOT NULL"
		}
		comma := ","
		if i == len(list)-1 {
			comma = ""
		}
		fmt.Fprintf(&b, "  %s%s%s %s%s\n", quote, m.name, quote, typ, comma)
	}
	fmt.Fprintf(&b, "%s\n\n-- A log is delivered at least once: here each request stands once. A column is_… has 1\n-- where it is so, else 0.\n%s;\n", d.options, d.createView(columns))
	return b.String()
}

// createView defines the view.
func (d dialect) createView(columns []string) string {
	return "CREATE OR REPLACE VIEW clickedge_requests AS\n" + d.view(columns)
}

// view is the query that the view is, of these columns of the table.
func (d dialect) view(columns []string) string {
	list := []string{"  " + strings.Join(columns, ", ")}
	for _, f := range d.flags() {
		list = append(list, fmt.Sprintf("  CASE WHEN %s THEN 1 ELSE 0 END AS is_%s", f.when, f.name))
	}
	return fmt.Sprintf("SELECT\n%s\nFROM (%s) AS once", strings.Join(list, ",\n"), d.once)
}

// flagged is what a request may be, and what their number is called.
type flagged struct{ name, when, sum string }

// flags are those that clickedge clicks counts, in its order, and whether the
// reader has waited for the ESP's answer.
func (d dialect) flags() []flagged {
	q := func(name string) string { return d.quote + name + d.quote }
	click := q("kind") + " IN ('click', 'app')"
	missed := "COALESCE(" + q("missed") + ", '') <> '' AND " + q("kind") + " <> 'health'"
	return []flagged{
		{"click", click, "clicks"},
		{"human_click", click + " AND " + q("verdict") + " = 'human'", "clicks_human"},
		{"bot_click", click + " AND " + q("verdict") + " = 'bot'", "clicks_bot"},
		{"unknown_click", click + " AND COALESCE(" + q("verdict") + ", '') NOT IN ('human', 'bot')", "clicks_unknown"},
		{"open", q("kind") + " = 'open'", "opens"},
		{"unsubscribe", q("kind") + " = 'unsubscribe'", "unsubscribes"},
		{"other", q("kind") + " NOT IN ('click', 'app', 'open', 'unsubscribe')", "other"},
		{"missed", missed, "missed"},
		{"certain", missed + " AND " + q("missed") + " = 'yes'", "certain"},
		{"recovered", missed + " AND " + click + " AND " + q("action") + " = 'redirect'", "recovered"},
		{"recalled", q("code") + " = 'recalled'", "recalled"},
		{"refused", q("action") + " = 'refuse'", "refused"},
		{"disagreeing", q("agrees") + " = 'no'", "disagree"},
		{"trapped", click + " AND CONCAT(',', COALESCE(" + q("reasons") + ", ''), ',') LIKE '%,trap,%'", "traps"},
		{"answered", q("action") + " = 'proxy' AND COALESCE(" + q("origin_status") + ", 0) <> 0", ""},
		{"unanswered", "COALESCE(" + q("origin_status") + ", 0) = 0 AND COALESCE(" + q("origin_error") + ", '') <> ''", ""},
	}
}

// counts are the columns of clickedge clicks.
func (d dialect) counts() string {
	list := []string{"  COUNT(*) AS requests"}
	for _, f := range d.flags() {
		if f.sum != "" {
			list = append(list, fmt.Sprintf("SUM(is_%s) AS %s", f.name, f.sum))
		}
	}
	return strings.Join(list, ",\n  ")
}

// queries are those of every database, by name.
func (d dialect) queries() string {
	var b strings.Builder
	fmt.Fprintf(&b, "-- A first set of queries for %s. They count what \"clickedge clicks\" counts.\n-- Times are UTC.\n", d.title)
	q := func(name string) string { return d.quote + name + d.quote }
	add := func(name, what, text string) { fmt.Fprintf(&b, "\n-- %s: %s\n%s;\n", name, what, text) }
	add("total", "all requests", "SELECT\n"+d.counts()+"\nFROM clickedge_requests")
	by := func(name, what, expr, where string) {
		order := "2 DESC, 1"
		if name == "hour" {
			order = "1"
		}
		add(name, what, fmt.Sprintf("SELECT\n  %s AS name,\n%s\nFROM clickedge_requests%s\nGROUP BY 1\nORDER BY %s", expr, d.counts(), where, order))
	}
	by("hour", "by the hour", d.hour, "")
	by("host", "by link domain; hosts that no site has share a row", "CASE WHEN "+q("esp")+" = '' THEN '' ELSE "+d.port+" END", "")
	by("esp", "by ESP", q("esp"), "")
	by("kind", "by kind", q("kind"), "")
	by("verdict", "by verdict", "COALESCE("+q("verdict")+", '')", "")
	by("code", "by code", q("code"), "")
	by("destination", "by where readers were sent", q("destination"), "\nWHERE "+q("destination")+" <> ''")
	by("network", "by network, of the lines that have one", fmt.Sprintf("COALESCE(%s, CONCAT('AS', CAST(%s AS %s)))", q("network"), q("asn"), d.textType()), "\nWHERE "+q("asn")+" IS NOT NULL")
	latency := []string{"  " + q("esp") + " AS name", "SUM(is_answered) AS answers", "SUM(is_unanswered) AS no_answer"}
	for _, p := range []int{50, 95, 99} {
		latency = append(latency, fmt.Sprintf("%s AS p%d_us", d.percentile(p, "is_answered = 1"), p))
	}
	latency = append(latency, "MAX(CASE WHEN is_answered = 1 THEN "+q("us")+" END) AS max_us")
	add("latency", "microseconds until the ESP's answer was passed on, of readers who waited for it",
		"SELECT\n"+strings.Join(latency, ",\n  ")+"\nFROM clickedge_requests\nWHERE is_answered + is_unanswered > 0\nGROUP BY 1\nORDER BY 1")
	return b.String()
}

// textType is the type of text in a query, which in Athena is not Hive's.
func (d dialect) textType() string {
	if d.name == "athena" {
		return "varchar"
	}
	return d.types["string"]
}

// loading is how files get in, with the columns where the database wants them.
func (d dialect) loading(list []member) string {
	switch d.name {
	case "duckdb":
		return fmt.Sprintf(d.load, d.columns(list, "  %q: '%s'", ",\n"))
	case "clickhouse": // within a string
		return fmt.Sprintf(d.load, strings.ReplaceAll(d.columns(list, "`%s` %s", ", "), "'", `\'`))
	}
	return d.load
}

// files are those of a database, by name.
func (d dialect) files(list []member) map[string]string {
	return map[string]string{"schema.sql": d.schema(list), "upgrade.sql": d.upgrade(list), "load.sql": d.loading(list), "queries.sql": d.queries()}
}

// The files are what the specification's table says, for every database.
func TestFiles(t *testing.T) {
	list := members(t)
	for _, d := range dialects() {
		for name, text := range d.files(list) {
			path := filepath.Join(d.name, name)
			if *update {
				require.NoError(t, os.MkdirAll(d.name, 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			}
			have, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, text, string(have), "%s: run go test ./deploy/warehouse -update", path)
		}
	}
}
