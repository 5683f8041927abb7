package clickreport

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core/clean"
)

// csvHead names the columns. Times are filled for ESPs only.
var csvHead = []string{"by", "name", "requests", "clicks", "clicks_human", "clicks_bot", "clicks_unknown", "opens", "unsubscribes", "other",
	"missed", "certain", "recovered", "recalled", "refused", "disagree", "traps", "answers", "no_answer", "p50_us", "p95_us", "p99_us", "max_us"}

// CSV writes a row for the total and for each row of the tables (RFC 4180,
// lines end with a line feed alone). What a full table counts as others has "+"
// behind the table's name.
func (r *Report) CSV(w io.Writer) error {
	c := csv.NewWriter(w)
	_ = c.Write(csvHead)
	_ = c.Write(csvRow("total", "", &r.Total, nil))
	for i := range r.Tables {
		r.Tables[i].csv(c, r)
	}
	c.Flush()
	return c.Error()
}

func (t *Table) csv(c *csv.Writer, r *Report) {
	for i := range t.Rows {
		row := &t.Rows[i]
		var l *Latency
		if t.By == ByESP.String() {
			l = r.latencyOf(row.Name)
		}
		_ = c.Write(csvRow(t.By, row.Name, &row.Counts, l)) // the writer remembers its error
	}
	if t.Others != nil {
		_ = c.Write(csvRow(t.By+"+", "", t.Others, nil))
	}
}

func (r *Report) latencyOf(esp string) *Latency {
	for i := range r.Latency {
		if l := &r.Latency[i]; l.ESP == esp && !l.Others {
			return l
		}
	}
	return nil
}

func csvRow(by, name string, counts *Counts, l *Latency) []string {
	row := []string{by, cell(name)}
	for _, n := range counts.list() {
		row = append(row, strconv.Itoa(*n))
	}
	if l == nil {
		return append(row, "", "", "", "", "", "")
	}
	for _, n := range []int64{int64(l.Answers), int64(l.NoAnswer), l.P50, l.P95, l.P99, l.Max} {
		row = append(row, strconv.FormatInt(n, 10))
	}
	return row
}

// formula begins what spreadsheets calculate; the wide forms in some countries.
const formula = "=+-@＝＋－＠"

// cell writes a name so that no spreadsheet takes it for a formula: an
// apostrophe stands before it, also where spaces do, which some leave out.
func cell(name string) string {
	name = clean.Text(name)
	if first := strings.TrimLeft(name, " "); strings.IndexAny(first, formula) == 0 {
		return "'" + name
	}
	return name
}
