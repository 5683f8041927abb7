package clickreport

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/clicklog"
)

// read counts lines. Each line is the members behind the time and the id.
func read(t testing.TB, lines ...string) *Clicks {
	t.Helper()
	c := new(Clicks)
	require.NoError(t, c.Lines(strings.NewReader(strings.Join(lines, "\n")), c.Line))
	return c
}

// line is a line of the log with these members instead of the usual ones.
func line(id int, members ...string) string {
	m := map[string]any{"v": 1, "time": "2026-03-01T13:20:00.000Z", "request": fmt.Sprint("r", id), "host": "link.example.com", "esp": "mailgun",
		"kind": "click", "method": "GET", "action": "proxy", "code": "ok", "status": 302, "destination": "shop.example.com", "us": 1000, "version": "1"}
	for i := 0; i < len(members); i += 2 {
		m[members[i]] = members[i+1]
		if slices.Contains([]string{"us", "origin_status", "asn"}, members[i]) {
			m[members[i]] = json.Number(members[i+1])
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (r *Report) table(by By) *Table { return &r.Tables[by] }

// Each number counts what its comment says.
func TestCounts(t *testing.T) {
	r := read(t,
		line(1, "verdict", "human"),
		line(2, "verdict", "bot", "kind", "app"),
		line(3, "kind", "open", "verdict", "bot"),
		line(4, "kind", "unsubscribe", "missed", "maybe", "action", "refuse", "code", "esp_timeout", "destination", ""),
		line(5, "action", "redirect", "code", "esp_unreachable", "missed", "yes"),
		line(6, "action", "redirect", "code", "recalled"),
		line(7, "action", "refuse", "code", "recalled", "destination", ""),
		line(8, "agrees", "no", "action", "redirect"),
		line(9, "kind", "health", "missed", "yes"),
		line(9, "kind", "health", "missed", "yes"),
	).Report()
	require.Equal(t, Counts{Requests: 9, Clicks: 6, Human: 1, Bot: 1, Unknown: 4, Opens: 1, Unsubscribes: 1, Other: 1,
		Missed: 2, Certain: 1, Recovered: 1, Recalled: 2, Refused: 2, Disagree: 1}, r.Total)
	require.Equal(t, 1, r.Repeats)
	require.Equal(t, []string{"1 line repeats a request that was counted already"}, r.Notes)
	require.Equal(t, 7, r.table(ByDestination).Rows[0].Requests)
}

// Hosts are counted as browsers spell them, and those that no site has share a
// row: whoever scans could fill the table with them.
// A network is known by its name, else by its number; lines without one are in
// no row, and a log without any has no such table in its text and page.
func TestNetworks(t *testing.T) {
	r := read(t, line(1, "asn", "22843", "network", "proofpoint", "verdict", "bot"), line(2, "asn", "64496"), line(3, "asn", "22843", "network", "proofpoint"), line(4)).Report()
	require.Equal(t, []Row{{"proofpoint", Counts{Requests: 2, Clicks: 2, Bot: 1, Unknown: 1}}, {"AS64496", Counts{Requests: 1, Clicks: 1, Unknown: 1}}}, r.table(ByNetwork).Rows)
	var text, page, table bytes.Buffer
	require.NoError(t, r.Text(&text, 0))
	require.NoError(t, r.HTML(&page))
	require.NoError(t, r.CSV(&table))
	require.Regexp(t, `(?m)^NETWORK +REQUESTS`, text.String())
	require.Contains(t, page.String(), "By network")
	require.Contains(t, table.String(), "\nnetwork,proofpoint,2,")
	r = read(t, line(1)).Report()
	text.Reset()
	page.Reset()
	require.NoError(t, r.Text(&text, 0))
	require.NoError(t, r.HTML(&page))
	require.NotContains(t, text.String(), "NETWORK")
	require.NotContains(t, page.String(), "By network")
}

func TestHosts(t *testing.T) {
	lines := []string{line(-1, "host", "LINK.example.com:443"), line(-2, "host", "link.example.com.")}
	for i := range 3 * Most {
		lines = append(lines, line(i, "host", fmt.Sprintf("%d.scan.example", i), "esp", "", "action", "refuse", "code", "wrong_host", "destination", ""))
	}
	r := read(t, append(lines, line(-3, "host", "late.example"))...).Report()
	rows := r.table(ByHost).Rows
	require.Len(t, rows, 3)
	require.Equal(t, "(no site has it)", r.table(ByHost).Label(rows[0].Name))
	require.Equal(t, 3*Most, rows[0].Requests)
	require.Equal(t, "link.example.com", rows[1].Name)
	require.Equal(t, 2, rows[1].Requests)
	require.Equal(t, "late.example", rows[2].Name)
	require.Empty(t, r.Notes)
}

// A table is bounded, and what is beyond is counted and said, in every form.
func TestTablesAreBounded(t *testing.T) {
	var lines []string
	for i := range 2*Most + 1 {
		name := fmt.Sprintf("d%d.example", i)
		lines = append(lines, line(i, "destination", name, "esp", name, "kind", name, "verdict", name, "code", name, "origin_status", "302"))
	}
	c := read(t, append(lines, line(9999, "destination", strings.Repeat("x", 20_000), "esp", strings.Repeat("x", 20_000)))...)
	r := c.Report()
	for _, by := range []By{ByESP, ByKind, ByVerdict, ByCode, ByDestination} {
		require.Len(t, r.table(by).Rows, Most, by)
		require.Equal(t, Most+2, r.table(by).Others.Requests, by)
	}
	require.Len(t, r.Latency, mostESPs+1)
	require.Equal(t, Latency{Others: true, Answers: 2*Most + 1 - mostESPs}, Latency{Others: r.Latency[mostESPs].Others, Answers: r.Latency[mostESPs].Answers})
	require.Contains(t, r.Notes, "the table by destination has its 1000 rows: 1002 requests of further ones are counted as others")
	require.Contains(t, r.Notes, "times are kept of 100 ESPs: those of further ones are in one row")
	var text, page, table bytes.Buffer
	require.NoError(t, r.Text(&text, 3))
	require.Regexp(t, `\n\(997 more\) +997 `, text.String())
	require.Regexp(t, `\n\(others\) +1002 `, text.String())
	require.NoError(t, r.HTML(&page))
	require.Contains(t, page.String(), "(others)")
	require.NoError(t, r.CSV(&table))
	require.Contains(t, table.String(), "\ndestination+,,1002,")
}

// Keep leaves tables, and times only beside the ESPs.
func TestKeep(t *testing.T) {
	r := read(t, line(1, "origin_status", "302")).Report()
	r.Keep(nil)
	require.Len(t, r.Tables, tables)
	r.Keep([]string{"esp", "hour"})
	require.Len(t, r.Tables, 2)
	require.Len(t, r.Latency, 1)
	r.Keep([]string{"hour"})
	require.Empty(t, r.Latency)
	require.NotNil(t, r.Latency)
}

// FuzzClicks: what is counted is the same as what missed counts, each table adds
// up to the total, and whatever is in the log, the page has no element and the
// CSV no cell that the report did not put there.
func FuzzClicks(f *testing.F) {
	f.Add(line(1) + "\n" + line(1) + "\nx\n")
	f.Add(line(1, "missed", "yes", "kind", "health") + "\n" + line(2, "missed", "maybe", "kind", "<b>", "esp", "=1", "origin_status", "502", "us", "-5"))
	f.Add(line(1, "time", "0001-01-01T00:00:01Z", "us", "9223372036854775807", "origin_status", "1") + "\n" + line(2, "time", "9999-12-31T23:59:59-23:59", "host", `"><script>`, "destination", "</title>\u202e"))
	f.Fuzz(func(t *testing.T, log string) {
		c, m := new(Clicks), new(clicklog.Missed)
		require.NoError(t, c.Lines(strings.NewReader(log), c.Line))
		require.NoError(t, m.Lines(strings.NewReader(log), m.Line))
		r, missed := c.Report(), m.Report()
		total := missed.Total
		require.Equal(t, total.Clicks+total.Opens+total.Unsubscribes+total.Other, r.Total.Missed)
		require.Equal(t, total.Certain, r.Total.Certain)
		require.Equal(t, r.Total.Requests, r.Lines-r.Repeats)
		require.Equal(t, r.Total.Requests, r.Total.Clicks+r.Total.Opens+r.Total.Unsubscribes+r.Total.Other)
		for _, table := range r.Tables[:ByDestination] {
			require.Equal(t, r.Total, sum(&table), table.By)
		}
		requireOnlyOurs(t, r)
	})
}

func sum(t *Table) (all Counts) {
	for i := range t.Rows {
		all.plus(&t.Rows[i].Counts)
	}
	if t.Others != nil {
		all.plus(t.Others)
	}
	return all
}

func requireOnlyOurs(t *testing.T, r *Report) {
	var text, page, table bytes.Buffer
	require.NoError(t, r.Text(&text, 0))
	require.NotContains(t, text.String(), "\x1b")
	require.NoError(t, r.HTML(&page))
	requireElements(t, page.Bytes())
	require.NoError(t, r.CSV(&table))
	rows, err := csv.NewReader(&table).ReadAll()
	require.NoError(t, err)
	for _, row := range rows {
		require.Len(t, row, len(csvHead))
		require.NotContains(t, "=+-@", (row[1] + " ")[:1])
	}
}

// What a line costs: go test -bench Line -benchmem.
func BenchmarkLine(b *testing.B) {
	lines := make([][]byte, 1000)
	for i := range lines {
		lines[i] = []byte(line(i, "verdict", "human", "reasons", "not_analysed,user_activation", "origin_status", "302", "vcpu_ms", "1"))
	}
	c := new(Clicks)
	i := 0
	for b.Loop() {
		c.Line(lines[i%1000])
		i++
	}
}
