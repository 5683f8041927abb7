package collect

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/deploy/clickreport"
	"github.com/clickedge/clickedge/deploy/internal/enginetest"
)

// engineLines is how many lines the databases get.
const engineLines = 100_000

// someLines are lines with all that is counted, and what an attacker may write.
func someLines(from, to int) string {
	r := rand.New(rand.NewPCG(uint64(from), 5))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	start := time.Date(2026, 2, 28, 22, 30, 0, 0, time.UTC)
	var log []byte
	for i := from; i < to; i++ {
		l := clicklog.Record{
			Time: start.Add(time.Duration(i) * time.Second), RequestID: fmt.Sprintf("%032x", i),
			Host: pick("link.example.com", "LINK.example.com", "link.example.com:443", "ses.example.com"),
			ESP:  pick("", "customerio-eu", "sendgrid"), Kind: esp.Kind(r.IntN(int(esp.KindOther) + 1)), Method: pick("GET", "HEAD"),
			Action: []core.Action{core.Proxy, core.Redirect, core.Reply, core.Refuse}[r.IntN(4)], Code: outcome.Code(pick("ok", "recalled", "bad_tag")),
			Status: 302, Destination: pick("", "shop.example.com", `a"\b`+"\x01"+`'; DROP TABLE clickedge_log; --`), Micros: r.Int64N(2_000_000), Version: "v1",
			OriginStatus: []int{0, 200, 503}[r.IntN(3)], OriginError: pick("", "connection_refused"), Missed: pick("", "yes", "maybe"), Agrees: pick("", "yes", "no"),
			Judged: r.IntN(2) == 0, Verdict: verdict.Verdict{Who: verdict.Who(r.IntN(3))},
		}
		log = l.AppendJSON(log)
	}
	return string(log)
}

// asker runs a query on a database, and returns its rows.
type asker func(query string) []map[string]any

// requireSame compares a database with the folder: its queries count what
// clickedge clicks counts.
func (r *running) requireSame(name string, ask asker) {
	r.t.Helper()
	want := r.report()
	text, err := os.ReadFile(filepath.Join("..", "warehouse", name, "queries.sql"))
	require.NoError(r.t, err)
	tables := map[string]map[string]clickreport.Counts{"total": {"": want.Total}}
	for _, table := range want.Tables {
		tables[table.By] = map[string]clickreport.Counts{}
		for _, row := range table.Rows {
			tables[table.By][row.Name] = row.Counts
		}
	}
	compared := 0
	for _, part := range regexp.MustCompile(`(?ms)^-- (\w+): [^\n]*\n(SELECT.*?);$`).FindAllStringSubmatch(string(text), -1) {
		rows, known := tables[part[1]]
		if !known {
			continue // latency, which deploy/warehouse compares
		}
		compared++
		got := ask(part[2])
		require.Len(r.t, got, len(rows), part[1])
		for _, row := range got {
			key, _ := row["name"].(string)
			if part[1] == "hour" {
				key = strings.Replace(key[:19], " ", "T", 1) + "Z"
			}
			delete(row, "name")
			expected, err := json.Marshal(rows[key])
			require.NoError(r.t, err)
			found, err := json.Marshal(row)
			require.NoError(r.t, err)
			require.JSONEq(r.t, string(expected), string(found), "%s %q", part[1], key)
		}
	}
	require.Equal(r.t, len(tables), compared)
}

// askDuck asks with the program duckdb.
func askDuck(t *testing.T, program, file string) asker {
	return func(query string) (rows []map[string]any) {
		out, err := exec.Command(program, "-readonly", "-json", file, query).CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.NoError(t, json.Unmarshal(out, &rows), "%s", out)
		for _, row := range rows {
			plainNumbers(row)
		}
		return rows
	}
}

// plainNumbers turns what DuckDB writes as text, as it is a HUGEINT, into
// numbers.
func plainNumbers(row map[string]any) {
	for name, v := range row {
		if text, ok := v.(string); ok && name != "name" {
			row[name] = json.Number(text)
		}
	}
}

func askPostgres(t *testing.T, url string) asker {
	return func(query string) (rows []map[string]any) {
		conn, err := pgx.Connect(t.Context(), url)
		require.NoError(t, err)
		defer conn.Close(t.Context())
		var text []byte
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT COALESCE(json_agg(q), '[]') FROM ("+query+") AS q").Scan(&text))
		require.NoError(t, json.Unmarshal(text, &rows))
		return rows
	}
}

// engine is a database that a collector loads into.
type engine struct {
	use  func(o *Options)
	ask  asker
	kill func() // it is away, as others see it
	back func()
}

func engines(t *testing.T) map[string]func(t *testing.T) engine {
	return map[string]func(*testing.T) engine{
		"postgres": func(t *testing.T) engine {
			p := enginetest.NewPostgres(t)
			url := p.URL("postgres")
			return engine{use: func(o *Options) { o.Postgres = url }, ask: askPostgres(t, url), kill: p.Kill, back: p.Start}
		},
		"duckdb": func(t *testing.T) engine {
			program := enginetest.Need(t, "duckdb")
			file := filepath.Join(t.TempDir(), "clicks.db")
			var other *exec.Cmd
			return engine{use: func(o *Options) { o.DuckDB = file }, ask: askDuck(t, program, file),
				kill: func() { other = holdDuck(t, program, file) },
				back: func() { _ = other.Process.Kill(); _ = other.Wait() }}
		},
	}
}

// holdDuck is somebody who has the database open, so that nobody can load. A
// collector that has it open at that moment is waited for.
func holdDuck(t *testing.T, program, file string) *exec.Cmd {
	for {
		cmd := exec.CommandContext(t.Context(), program, "-batch", "-csv", "-noheader", file)
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, _ = fmt.Fprintln(in, "SELECT 'open';")
		if n, _ := out.Read(make([]byte, 16)); n > 0 {
			return cmd
		}
		require.Error(t, cmd.Wait(), "it ends without a word only where another has the database")
		require.NoError(t, t.Context().Err())
	}
}

// endLoaded ends the collector, and starts it again where the end came before
// all was in the database, as on a busy machine.
func (r *running) endLoaded() {
	r.t.Helper()
	for {
		before := len(r.said.String())
		r.end()
		if !strings.Contains(r.said.String()[before:], "the next start loads them") {
			return
		}
		r.start()
	}
}

// What was collected is in the database, line for line: through restarts, while
// the database is away, and beside lines that come twice or that it refuses.
func TestEngines(t *testing.T) {
	for name, make := range engines(t) {
		t.Run(name, func(t *testing.T) {
			e := make(t)
			r := newRunning(t)
			e.use(&r.o)
			r.o.FileMiB, r.o.Gzip = 8, true
			step := engineLines / 5
			r.start()
			r.post(someLines(0, step))
			r.post("[" + strings.ReplaceAll(strings.TrimSpace(someLines(step, 2*step)), "\n", ",") + "]")
			r.post(someLines(0, 1000)) // its answer was lost
			r.endLoaded()
			r.requireSame(name, e.ask)

			r.start()
			e.kill()
			r.post(someLines(2*step, 3*step))
			r.until("takes no lines, which is tried again")
			r.post(someLines(3*step, 4*step))
			r.end()
			require.Contains(t, r.said.String(), "the next start loads them")
			e.back()
			r.start()
			r.post(someLines(4*step, engineLines))
			r.endLoaded()
			require.Equal(t, engineLines, r.report().Total.Requests)
			r.requireSame(name, e.ask)
			rows := e.ask("SELECT COUNT(*) AS n FROM clickedge_log")
			require.EqualValues(t, engineLines+1000, rows[0]["n"], "a line that came twice stands twice, and no other")
			require.Contains(t, r.said.String(), "log are not in the")
		})
	}
}

// Of what only the database refuses the sums say nothing, and the operator is
// told; every other line of the same batch is there.
func TestEnginesRefuse(t *testing.T) {
	for name, make := range engines(t) {
		t.Run(name, func(t *testing.T) {
			e := make(t)
			r := newRunning(t)
			e.use(&r.o)
			r.start()
			bad := []string{
				strings.Replace(line(1_000_001), `"version":"v1"`, `"version":"v1","vcpu_ms":"hunter2"`, 1),
				strings.Replace(line(1_000_002), `,"version":"v1"`, ``, 1),
			}
			r.post(someLines(0, 500) + bad[0] + "\n" + someLines(500, 900) + bad[1] + "\n" + someLines(900, 1000))
			r.endLoaded()
			r.start() // and what only the database finds
			bad = append(bad, strings.Replace(line(1_000_003), `"version":"v1"`, `"version":"\ud800"`, 1))
			r.post(someLines(1000, 1003) + bad[2] + "\n" + someLines(1003, 1005))
			r.endLoaded()
			require.Equal(t, 3, strings.Count(r.said.String(), "does not take a line of"), "%s", &r.said)
			rows := e.ask("SELECT COUNT(*) AS n FROM clickedge_log")
			require.EqualValues(t, 1005, rows[0]["n"])
			list, err := filepath.Glob(filepath.Join(r.o.Dir, "rejected", "*"))
			require.NoError(t, err)
			require.Len(t, list, 1)
			text, err := os.ReadFile(list[0])
			require.NoError(t, err)
			require.ElementsMatch(t, bad, strings.Split(strings.TrimSpace(string(text)), "\n"))
			require.NotContains(t, r.said.String(), "hunter2")
		})
	}
}

// A database whose table was made before the log had all of its members gets the
// columns that it lacks, and keeps its rows.
func TestEnginesOldTable(t *testing.T) {
	for name, make := range engines(t) {
		t.Run(name, func(t *testing.T) {
			e := make(t)
			r := newRunning(t)
			e.use(&r.o)
			r.start()
			r.post(someLines(0, 100))
			r.endLoaded()
			change(t, r.o, "DROP VIEW clickedge_requests", "ALTER TABLE clickedge_log DROP COLUMN agrees", "CREATE VIEW clickedge_requests AS SELECT request FROM clickedge_log")
			r.start()
			r.post(someLines(100, 200))
			r.endLoaded()
			rows := e.ask("SELECT COUNT(*) AS n, COUNT(agrees) AS agrees FROM clickedge_requests")
			require.EqualValues(t, 200, rows[0]["n"])
			require.Positive(t, rows[0]["agrees"])
		})
	}
}

// change runs statements on the database of a collector.
func change(t *testing.T, o Options, statements ...string) {
	t.Helper()
	text := strings.Join(statements, ";\n") + ";"
	if o.DuckDB != "" {
		out, err := exec.Command("duckdb", o.DuckDB, text).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	conn, err := pgx.Connect(t.Context(), o.Postgres)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.PgConn().Exec(t.Context(), text).ReadAll()
	require.NoError(t, err)
}

// A file that is not in the database yet stays, whatever --keep says.
func TestKeepWaits(t *testing.T) {
	e := engines(t)["duckdb"](t)
	r := newRunning(t)
	e.use(&r.o)
	r.o.Keep = 1
	old := filepath.Join(r.o.Dir, "clicks", "2026", "01", "01")
	require.NoError(t, os.MkdirAll(old, 0o750))
	file := filepath.Join(old, "20260101T02-019c8f0a7b31-5d2e8f00.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(someLines(0, 10)), 0o600))
	r.start()
	r.post(someLines(10, 20))
	r.until("removed " + file)
	r.endLoaded()
	require.NoFileExists(t, file)
	require.Contains(t, r.said.String(), "files of the log are removed when they are older than 1 days")
	rows := e.ask("SELECT COUNT(*) AS n FROM clickedge_log")
	require.EqualValues(t, 20, rows[0]["n"])

	require.NoError(t, os.MkdirAll(old, 0o750))
	file = filepath.Join(old, "20260101T02-019c8f0a7b31-5d2e8f01.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(someLines(20, 30)), 0o600))
	e.kill()
	r.start()
	r.until("stays, since it is not in a database yet")
	r.end()
	e.back()
	require.FileExists(t, file)
}
